#include "client/postbox.h"

#include "client/actor.h"
#include "client/sync.h"
#include "client/tokens.h"

#include <stdio.h>
#include <string.h>

/* Rounds of sealing again before giving up for now. */
#define ROUNDS_MAX 10

/* One that waits, copied out of the page. */
struct letter {
	uint8_t nonce[SESSION_NONCE];
	bool outdated; /* of a past epoch */
	struct buf envelope;
};

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
	e = session_send(page.session, &actor.me, account_now_ms(), data,
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

static enum err reseal(struct client *c, const char *id,
		       const struct letter *letter)
{
	struct buf envelope = BUF_INIT;
	struct actor actor = { 0 };
	struct page page = { 0 };
	uint8_t nonce[SESSION_NONCE];
	size_t at;
	enum err e;

	TRY(open_page(c, id, &page, &actor));
	at = find_nonce(page.session, letter->nonce);
	if (at == SIZE_MAX)
		goto out; /* the log had it after all */
	e = session_reseal(page.session, &actor.me, account_now_ms(), at,
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

/* ---- posting ---- */

static enum err post_by_rest(void *context, struct client *c, const char *id,
			     struct span envelope, char slug[48])
{
	struct api_answer answer = { 0 };
	json_t *body = json_object();
	char path[128];
	enum err e;

	(void)context;
	(void)snprintf(path, sizeof(path), "/session/%s/send", id);
	e = record_set_bytes(body, "envelope", envelope);
	if (e == ERR_OK)
		e = tokens_call(c, "POST", path, json_incref(body), &answer);
	(void)snprintf(slug, 48, "%s", answer.slug);
	json_decref(body);
	api_answer_clear(&answer);
	return e;
}

static const struct postbox_courier BY_REST = { post_by_rest, NULL };

static bool is_passing(enum err e, const char *slug)
{
	return e == ERR_LOCAL_IO || e == ERR_LOCAL_BUSY ||
	       e == ERR_LOCAL_MEMORY || strcmp(slug, "internal") == 0 ||
	       strcmp(slug, "unauthorized") == 0 ||
	       strcmp(slug, "logged-out") == 0;
}

/* Posts one. *again: it came too late and must be sealed again. */
static enum err post(struct client *c, const char *id,
		     const struct postbox_courier *courier,
		     const struct letter *letter, bool *again)
{
	char slug[48] = "";
	enum err e, given_up;

	e = courier->post(courier->context, c, id, buf_span(&letter->envelope),
			  slug);
	*again = e == ERR_STATE_EPOCH || strcmp(slug, "nonce-expired") == 0;
	if (e == ERR_OK)
		return ERR_OK;
	if (*again) {
		why_clear(&c->why);
		return ERR_OK;
	}
	if (is_passing(e, slug) || slug[0] == '\0')
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
	letter->outdated = sent.epoch != session_epoch(page.session);
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
			 bool *late)
{
	enum err e = ERR_OK;

	*any = *late = false;
	for (size_t i = 0; !*late; i++) {
		struct letter letter = { 0 };
		bool found = false;

		e = peek(c, id, i, &letter, &found);
		if (e == ERR_OK && found)
			e = post(c, id, courier, &letter, late);
		if (e == ERR_OK && *late) {
			/* what the log does not have by now, it never will */
			e = sync_session(c, id);
			if (e == ERR_OK)
				e = reseal(c, id, &letter);
		}
		buf_clear(&letter.envelope);
		if (e != ERR_OK || !found)
			break;
		*any = true;
	}
	return e;
}

enum err postbox_flush(struct client *c, const char *id,
		       const struct postbox_courier *courier)
{
	bool any = false, late = true;
	enum err e = ERR_OK;

	for (unsigned round = 0; late && round < ROUNDS_MAX; round++)
		TRY(post_all(c, id, courier != NULL ? courier : &BY_REST, &any,
			     &late));
	if (late)
		e = why_set(&c->why, ERR_STATE_EPOCH, "overtaken",
			    "The session's keys keep changing: the message is "
			    "kept and sent with the next command.");
	TRY(e);
	if (any)
		TRY(sync_session(c, id));
out:
	return e;
}
