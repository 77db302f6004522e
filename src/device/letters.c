#include "device/letters.h"

#include "check/letter.h"
#include "crypto/hash.h"
#include "device/accounts.h"
#include "device/blocks.h"
#include "device/invited.h"
#include "device/met.h"
#include "device/names.h"
#include "device/own_log.h"
#include "device/rejoin.h"
#include "device/steps.h"
#include "session/invited.h"

#include <stdlib.h>
#include <string.h>

struct letter_read {
	bool judged, good;
	bool differs; /* the walk came by another place than the letter names */
	struct buf bytes;     /* empty: there is none */
	struct letter letter; /* good ones only: borrowed from `bytes` */
};

void letters_free(struct letter_read *letter)
{
	if (letter == NULL)
		return;
	buf_clear(&letter->bytes);
	free(letter);
}

static const struct letter *good_letter(const struct device *d)
{
	const struct letter_read *read = d->work.letter;

	return read != NULL && read->good ? &read->letter : NULL;
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
		.session_id = SPAN_ARRAY(d->open.raw_id),
		.seq = session_seq(session),
		.head = span_of(session_head(session), LETTER_HASH),
		.context = SPAN_ARRAY(hash),
		.by = account_log_fingerprint(own->known->log),
		.device = device,
		.user = user,
	};
	enum err e;

	TRY(hash_sha256(&context, 1, hash));
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

/* Who was added, whom another member has invited, and whose invitation did not come to be,
 * gets none. */
static enum err write_letter(struct device *d)
{
	struct work *work = &d->work;
	const char *name = work->order.users[work->lettered];
	struct buf user = BUF_INIT;
	enum err e = ERR_OK;

	if (strcmp(name, d->username) != 0)
		TRY(invited_user(d, name, &user));
	work->written =
	    user.n > 0 && invited_is_own(d, span_str((const char *)user.p));
	if (work->written)
		TRY(sign(d, span_str((const char *)user.p)));
	else
		work->lettered++;
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

static enum err take(struct device *d, const struct answer *answer)
{
	struct letter_read *read;
	struct letter letter;
	struct buf by = BUF_INIT;
	bool news;
	enum err e = ERR_OK;

	if (answer->result != ERR_OK && answer->result != ERR_STATE_GONE) {
		work_halt_refused(d, answer);
		return ERR_OK;
	}
	read = calloc(1, sizeof(*read));
	ENSURE(read != NULL, ERR_LOCAL_MEMORY);
	d->work.letter = read;
	work_news(d);
	if (answer->result != ERR_OK ||
	    letter_decode(answer->letter, &letter) != ERR_OK)
		return ERR_OK;
	buf_put(&read->bytes, answer->letter);
	TRY(buf_end(&read->bytes));
	text_put_hex(&by, letter.by);
	buf_put_u8(&by, 0);
	TRY(buf_end(&by));
	TRY(accounts_want(d, (const char *)by.p, &news));
out:
	buf_clear(&by);
	return e;
}

const struct step letters_step_ask = {
	"ask for a letter", NULL, ask_due, NULL, ask, take
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
	uint8_t session[LETTER_SESSION_ID], own[ACCOUNT_HASH];
	const char *identity;
	uint64_t device;
	enum err e;

	TRY(accounts_own(d, &identity));
	TRY(text_parse_uuid(session, span_str(d->work.outcome.session)));
	*meant = places_read_leaf(span_str(identity), own, &device) &&
		 span_equal(letter->session_id, SPAN_ARRAY(session)) &&
		 span_equal(letter->user, SPAN_ARRAY(own));
out:
	return e;
}

static enum err judge_letter(struct device *d, struct letter_read *read)
{
	struct met *met = NULL;
	bool meant;
	enum err e;

	TRY(letter_decode(buf_span(&read->bytes), &read->letter));
	TRY(is_meant(d, &read->letter, &meant));
	if (!meant)
		goto out;
	e = met_load(d, read->letter.by, &met);
	if (e == ERR_OK)
		e = check_letter(&read->letter, met->known->log);
	read->good = e == ERR_OK;
	if (e == ERR_STATE_GONE || err_class(e) == ERR_CLASS_PEER)
		e = ERR_OK;
out:
	met_free(met);
	return e;
}

/* Whom it is by, for the person; nobody follows a letter of who is blocked. */
static enum err tell(struct device *d, const struct letter *letter)
{
	struct outcome_letter *told = &d->work.outcome.letter;
	struct buf user = BUF_INIT, name = BUF_INIT;
	struct met *met = NULL;
	bool blocked;
	enum err e;

	text_put_hex(&user, letter->by);
	TRY(buf_end(&user));
	TRY(names_put_user(d, buf_span(&user), &name));
	TRY(buf_end(&name));
	TRY(met_load(d, letter->by, &met));
	told->good = true;
	told->trust = met_trust_text(met_trust(met));
	(void)snprintf(told->by, sizeof(told->by), "%.*s", (int)name.n,
		       (const char *)name.p);
	buf_put_str(&user, "/1");
	TRY(buf_end(&user));
	TRY(blocks_member(d, buf_span(&user), NULL, &blocked));
	if (blocked && work_is(&d->work, ORDER_JOIN))
		work_halt(d, ERR_PEER_DENIED, "blocked",
			  "%s, whom you have blocked, invites you into %s. It "
			  "was not joined. To join it: hermetic unblock %s",
			  told->by, d->work.outcome.session, told->by);
out:
	met_free(met);
	buf_clear(&user);
	buf_clear(&name);
	return e;
}

static enum err judge(struct device *d)
{
	struct letter_read *read = d->work.letter;
	enum err e = ERR_OK;

	read->judged = true;
	if (read->bytes.n > 0)
		TRY(judge_letter(d, read));
	if (read->good)
		TRY(tell(d, &read->letter));
out:
	return e;
}

const struct step letters_step_judge = {
	"judge a letter", NULL, judge_due, judge, NULL, NULL
};

/* ---- the walk ---- */

enum err letters_note_place(const struct device *d, const struct trail *trail)
{
	const struct letter *letter = good_letter(d);
	struct span context;
	uint8_t hash[LETTER_HASH];
	enum err e = ERR_OK;

	if (letter == NULL || trail_seq(trail) != letter->seq)
		return ERR_OK;
	context = trail_context(trail);
	TRY(hash_sha256(&context, 1, hash));
	d->work.letter->differs =
	    !span_equal(SPAN_ARRAY(hash), letter->context) ||
	    !span_equal(span_of(trail_head(trail), LETTER_HASH), letter->head);
out:
	return e;
}

static enum err is_of_inviter(const struct letter *letter,
			      const struct invitation *one, bool *is)
{
	struct buf user = BUF_INIT;
	enum err e;

	text_put_hex(&user, letter->by);
	TRY(buf_end(&user));
	*is = span_equal(buf_span(&user), one->by);
out:
	buf_clear(&user);
	return e;
}

/* The inviter's letter names a place by which the walk did not come. */
static bool is_elsewhere(const struct device *d, const struct letter *letter)
{
	return d->work.letter->differs ||
	       trail_seq(d->work.rejoin->trail) < letter->seq;
}

static void halt_elsewhere(struct device *d)
{
	const char *by = d->work.outcome.letter.by;
	const char *session = d->work.outcome.session;

	work_halt(d, ERR_PEER_FORK, "letter-differs",
		  "The letter of %s, who invites you into %s, names another "
		  "history than the one that the server shows. Either %s has "
		  "signed what is not so, or the server shows you something "
		  "else. It was not joined: ask %s in another way. To come in "
		  "all the same: hermetic resolve %s --yes",
		  by, session, by, by, session);
}

enum err letters_bar(struct device *d, struct span group_info,
		     const char *identity, bool *out)
{
	const struct letter *letter = good_letter(d);
	struct invitation one;
	bool invited, is = false;
	enum err e;

	*out = false;
	TRY(session_info_invitation(group_info, roles_user(span_str(identity)),
				    &one, &invited));
	if (!invited)
		return ERR_OK; /* anybody may come in */
	if (letter != NULL)
		TRY(is_of_inviter(letter, &one, &is));
	*out = !is || is_elsewhere(d, letter);
	if (is && *out)
		halt_elsewhere(d);
	else if (*out)
		work_halt(d, ERR_PEER_DENIED, "no-letter",
			  "The server shows no letter of who invites you into "
			  "%s that this person has signed. Whoever does can "
			  "send it again, with hermetic invite. To come in "
			  "without one: hermetic resolve %s --yes",
			  d->work.outcome.session, d->work.outcome.session);
out:
	return e;
}
