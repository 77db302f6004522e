#include "client/sync.h"

#include "base/clock.h"
#include "client/content.h"
#include "client/move.h"
#include "client/todos.h"
#include "client/tokens.h"
#include "wire/envelope.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PAGE_LIMIT 500

/* ---- what is kept of an entry ---- */

static void set_text(json_t *object, const char *member, struct span text)
{
	/* without JSON's check: content_read() made sure that it is UTF-8 */
	(void)json_object_set_new(
	    object, member, json_stringn_nocheck((const char *)text.p, text.n));
}

static void describe_content(struct page *page,
			     const struct session_event *event, json_t *message)
{
	enum content_type type;
	struct span value;
	enum err e = content_read(buf_span(&event->data), &type, &value);

	if (e != ERR_OK) {
		(void)json_object_set_new(message, "kind",
					  json_string("unreadable"));
		(void)json_object_set_new(message, "reason",
					  json_string(err_text(e)));
		return;
	}
	if (type == CONTENT_NAME)
		set_text(page->meta, "name", value);
	(void)json_object_set_new(
	    message, "kind",
	    json_string(type == CONTENT_NAME ? "name" : "text"));
	set_text(message, "text", value);
}

static const char *commit_kind(const struct session_event *event)
{
	if (event->kind == SESSION_REMOVED)
		return "removed";
	if (event->kind == SESSION_MOVED)
		return "moved";
	return event->external_join ? "joined" : "commit";
}

/* {kind, seq, epoch, from, device, sent_at?, text?, own?} */
static json_t *describe(struct page *page, const struct session_event *event)
{
	json_t *message = json_pack("{s:I, s:I}", "seq", (json_int_t)event->seq,
				    "epoch", (json_int_t)event->epoch);
	const char *from = (const char *)event->identity.p;
	const char *slash =
	    event->identity.n > 0 ? memchr(from, '/', event->identity.n) : NULL;
	size_t n = slash != NULL ? (size_t)(slash - from) : event->identity.n;

	if (message == NULL)
		return NULL;
	/* whoever's name is no UTF-8 has none: json_stringn gives NULL */
	(void)json_object_set_new(message, "from", json_stringn(from, n));
	if (slash != NULL)
		(void)json_object_set_new(
		    message, "device",
		    json_stringn(slash + 1, event->identity.n - n - 1));
	switch (event->kind) {
	case SESSION_MESSAGE:
	case SESSION_OWN:
		(void)json_object_set_new(
		    message, "sent_at",
		    json_integer((json_int_t)event->sent_ms));
		describe_content(page, event, message);
		break;
	case SESSION_COMMIT:
	case SESSION_MOVED:
	case SESSION_REMOVED:
		(void)json_object_set_new(message, "kind",
					  json_string(commit_kind(event)));
		break;
	case SESSION_DEPARTED:
		(void)json_object_set_new(message, "kind", json_string("left"));
		break;
	case SESSION_REFUSED:
		(void)json_object_set_new(message, "kind",
					  json_string("refused"));
		(void)json_object_set_new(
		    message, "reason", json_string(err_text(event->refused)));
		break;
	}
	if (event->kind == SESSION_OWN || event->own_commit)
		(void)json_object_set_new(message, "own", json_true());
	return message;
}

enum err sync_keep_own(struct client *c, struct page *page,
		       const struct session_sent *sent, uint64_t seq)
{
	struct session_event event = {
		.kind = SESSION_OWN,
		.seq = seq,
		.epoch = sent->epoch,
		.sent_ms = envelope_time(sent->nonce),
	};
	json_t *message = NULL;
	enum err e;

	buf_put(&event.data, sent->data);
	buf_put_str(&event.identity, c->identity);
	TRY(buf_end(&event.data));
	TRY(buf_end(&event.identity));
	message = describe(page, &event);
	ENSURE(message != NULL, ERR_LOCAL_MEMORY);
	TRY(book_put_message(c, page->id, seq, message));
out:
	json_decref(message);
	session_event_clear(&event);
	return e;
}

/* ---- taking entries in ---- */

/* A commit that we refuse leaves us behind the others. A message that does not
 * open may mean that we are, without knowing since when. */
static void note_refusal(struct page *page, const struct session_event *event)
{
	if (event->kind != SESSION_REFUSED)
		return;
	if (event->entry != CHAIN_APPLICATION &&
	    event->entry != CHAIN_DEPARTURE)
		page_set_behind(page, event->refused == ERR_PEER_DENIED
					  ? PAGE_BEHIND_VIOLATED
					  : PAGE_BEHIND_BROKEN);
	else if (event->refused == ERR_PEER_CRYPTO)
		page_set_behind(page, PAGE_BEHIND_SUSPECT);
}

static enum err take_event(struct client *c, struct page *page,
			   const struct session_event *event)
{
	json_t *message = describe(page, event);
	enum err e;

	ENSURE(message != NULL, ERR_LOCAL_MEMORY);
	if (event->kind == SESSION_MOVED)
		(void)json_object_set_new(
		    message, "algorithm",
		    json_string(session_suite(page->session)->algorithm));
	TRY(book_put_message(c, page->id, event->seq, message));
	if (event->own_commit)
		todos_commit_done(page);
	else if (event->dropped_staged)
		todos_commit_lost(page);
	note_refusal(page, event);
out:
	json_decref(message);
	return e;
}

/* An entry of which only the hash is kept: nobody can show what it was. */
static enum err take_hash(struct client *c, struct page *page,
			  const json_t *entry, uint64_t seq,
			  const uint8_t head[CHAIN_HEAD])
{
	struct session_event event = { 0 };
	uint8_t hash[CHAIN_HEAD];
	enum err e;

	TRY(record_digest(entry, "hash", hash));
	e = session_receive_expired(page->session, seq, hash, head, &event);
	if (e == ERR_OK && event.kind == SESSION_OWN)
		e = take_event(c, page, &event);
	else if (e == ERR_STATE_REPLAY)
		e = ERR_OK;
out:
	session_event_clear(&event);
	return e;
}

static enum err take_entry(struct client *c, struct page *page,
			   const json_t *entry)
{
	struct session_event event = { 0 };
	struct buf bytes = BUF_INIT;
	uint8_t head[CHAIN_HEAD];
	uint64_t seq, kind;
	enum err e;

	TRY(record_number(entry, "seq", &seq));
	TRY(record_number(entry, "kind", &kind));
	ENSURE(kind >= CHAIN_APPLICATION && kind <= CHAIN_DEPARTURE,
	       ERR_PEER_UNSUPPORTED);
	TRY(record_digest(entry, "head", head));
	if (kind == CHAIN_APPLICATION &&
	    json_object_get(entry, "envelope") == NULL)
		return take_hash(c, page, entry, seq, head);
	TRY(record_bytes(entry, "envelope", &bytes));
	if (kind == CHAIN_SUCCESSOR)
		e = move_receive(c, page, seq, buf_span(&bytes), head, &event);
	else
		e = session_receive(page->session, clock_now_ms() / 1000, seq,
				    (enum chain_kind)kind, buf_span(&bytes),
				    head, &event);
	if (e == ERR_OK)
		e = take_event(c, page, &event);
	else if (e == ERR_STATE_REPLAY)
		e = ERR_OK;
out:
	session_event_clear(&event);
	buf_clear(&bytes);
	return e;
}

static enum err explain(struct client *c, const char *id, enum err e)
{
	if (e == ERR_PEER_FORK)
		return why_set(&c->why, e, "history-differs",
			       "The server's history of %s does not continue "
			       "the one seen before: it dropped, changed or "
			       "reordered messages. Do not trust it.",
			       id);
	if (err_class(e) == ERR_CLASS_PEER)
		return why_set(&c->why, e, "bad-log",
			       "The server's log of %s cannot be read: %s.", id,
			       err_text(e));
	return e;
}

static enum err receive(struct client *c, const char *id,
			const json_t *messages)
{
	struct page page = { 0 };
	const json_t *entry;
	size_t i;
	enum err e;

	TRY(state_begin(c->state));
	TRY(book_load(c, id, &page));
	json_array_foreach(messages, i, entry)
	{
		if (!session_member(page.session))
			break; /* removed: what follows is not for us */
		TRY(take_entry(c, &page, entry));
	}
	TRY(book_save(c, &page));
	TRY(state_commit(c->state));
out:
	state_rollback(c->state);
	page_clear(&page);
	return e;
}

enum err sync_receive(struct client *c, const char *id, const json_t *messages)
{
	enum err e = receive(c, id, messages);

	return e == ERR_STATE_CONFLICT ? e : explain(c, id, e);
}

/* What comes next is not kept any more. */
static enum err note_gap(struct client *c, const char *id)
{
	struct page page = { 0 };
	enum err e;

	TRY(state_begin(c->state));
	TRY(book_load(c, id, &page));
	page_set_behind(&page, PAGE_BEHIND_BROKEN);
	TRY(book_save(c, &page));
	TRY(state_commit(c->state));
out:
	state_rollback(c->state);
	page_clear(&page);
	return e;
}

struct place {
	uint64_t seq;
	bool member, forked;
};

static enum err look(struct client *c, const char *id, struct place *place)
{
	struct page page = { 0 };
	enum err e;

	TRY(state_begin(c->state));
	TRY(book_load(c, id, &page));
	place->seq = session_seq(page.session);
	place->member = session_member(page.session);
	place->forked = session_forked(page.session);
out:
	state_rollback(c->state);
	page_clear(&page);
	return e;
}

static enum err distrust(struct client *c, const char *id, const char *what)
{
	return why_set(&c->why, ERR_PEER_FORK, "history-differs",
		       "%s of %s: the server is not to be trusted with it. "
		       "Nothing more is sent.",
		       what, id);
}

/* One page of what follows. *more: perhaps not the last one. */
static enum err take_page(struct client *c, const char *id, uint64_t after,
			  bool *more)
{
	struct api_answer answer = { 0 };
	const json_t *messages;
	char path[160];
	enum err e;

	(void)snprintf(path, sizeof(path),
		       "/session/%s/messages?after=%" PRIu64 "&limit=%d", id,
		       after, PAGE_LIMIT);
	e = tokens_call(c, "GET", path, NULL, &answer);
	if (strcmp(answer.slug, "history-expired") == 0) {
		why_clear(&c->why);
		e = note_gap(c, id);
	} else if (strcmp(answer.slug, "not-a-member") == 0) {
		/* removed: what came after is not for us to see */
		why_clear(&c->why);
		e = book_leave(c, id);
	}
	messages = json_object_get(answer.body, "messages");
	*more = json_array_size(messages) == PAGE_LIMIT;
	if (e == ERR_OK && json_array_size(messages) > 0)
		e = sync_receive(c, id, messages);
	if (e == ERR_STATE_CONFLICT)
		e = distrust(c, id, "Something was left out of the history");
	api_answer_clear(&answer);
	return e;
}

enum err sync_session(struct client *c, const char *id)
{
	struct place place = { 0, false, false };
	bool more = true;
	enum err e;

	TRY(look(c, id, &place));
	while (place.member && more) {
		TRY(take_page(c, id, place.seq, &more));
		TRY(look(c, id, &place));
	}
	if (place.forked)
		e = distrust(c, id, "Members have seen different histories");
out:
	return e;
}
