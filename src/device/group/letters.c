#include "device/group/letters.h"

#include "check/letter.h"
#include "crypto/hash.h"
#include "device/accounts/accounts.h"
#include "device/accounts/blocks.h"
#include "device/accounts/met.h"
#include "device/accounts/names.h"
#include "device/accounts/own_log.h"
#include "device/group/invited.h"
#include "device/group/rejoin.h"
#include "device/steps.h"
#include "session/invited.h"

#include <stdlib.h>
#include <string.h>

struct letter_one {
	struct buf bytes;
	struct letter letter; /* borrowed from `bytes` */
	struct buf by; /* who it says that it is by, as leaves name users */
	bool meant;    /* it is of this session, and for this account */
	bool good;     /* and signed by a device of that account */
	bool differs;  /* the walk came by another place than it names */
};

struct letter_read {
	bool judged;
	struct letter_one list[LETTERS_MAX];
	size_t count;
};

void letters_free(struct letter_read *read)
{
	if (read == NULL)
		return;
	for (size_t i = 0; i < read->count; i++) {
		buf_clear(&read->list[i].bytes);
		buf_clear(&read->list[i].by);
	}
	free(read);
}

/* `user`: as leaves name it. */
static enum err call_user(struct device *d, struct span user,
			  char called[DEVICE_CALLED_SIZE])
{
	struct buf name = BUF_INIT;
	enum err e;

	TRY(names_put_user(d, user, &name));
	TRY(buf_end(&name));
	(void)snprintf(called, DEVICE_CALLED_SIZE, "%.*s", (int)name.n,
		       (const char *)name.p);
out:
	buf_clear(&name);
	return e;
}

/* ---- writing ---- */

/* INVITE: behind the commit; CREATE: for each of the users, behind the first one. */
static bool write_due(struct device *d)
{
	const struct work *work = &d->work;

	if (work->written || work->lettered >= work->order.user_count ||
	    !core_is_settled(d) || membership_todo(&d->open) != NULL)
		return false;
	return work_is(work, ORDER_INVITE)
		   ? work->planned && !work->named
		   : work_is(work, ORDER_CREATE) && invited_is_kept(d);
}

/* Of the place up to which the log is verified. */
static enum err put_letter(struct device *d, struct span user,
			   const struct own_log *own,
			   const struct account_keys *keys, uint64_t device)
{
	const struct session *session = d->open.session;
	struct span context = mls_group_context(session_group(session));
	uint8_t hash[LETTER_HASH];
	const struct letter letter = {
		.session_id = SPAN_ARRAY(d->open.raw_id.bytes),
		.seq = session_seq(session),
		.head = span_of(session_head(session), LETTER_HASH),
		.context = SPAN_ARRAY(hash),
		.by = account_log_fingerprint(own->known->log),
		.device = device,
		.user = user,
	};
	enum err e;

	TRY(hash_one(context, hash));
	buf_reset(&d->work.bytes);
	TRY(account_sign_letter(keys, &letter, &d->work.bytes));
out:
	return e;
}

static enum err sign(struct device *d, struct span user)
{
	struct account_keys keys = { .count = 0 };
	struct own_log *own = NULL;
	struct buf raw = BUF_INIT;
	uint64_t device;
	enum err e;

	TRY(text_hex(&raw, user));
	TRY(buf_end(&raw));
	TRY(own_log_load(d, &own));
	TRY(own_log_me(d, own, &keys, &device));
	ENSURE(device != 0, ERR_STATE_GONE);
	TRY(put_letter(d, buf_span(&raw), own, &keys, device));
out:
	account_keys_clear(&keys);
	own_log_free(own);
	buf_clear(&raw);
	return e;
}

/* Another one's invitation is that person's to send; who invites is told so. */
static enum err tell_inviter(struct device *d, struct span by)
{
	enum err e = ERR_OK;

	if (by.n > 0 && work_is(&d->work, ORDER_INVITE))
		TRY(call_user(d, by, d->work.outcome.inviter));
out:
	return e;
}

/* Who was added, whom another member has invited, and whose invitation did not come to be,
 * gets none. */
static enum err write_letter(struct device *d)
{
	struct work *work = &d->work;
	const char *name = work->order.users[work->lettered];
	struct buf user = BUF_INIT;
	struct span by = SPAN_EMPTY;
	enum err e = ERR_OK;

	if (strcmp(name, d->username) != 0)
		TRY(invited_user(d, name, &user));
	if (user.n > 0)
		by = invited_by(d, span_str((const char *)user.p));
	work->written = span_equal(by, roles_user(span_str(core_self(d))));
	if (work->written)
		TRY(sign(d, span_str((const char *)user.p)));
	else
		TRY(tell_inviter(d, by));
	work->lettered += !work->written;
	work->named |= !work->written;
out:
	buf_clear(&user);
	return e;
}

const struct step letters_step_write = { "letter",     NULL, write_due,
					 write_letter, NULL, NULL };

/* ---- asking ---- */

/* Who was in a session knows it by what this device has of it. */
static bool ask_due(struct device *d)
{
	const struct work *work = &d->work;

	return work->letter == NULL &&
	       (work_is(work, ORDER_LETTER) ||
		(work_is(work, ORDER_JOIN) && d->open.session == NULL &&
		 work->welcomes_read && work->rejoin == NULL));
}

static enum err ask(struct device *d, struct request *request)
{
	(void)d;
	request->kind = REQUEST_LETTER;
	return ERR_OK;
}

/* Bytes that are no letter are passed over. The log of each account that a letter names
 * is read. */
static enum err add_letter(struct device *d, struct span bytes)
{
	struct letter_one *one = &d->work.letter->list[d->work.letter->count];
	struct letter letter;
	bool news;
	enum err e = ERR_OK;

	if (letter_decode(bytes, &letter) != ERR_OK)
		return ERR_OK;
	d->work.letter->count++;
	buf_put(&one->bytes, bytes);
	TRY(buf_end(&one->bytes));
	TRY(letter_decode(buf_span(&one->bytes), &one->letter));
	text_put_hex(&one->by, one->letter.by);
	TRY(buf_end(&one->by));
	TRY(accounts_want_account(d, one->letter.by, &news));
out:
	return e;
}

static enum err take(struct device *d, const struct answer *answer)
{
	enum err e = ERR_OK;

	if (answer->result != ERR_OK && answer->result != ERR_STATE_GONE) {
		work_halt_refused(d, answer);
		return ERR_OK;
	}
	d->work.letter = calloc(1, sizeof(*d->work.letter));
	ENSURE(d->work.letter != NULL, ERR_LOCAL_MEMORY);
	work_news(d);
	ENSURE(answer->letter_count <= LETTERS_MAX, ERR_PEER_TOO_LARGE);
	for (size_t i = 0; i < answer->letter_count; i++)
		TRY(add_letter(d, answer->letters[i]));
out:
	return e;
}

const struct step letters_step_ask = {
	"ask for letters", NULL, ask_due, NULL, ask, take
};

/* ---- judging ---- */

static bool judge_due(struct device *d)
{
	return d->work.letter != NULL && !d->work.letter->judged;
}

/* It is of this session, and for this account. */
static enum err is_meant(struct device *d, const struct letter *letter,
			 bool *meant)
{
	uint8_t own[ACCOUNT_HASH];
	struct uuid session;
	const char *identity;
	uint64_t device;
	enum err e;

	TRY(accounts_own(d, &identity));
	TRY(uuid_parse(&session, span_str(d->work.outcome.session)));
	*meant = places_read_leaf(span_str(identity), own, &device) &&
		 span_equal(letter->session_id, SPAN_ARRAY(session.bytes)) &&
		 span_equal(letter->user, SPAN_ARRAY(own));
out:
	return e;
}

static enum err judge_letter(struct device *d, struct letter_one *one)
{
	struct met *met = NULL;
	enum err e;

	TRY(is_meant(d, &one->letter, &one->meant));
	if (!one->meant)
		goto out;
	e = met_load(d, one->letter.by, &met);
	if (e == ERR_OK)
		e = check_letter(&one->letter, met->known->log);
	one->good = e == ERR_OK;
	if (e == ERR_STATE_GONE || err_class(e) == ERR_CLASS_PEER)
		e = ERR_OK;
out:
	met_free(met);
	return e;
}

/* `user`: as leaves name it. */
static enum err is_blocked(struct device *d, struct span user, bool *blocked)
{
	struct buf leaf = BUF_INIT;
	enum err e;

	buf_put(&leaf, user);
	buf_put_str(&leaf, "/1");
	TRY(buf_end(&leaf));
	TRY(blocks_member(d, buf_span(&leaf), NULL, blocked));
out:
	buf_clear(&leaf);
	return e;
}

/* Whom it is by, for the person. Those of who is blocked are passed over. */
static enum err tell(struct device *d, const struct letter_one *one)
{
	struct outcome_letter *told =
	    &d->work.outcome.letters[d->work.outcome.letter_count];
	struct met *met = NULL;
	bool blocked;
	enum err e;

	TRY(is_blocked(d, buf_span(&one->by), &blocked));
	if (blocked)
		goto out;
	TRY(met_load(d, one->letter.by, &met));
	told->trust = met_trust_text(met_trust(met));
	TRY(call_user(d, buf_span(&one->by), told->by));
	d->work.outcome.letter_count++;
out:
	met_free(met);
	return e;
}

/* A server may give several of one account: they are one person's word. */
static bool is_told(const struct letter_read *read, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (read->list[i].good &&
		    span_equal(buf_span(&read->list[i].by),
			       buf_span(&read->list[at].by)))
			return true;
	return false;
}

static enum err judge(struct device *d)
{
	struct letter_read *read = d->work.letter;
	enum err e = ERR_OK;

	read->judged = true;
	for (size_t i = 0; i < read->count; i++) {
		TRY(judge_letter(d, &read->list[i]));
		if (read->list[i].good && !is_told(read, i))
			TRY(tell(d, &read->list[i]));
	}
out:
	return e;
}

const struct step letters_step_judge = { "judge letters", NULL, judge_due,
					 judge,		  NULL, NULL };

/* ---- the walk ---- */

enum err letters_note_place(const struct device *d, const struct trail *trail)
{
	struct letter_read *read = d->work.letter;
	uint8_t hash[LETTER_HASH];
	enum err e = ERR_OK;

	for (size_t i = 0; read != NULL && i < read->count; i++) {
		struct letter_one *one = &read->list[i];

		if (!one->good || trail_seq(trail) != one->letter.seq)
			continue;
		TRY(hash_one(trail_context(trail), hash));
		one->differs |=
		    !span_equal(SPAN_ARRAY(hash), one->letter.context) ||
		    !span_equal(span_of(trail_head(trail), LETTER_HASH),
				one->letter.head);
	}
out:
	return e;
}

/* The letters, as seen from the member who has made the entry. */
struct inviter {
	char name[DEVICE_CALLED_SIZE];
	bool good,
	    differs;  /* a good letter, by whose place the walk did not come */
	bool strange; /* one that is of another session, or for another */
	bool unsigned_one; /* one that no device of theirs has signed */
	bool others;	   /* a good one, by another member */
};

static void look(const struct device *d, struct span by,
		 struct inviter *inviter)
{
	const struct letter_read *read = d->work.letter;
	uint64_t end = trail_seq(d->work.rejoin->trail);

	for (size_t i = 0; read != NULL && i < read->count; i++) {
		const struct letter_one *one = &read->list[i];

		if (!span_equal(buf_span(&one->by), by)) {
			inviter->others |= one->good;
			continue;
		}
		inviter->good |= one->good;
		inviter->differs |=
		    one->good && (one->differs || end < one->letter.seq);
		inviter->strange |= !one->meant;
		inviter->unsigned_one |= one->meant && !one->good;
	}
}

static void halt_elsewhere(struct device *d, const char *by)
{
	const char *session = d->work.outcome.session;

	work_halt_about(
	    d, span_str(by), ERR_PEER_FORK, "letter-differs",
	    "The letter of %s, who invites you into %s, names another history "
	    "than the one that the server shows. Either %s has signed what is "
	    "not so, or the server shows you something else. It was not "
	    "joined: ask %s in another way.",
	    by, session, by, by);
}

static void halt_bad(struct device *d, const struct inviter *inviter)
{
	const char *session = d->work.outcome.session;

	work_halt_about(
	    d, span_str(inviter->name), ERR_PEER_DENIED, "bad-letter",
	    "The letter that the server shows of %s, who invites you into %s, "
	    "%s. It was not joined. %s can send a letter again.",
	    inviter->name, session,
	    inviter->unsigned_one
		? "was signed by no device of that account"
		: "is of another session, or for somebody else",
	    inviter->name);
}

static void halt_without(struct device *d, const struct inviter *inviter)
{
	const char *session = d->work.outcome.session;

	work_halt_about(
	    d, span_str(inviter->name), ERR_PEER_DENIED, "no-letter",
	    "The server shows no letter of %s, who invites you into %s.%s It "
	    "was not joined. %s can send a letter again.",
	    inviter->name, session,
	    inviter->others ? " Other members have signed letters, but the "
			      "entry in the group is not theirs."
			    : "",
	    inviter->name);
}

static void halt_blocked(struct device *d, const char *by)
{
	work_halt_about(d, span_str(by), ERR_PEER_DENIED, "blocked",
			"%s, whom you have blocked, invites you into %s. It "
			"was not joined.",
			by, d->work.outcome.session);
}

enum err letters_bar(struct device *d, struct span group_info,
		     const char *identity, bool *out)
{
	struct inviter inviter = { .good = false };
	struct invitation one;
	bool invited, blocked;
	enum err e;

	*out = false;
	TRY(session_info_invitation(group_info, roles_user(span_str(identity)),
				    &one, &invited));
	if (!invited)
		return ERR_OK; /* anybody may come in */
	TRY(call_user(d, one.by, inviter.name));
	TRY(is_blocked(d, one.by, &blocked));
	look(d, one.by, &inviter);
	*out = blocked || !inviter.good || inviter.differs;
	if (blocked)
		halt_blocked(d, inviter.name);
	else if (inviter.differs)
		halt_elsewhere(d, inviter.name);
	else if (*out && (inviter.unsigned_one || inviter.strange))
		halt_bad(d, &inviter);
	else if (*out)
		halt_without(d, &inviter);
out:
	return e;
}
