/* The steps that join by a Welcome. */
#include "device/group/welcome.h"

#include "check/log_head.h"
#include "crypto/hash.h"
#include "device/accounts/blocks.h"
#include "device/accounts/pins.h"
#include "device/group/gather.h"
#include "device/group/join.h"
#include "device/group/packages.h"
#include "device/group/rejoin.h"
#include "device/group/signer.h"
#include "device/log.h"
#include "device/steps.h"
#include "device/todo.h"
#include "wire/log_view.h"
#include "wire/message.h"

#include <stdlib.h>
#include <string.h>

struct awaited {
	struct answer_welcome row; /* borrows what follows */
	char *welcome_id, *session;
	struct buf welcome;
	/* As the server gave them; the first is empty: it was not asked yet. */
	struct buf tree, places;
};

void welcome_forget(struct awaited *awaited)
{
	if (awaited == NULL)
		return;
	free(awaited->welcome_id);
	free(awaited->session);
	buf_clear(&awaited->welcome);
	buf_clear(&awaited->tree);
	buf_clear(&awaited->places);
	free(awaited);
}

static bool is_out(struct device *d)
{
	const struct session *session = d->open.session;

	return work_is(&d->work, ORDER_JOIN) && !rejoin_is_barred(d) &&
	       (session == NULL || (!session_member(session) &&
				    !membership_todo_is(&d->open, "join")));
}

static bool welcomes_due(struct device *d)
{
	return is_out(d) && !d->work.welcomes_read;
}

static enum err welcomes_ask(struct device *d, struct request *request)
{
	(void)d;
	request->kind = REQUEST_WELCOMES;
	return ERR_OK;
}

/* The session that a Welcome brings takes the place of what was known. */
static enum err replace(struct device *d, struct membership *next,
			const struct answer_welcome *row)
{
	json_t *todo = json_pack("{s:s, s:s}", "kind", "welcome", "welcome_id",
				 row->welcome_id);
	enum err e = ERR_OK;

	ENSURE(todo != NULL, ERR_LOCAL_MEMORY);
	if (d->open.session != NULL)
		membership_continue(next, &d->open);
	membership_set_todo(next, json_incref(todo));
	(void)json_object_set_new(next->notes, "welcomed", json_true());
	membership_clear(&d->open);
	d->open = *next;
	memset(next, 0, sizeof(*next));
	work_changed(d);
out:
	json_decref(todo);
	return e;
}

static enum err check_adder(struct device *d, const struct membership *next)
{
	const struct mls_group *group = session_group(next->session);
	uint32_t leaf = mls_group_adder(group);
	struct mls_member adder;

	if (d->work.order.declines || leaf == UINT32_MAX ||
	    !mls_group_next_member(group, &leaf, &adder) ||
	    adder.leaf_index != mls_group_adder(group))
		return ERR_OK;
	return blocks_check_adder(d, next->id, adder.identity);
}

/* Where its tree and places come from, if it has none inside: from the trail that has
 * come to its place, or from the server. */
struct source {
	const struct trail *trail; /* NULL: this device never was there */
	struct session_beside beside;
};

static enum err join_by(struct membership *next, const struct signer *signer,
			const struct package *package,
			const struct answer_welcome *row,
			struct session_beside beside, enum session_tree *wants)
{
	return session_join_welcome(
	    &signer->me, next->raw_id.bytes, row->welcome, beside,
	    buf_span(&package->key_package), &package->secrets, row->seq,
	    row->head, wants, &next->session);
}

static enum err join_with(struct membership *next, const struct signer *signer,
			  const struct package *package,
			  const struct answer_welcome *row,
			  const struct source *source, enum session_tree *wants)
{
	struct buf tree = BUF_INIT, places = BUF_INIT;
	enum err e = join_by(next, signer, package, row, source->beside, wants);

	if (*wants != SESSION_TREE_MISSING || source->trail == NULL)
		return e;
	TRY(trail_put_tree(source->trail, &tree));
	TRY(trail_put_places(source->trail, &places));
	TRY(join_by(
	    next, signer, package, row,
	    (struct session_beside){ buf_span(&tree), buf_span(&places) },
	    wants));
out:
	buf_clear(&tree);
	buf_clear(&places);
	return e;
}

/* A KeyPackage of before this device offered what it does now is good where that changes
 * nothing. Otherwise whoever gave it away may have chosen it for its list. */
static enum err check_offer(struct device *d, const struct membership *next,
			    const struct package *package)
{
	struct signer now = { 0 };
	enum err e;

	if (suites_equal(&package->offer, &d->offer))
		return ERR_OK;
	TRY(signer_init(&now, d, package->suite, &d->offer));
	signer_name(&now, package->identity);
	TRY(session_check_offer_now(next->session, &now.me));
out:
	signer_clear(&now);
	return e;
}

/* ERR_STATE_GONE when it is for a KeyPackage that we do not have. */
static enum err use(struct device *d, const struct answer_welcome *row,
		    const struct source *source, enum session_tree *wants)
{
	const struct trail *trail = source->trail;
	struct membership next = { 0 };
	struct package package = { 0 };
	struct signer signer = { 0 };
	const char *wrong;
	enum err e;

	*wants = SESSION_TREE_GOOD;
	ENSURE(row->seq > 0, ERR_PEER_FORK); /* no commit stands there */
	TRY(packages_find(d, row->welcome, &package));
	TRY(membership_new(&next, row->session, &package.offer));
	TRY(signer_init(&signer, d, package.suite, &package.offer));
	signer_name(&signer, package.identity);
	TRY(membership_set_self(&next, span_str(package.identity)));
	TRY(join_with(&next, &signer, &package, row, source, wants));
	TRY(check_offer(d, &next, &package));
	session_set_accounts(next.session, d->accounts);
	TRY(session_check_leaves(next.session, &wrong));
	TRY(check_adder(d, &next));
	if (trail != NULL) {
		ENSURE(trail_is_at(trail, next.session), ERR_PEER_FORK);
		TRY(session_set_departures(next.session,
					   trail_departures(trail)));
	}
	if (trail == NULL)
		membership_set_first(&next, row->seq);
	membership_set_gathering(&next, trail == NULL);
	membership_set_shared_leaf(&next, package.last_resort);
	TRY(packages_used(d, &package));
	TRY(replace(d, &next, row));
	TRY(pins_note_members(d));
out:
	membership_clear(&next);
	package_clear(&package);
	signer_clear(&signer);
	return e;
}

/* A Welcome to a place before the last one that is known was used already, or is
 * one that somebody had kept back. */
static bool is_old(const struct device *d, const struct answer_welcome *row)
{
	const struct membership *m = &d->open;

	return m->session != NULL &&
	       (row->seq <= session_seq(m->session) ||
		row->seq <= record_number_or_0(
				json_object_get(m->notes, "known"), "seq"));
}

static enum err keep(const struct answer_welcome *row, struct awaited **kept)
{
	struct awaited *awaited;
	enum err e = ERR_OK;

	awaited = calloc(1, sizeof(*awaited));
	ENSURE(awaited != NULL, ERR_LOCAL_MEMORY);
	awaited->welcome_id = strdup(row->welcome_id);
	awaited->session = strdup(row->session);
	ENSURE(awaited->welcome_id != NULL && awaited->session != NULL,
	       ERR_LOCAL_MEMORY);
	buf_put(&awaited->welcome, row->welcome);
	TRY(buf_end(&awaited->welcome));
	awaited->row = *row;
	awaited->row.welcome_id = awaited->welcome_id;
	awaited->row.session = awaited->session;
	awaited->row.welcome = buf_span(&awaited->welcome);
	welcome_forget(*kept);
	*kept = awaited;
	awaited = NULL;
out:
	welcome_forget(awaited);
	return e;
}

static enum err await(struct device *d, const struct answer_welcome *row)
{
	struct package package = { 0 };
	enum err e;

	TRY(packages_find(d, row->welcome, &package));
	TRY(keep(row, &d->work.awaited));
out:
	package_clear(&package);
	return e;
}

/* The one whose tree was asked for. */
static struct session_beside beside_of(const struct device *d,
				       const struct answer_welcome *row)
{
	const struct awaited *treeless = d->work.treeless;

	if (treeless == NULL ||
	    strcmp(treeless->welcome_id, row->welcome_id) != 0)
		return SESSION_WITHIN;
	return (struct session_beside){ buf_span(&treeless->tree),
					buf_span(&treeless->places) };
}

static enum err explain(struct device *d, enum err e, enum session_tree wants)
{
	const char *id = d->work.outcome.session;

	if (wants == SESSION_PLACES_WRONG)
		return why_set(
		    &d->work.why, e, "bad-places",
		    "The list of accounts that goes with the Welcome "
		    "to %s is not the one that was signed by who let "
		    "this device in. Not joined.",
		    id);
	if (wants != SESSION_TREE_WRONG)
		return join_explain(d, e, "The Welcome");
	return why_set(&d->work.why, e, "bad-tree",
		       "The list of members that the server gave of %s is not "
		       "the one that was signed by who let this device in. "
		       "Not joined.",
		       id);
}

/* By a Welcome alone. Where the tree is lacking, it is asked for next. */
static enum err come_in(struct device *d, const struct answer_welcome *row)
{
	const struct source source = { NULL, beside_of(d, row) };
	enum session_tree wants;
	enum err e = use(d, row, &source, &wants);

	if (wants == SESSION_TREE_MISSING)
		return keep(row, &d->work.treeless);
	return explain(d, e, wants);
}

/* What came of coming in. */
static enum err conclude(struct device *d, enum err e)
{
	if (e == ERR_STATE_ACCOUNTS) { /* then it is asked for again */
		d->work.welcomes_read = false;
		return log_want_accounts(d);
	}
	if (e != ERR_OK || d->work.treeless == NULL ||
	    d->work.treeless->tree.n > 0) {
		welcome_forget(d->work.treeless);
		d->work.treeless = NULL;
	}
	if (err_class(e) == ERR_CLASS_PEER) {
		d->work.halted = true;
		d->work.outcome.result = e;
		e = ERR_OK;
	}
	return e == ERR_STATE_GONE ? ERR_OK : e;
}

static enum err welcomes_take(struct device *d, const struct answer *answer)
{
	enum err e = ERR_STATE_GONE;

	d->work.welcomes_read = true;
	if (answer->result != ERR_OK) {
		work_halt_refused(d, answer);
		return ERR_OK;
	}
	if (rejoin_is_barred(d)) {
		rejoin_halt_forked(d);
		return ERR_OK;
	}
	for (size_t i = 0; i < answer->welcome_count; i++) {
		const struct answer_welcome *row = &answer->welcomes[i];

		if (strcmp(row->session, d->work.outcome.session) != 0 ||
		    is_old(d, row))
			continue;
		e = rejoin_was_there(d) ? await(d, row) : come_in(d, row);
		if (e != ERR_STATE_GONE)
			break;
	}
	return conclude(d, e);
}

/* By the one check of use() that the log's going on does not answer. */
static bool is_blocked(const struct device *d, enum err e)
{
	return e == ERR_PEER_DENIED && strcmp(d->work.why.slug, "blocked") == 0;
}

/* What is wrong with it is no reason to stop: where the log leads on without it, the
 * device comes in by a commit of its own. But it follows nobody who is blocked. */
enum err welcome_arrive(struct device *d, const struct trail *trail, bool *in)
{
	const struct source source = { trail, SESSION_WITHIN };
	struct awaited *awaited = d->work.awaited;
	enum session_tree wants;
	enum err e = ERR_OK;

	*in = false;
	if (awaited == NULL || trail_seq(trail) < awaited->row.seq)
		return ERR_OK;
	d->work.awaited = NULL;
	/* another process may have come in meanwhile, or be about to */
	if (!session_member(d->open.session) && !rejoin_is_staged(d) &&
	    trail_seq(trail) == awaited->row.seq &&
	    memcmp(trail_head(trail), awaited->row.head, CHAIN_HEAD) == 0) {
		e = use(d, &awaited->row, &source, &wants);
		*in = e == ERR_OK;
	}
	if (is_blocked(d, e)) {
		d->work.halted = true;
		d->work.outcome.result = e;
	}
	welcome_forget(awaited);
	return err_class(e) == ERR_CLASS_LOCAL ? e : ERR_OK;
}

const struct step welcome_step_use = {
	"welcomes", NULL, welcomes_due, NULL, welcomes_ask, welcomes_take
};

/* ---- a tree beside its Welcome ---- */

static bool tree_due(struct device *d)
{
	return is_out(d) && d->work.treeless != NULL &&
	       d->work.treeless->tree.n == 0;
}

static enum err tree_ask(struct device *d, struct request *request)
{
	request->kind = REQUEST_TREE;
	request->after = d->work.treeless->row.seq;
	return ERR_OK;
}

/* Whether it is the right one is seen where it is used: the Welcome's GroupInfo is
 * signed, and names the tree's hash. */
static enum err tree_take(struct device *d, const struct answer *answer)
{
	struct awaited *treeless = d->work.treeless;
	enum err e;

	if (work_is_passing(answer)) {
		work_halt_refused(d, answer);
		return ERR_OK;
	}
	if (answer->result != ERR_OK) { /* then the log may lead in */
		welcome_forget(treeless);
		d->work.treeless = NULL;
		return ERR_OK;
	}
	if (!is_out(d)) /* another process was faster */
		return ERR_OK;
	buf_put(&treeless->tree, answer->tree);
	TRY(buf_end(&treeless->tree));
	buf_put(&treeless->places, answer->places);
	TRY(buf_end(&treeless->places));
	e = treeless->tree.n > 0 ? come_in(d, &treeless->row)
				 : ERR_PEER_MALFORMED;
	return conclude(d, e);
out:
	return e;
}

const struct step welcome_step_tree = { "tree", NULL,	  tree_due,
					NULL,	tree_ask, tree_take };

/* ---- departures ----
 *
 * Whoever added this device may not have seen a departure that stood in the log
 * already. The others know it, and take a commit that removes that leaf. */

static bool departures_due(struct device *d)
{
	return d->open.session != NULL && session_member(d->open.session) &&
	       membership_is_gathering(&d->open);
}

static enum err departures_ask(struct device *d, struct request *request)
{
	gather_ask(request, d->work.gathered);
	return ERR_OK;
}

static enum err add_departure(struct device *d, struct span departure)
{
	return session_add_departure(d->open.session, departure);
}

static void spend_departures(struct device *d, struct span commit)
{
	session_spend_departures(d->open.session, commit);
}

static enum err departures_take(struct device *d, const struct answer *answer)
{
	struct gather gather = { 0, add_departure, spend_departures };
	bool done = false;
	enum err e = ERR_OK;

	if (answer->result != ERR_OK) {
		work_halt_refused(d, answer);
		return ERR_OK;
	}
	if (!departures_due(d)) /* another process was faster */
		return ERR_OK;
	gather.end = session_seq(d->open.session);
	e = gather_take(&gather, d, answer, &d->work.gathered, &done);
	if (err_class(e) == ERR_CLASS_PEER) {
		work_halt(d, e, "bad-log",
			  "The server's log of %s cannot be read: %s.",
			  d->open.id, err_text(e));
		return ERR_OK;
	}
	TRY(e);
	if (done)
		membership_set_gathering(&d->open, false);
	work_changed(d);
out:
	return e;
}

const struct step welcome_step_gather = { "departures",	  NULL,
					  departures_due, NULL,
					  departures_ask, departures_take };

/* ---- the server need not offer it any more ---- */

static bool take_welcome_due(struct device *d)
{
	return d->open.session != NULL &&
	       membership_todo_is(&d->open, "welcome");
}

static enum err take_welcome_ask(struct device *d, struct request *request)
{
	request->kind = REQUEST_TAKE_WELCOME;
	request->welcome_id =
	    record_string(membership_todo(&d->open), "welcome_id");
	return ERR_OK;
}

/* The session is ours whatever the server says to this. */
static enum err take_welcome_take(struct device *d, const struct answer *answer)
{
	if (work_is_passing(answer)) {
		work_halt_refused(d, answer);
		return ERR_OK;
	}
	membership_set_todo(&d->open, NULL);
	work_changed(d);
	return ERR_OK;
}

const struct step welcome_step_tell = { "take_welcome",	  NULL,
					take_welcome_due, NULL,
					take_welcome_ask, take_welcome_take };

/* ---- the place of a Welcome ---- */

/* The view that the adder signed stands right before its commit: then it vouches
 * for the whole log up to there. An older one says nothing about what came
 * between. */
static bool follows(const struct log_view *view,
		    const struct answer_entry *entry)
{
	uint8_t hash[32], head[LOG_HEAD];

	if (!view->given || view->seq + 1 != entry->seq)
		return true;
	return hash_one(entry->bytes, hash) == ERR_OK &&
	       log_head_next(view->head.p, entry->seq, entry->kind, hash,
			     head) == ERR_OK &&
	       span_equal(SPAN_ARRAY(head), SPAN_ARRAY(entry->head));
}

bool welcome_stands_there(const struct session *session,
			  const struct answer_entry *entry)
{
	struct wire_message message;
	const struct wire_public_message *commit = &message.public_message;
	struct log_view view;

	return entry->kind == CHAIN_COMMIT &&
	       wire_message_decode(entry->bytes, &message) == ERR_OK &&
	       message.format == WIRE_PUBLIC_MESSAGE &&
	       commit->content.type == WIRE_CONTENT_COMMIT &&
	       span_equal(commit->auth.confirmation_tag,
			  mls_group_confirmation_tag(session_group(session))) &&
	       log_view_read_commit(commit->content.authenticated_data,
				    &view) == ERR_OK &&
	       follows(&view, entry);
}
