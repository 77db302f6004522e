#include "client/postbox.h"

#include "base/clock.h"
#include "client/actor.h"
#include "client/sync.h"
#include "client/tokens.h"

#include <stdio.h>
#include <string.h>

/* Rounds of sealing again before giving up for now. */
#define ROUNDS_MAX 30

/* One that waits, copied out of the page. */
struct letter {
	uint8_t nonce[SESSION_NONCE];
	uint64_t kept; /* the log is known up to here */
	struct buf envelope;
};

/* What became of a letter. */
enum fate { FATE_SENT, FATE_LATE, FATE_OVERDUE, FATE_BEHIND };

/* ---- sealing ---- */

/* Loads page and actor for one session. */
static enum err open_page(struct client *c, const char *id, struct page *page,
			  struct actor *actor)
{
	struct account_suites offer;
	enum err e;

	TRY(state_begin(c->state));
	TRY(book_load(c, id, page));
	TRY(page_offer(page, &offer));
	TRY(actor_init(actor, c, session_suite(page->session), &offer));
out:
	return e;
}

static enum err save_page(struct client *c, struct page *page)
{
	enum err e;

	TRY(book_save(c, page));
	TRY(state_commit(c->state));
out:
	return e;
}

static void close_page(struct client *c, struct page *page, struct actor *actor)
{
	state_rollback(c->state);
	page_clear(page);
	actor_clear(actor);
}

static enum err explain(struct client *c, enum err e)
{
	if (e == ERR_STATE_GONE)
		return why_set(&c->why, e, "not-a-member",
			       "You are not a member of this session (any "
			       "more).");
	if (e == ERR_PEER_FORK)
		return why_set(&c->why, e, "history-differs",
			       "Members have seen different histories of this "
			       "session: the server is not to be trusted with "
			       "it. Nothing more is sent.");
	if (e == ERR_PEER_TOO_LARGE)
		return why_set(&c->why, e, "too-large",
			       "The message is too long: at most %d bytes.",
			       SESSION_DATA_MAX - 1);
	return e;
}

enum err postbox_add(struct client *c, const char *id, struct span data)
{
	struct buf envelope = BUF_INIT;
	struct actor actor = { 0 };
	struct page page = { 0 };
	enum err e;

	TRY(open_page(c, id, &page, &actor));
	e = session_send(page.session, &actor.me, clock_now_ms(), data,
			 &envelope, NULL);
	if (e != ERR_OK)
		e = explain(c, e);
	TRY(e);
	TRY(save_page(c, &page));
out:
	close_page(c, &page, &actor);
	buf_clear(&envelope);
	return e;
}

/* The place of a nonce in the outbox, or SIZE_MAX: it may have moved. */
static size_t find_nonce(const struct session *session, const uint8_t *nonce)
{
	struct session_sent sent;

	for (size_t i = 0; session_outbox(session, i, &sent); i++)
		if (span_equal(sent.nonce, span_of(nonce, SESSION_NONCE)))
			return i;
	return SIZE_MAX;
}

/* *fate becomes FATE_BEHIND when that would not help. */
static enum err reseal(struct client *c, const char *id,
		       const struct letter *letter, enum fate *fate)
{
	struct buf envelope = BUF_INIT;
	struct actor actor = { 0 };
	struct page page = { 0 };
	uint8_t nonce[SESSION_NONCE];
	size_t at;
	enum err e;

	TRY(open_page(c, id, &page, &actor));
	if (page_behind(&page) != PAGE_BEHIND_NO)
		*fate = FATE_BEHIND;
	at = find_nonce(page.session, letter->nonce);
	if (at == SIZE_MAX || *fate == FATE_BEHIND)
		goto out; /* SIZE_MAX: the log had it after all */
	e = session_reseal(page.session, &actor.me, clock_now_ms(), at,
			   &envelope, nonce);
	if (e != ERR_OK)
		e = explain(c, e);
	TRY(e);
	TRY(save_page(c, &page));
out:
	close_page(c, &page, &actor);
	buf_clear(&envelope);
	return e;
}

static enum err give_up(struct client *c, const char *id,
			const struct letter *letter)
{
	struct page page = { 0 };
	size_t at;
	enum err e;

	TRY(state_begin(c->state));
	TRY(book_load(c, id, &page));
	at = find_nonce(page.session, letter->nonce);
	if (at == SIZE_MAX)
		goto out;
	session_unsend(page.session, at);
	TRY(save_page(c, &page));
out:
	state_rollback(c->state);
	page_clear(&page);
	return e;
}

/* It is in the log at a place that we are past: what we keep of it is what we
 * know ourselves. */
static enum err keep(struct client *c, const char *id,
		     const struct letter *letter, uint64_t seq)
{
	struct session_sent sent;
	struct page page = { 0 };
	size_t at;
	enum err e;

	TRY(state_begin(c->state));
	TRY(book_load(c, id, &page));
	at = find_nonce(page.session, letter->nonce);
	if (!session_outbox(page.session, at, &sent))
		goto out;
	TRY(sync_keep_own(c, &page, &sent, seq));
	session_unsend(page.session, at);
	TRY(save_page(c, &page));
out:
	state_rollback(c->state);
	page_clear(&page);
	return e;
}

/* ---- posting ---- */

void postbox_read_answer(const json_t *body, struct postbox_answer *answer)
{
	if (record_number(body, "seq", &answer->seq) != ERR_OK)
		answer->seq = 0;
	answer->rotation_due =
	    json_is_true(json_object_get(body, "rotation_due"));
}

static enum err post_by_rest(void *context, struct client *c, const char *id,
			     struct span envelope,
			     struct postbox_answer *answer)
{
	struct api_answer got = { 0 };
	json_t *body = json_object();
	char path[128];
	enum err e;

	(void)context;
	(void)snprintf(path, sizeof(path), "/session/%s/send", id);
	e = record_set_bytes(body, "envelope", envelope);
	if (e == ERR_OK)
		e = tokens_call(c, "POST", path, json_incref(body), &got);
	(void)snprintf(answer->slug, sizeof(answer->slug), "%s", got.slug);
	postbox_read_answer(got.body, answer);
	json_decref(body);
	api_answer_clear(&got);
	return e;
}

static const struct postbox_courier BY_REST = { post_by_rest, NULL };

static enum fate judge(enum err e, const char *slug)
{
	if (e == ERR_STATE_EPOCH || strcmp(slug, "nonce-expired") == 0 ||
	    strcmp(slug, "view-differs") == 0)
		return FATE_LATE;
	return strcmp(slug, "rotation-required") == 0 ? FATE_OVERDUE
						      : FATE_SENT;
}

/* Posts one; what will fare no better later is given up. */
static enum err post(struct client *c, const char *id,
		     const struct postbox_courier *courier,
		     const struct letter *letter, enum fate *fate, bool *due)
{
	struct postbox_answer answer = { "", 0, false };
	enum err e, given_up;

	e = courier->post(courier->context, c, id, buf_span(&letter->envelope),
			  &answer);
	*fate = judge(e, answer.slug);
	*due = *due || answer.rotation_due;
	if (*fate != FATE_SENT) {
		why_clear(&c->why);
		return ERR_OK;
	}
	if (e == ERR_OK) {
		/* in the log before we joined again: it will not come */
		if (answer.seq > 0 && answer.seq <= letter->kept)
			return keep(c, id, letter, answer.seq);
		return ERR_OK;
	}
	if (why_is_passing(e, answer.slug) || answer.slug[0] == '\0')
		return e;
	given_up = give_up(c, id, letter);
	return given_up != ERR_OK ? given_up : e;
}

/* The first in the outbox from `index` on; *found is false past its end. */
static enum err peek(struct client *c, const char *id, size_t index,
		     struct letter *letter, bool *found)
{
	struct session_sent sent;
	struct page page = { 0 };
	enum err e;

	*found = false;
	TRY(state_begin(c->state));
	TRY(book_load(c, id, &page));
	*found = session_outbox(page.session, index, &sent);
	if (!*found)
		goto out;
	ENSURE(sent.nonce.n == SESSION_NONCE, ERR_LOCAL_BUG);
	memcpy(letter->nonce, sent.nonce.p, SESSION_NONCE);
	letter->kept = session_seq(page.session);
	buf_put(&letter->envelope, sent.envelope);
	TRY(buf_end(&letter->envelope));
out:
	state_rollback(c->state);
	page_clear(&page);
	return e;
}

/* Posts each once. An outdated one is posted as it is first: the server knows
 * its nonce if it took it before a crash, and refuses it otherwise. */
static enum err post_all(struct client *c, const char *id,
			 const struct postbox_courier *courier, bool *any,
			 enum fate *fate, bool *due)
{
	enum err e = ERR_OK;

	*any = false;
	*fate = FATE_SENT;
	for (size_t i = 0; *fate == FATE_SENT; i++) {
		struct letter letter = { 0 };
		bool found = false;

		e = peek(c, id, i, &letter, &found);
		if (e == ERR_OK && found)
			e = post(c, id, courier, &letter, fate, due);
		if (e == ERR_OK && *fate == FATE_LATE) {
			/* what the log does not have by now, it never will */
			e = sync_session(c, id);
			if (e == ERR_OK)
				e = reseal(c, id, &letter, fate);
		}
		buf_clear(&letter.envelope);
		if (e != ERR_OK || !found)
			break;
		*any = true;
	}
	return e;
}

enum err postbox_flush(struct client *c, const char *id,
		       const struct postbox_courier *courier,
		       enum postbox_end *end)
{
	enum fate fate = FATE_LATE;
	bool any = false, due = false;
	enum err e = ERR_OK;

	for (unsigned round = 0; fate == FATE_LATE && round < ROUNDS_MAX;
	     round++)
		TRY(post_all(c, id, courier != NULL ? courier : &BY_REST, &any,
			     &fate, &due));
	if (fate == FATE_LATE)
		e = why_set(&c->why, ERR_STATE_EPOCH, "overtaken",
			    "The session's keys keep changing: the message is "
			    "kept and sent with the next command.");
	TRY(e);
	if (any)
		TRY(sync_session(c, id));
	*end = due ? POSTBOX_DUE : POSTBOX_EMPTY;
	if (fate == FATE_OVERDUE)
		*end = POSTBOX_OVERDUE;
	else if (fate == FATE_BEHIND)
		*end = POSTBOX_BEHIND;
out:
	return e;
}
