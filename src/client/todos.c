#include "client/todos.h"

#include "base/clock.h"
#include "client/actor.h"
#include "client/change.h"
#include "client/content.h"
#include "client/move.h"
#include "client/step.h"
#include "client/sync.h"
#include "client/tokens.h"
#include "crypto/rng.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A commit that others overtake this often is given up. */
#define TRIES_MAX 30

/* Steps of one call; far more than any chain of todos has. */
#define STEPS_MAX 64

static json_t *member(const json_t *object, const char *name)
{
	return json_object_get(object, name);
}

static bool todo_is(const json_t *todo, const char *kind)
{
	const char *value = json_string_value(member(todo, "kind"));

	return value != NULL && strcmp(value, kind) == 0;
}

/* ---- todos ---- */

void todos_commit_done(struct page *page)
{
	json_t *todo = page_todo(page);
	bool announce;

	if (!todo_is(todo, "commit"))
		return;
	announce = change_adds(member(todo, "redo")) && page_name(page) != NULL;
	page_set_todo(page,
		      announce ? json_pack("{s:s}", "kind", "announce") : NULL);
}

void todos_commit_lost(struct page *page)
{
	json_t *todo = page_todo(page), *redo;
	json_int_t tries;

	if (!todo_is(todo, "commit"))
		return;
	redo = json_incref(member(todo, "redo"));
	tries = json_integer_value(member(redo, "tries"));
	(void)json_object_set_new(redo, "tries", json_integer(tries + 1));
	page_set_todo(page, redo);
}

/* ---- create ---- */

static enum err settle_create(struct step *s)
{
	struct page page = { 0 };
	json_t *add;
	bool mine;
	enum err e;

	s->answered =
	    tokens_call(s->c, "POST", "/session/create",
			json_incref(member(s->todo, "body")), &s->answer);
	/* the id is 122 random bits of ours: if it exists, we made it */
	if (s->answered == ERR_STATE_CONFLICT &&
	    strcmp(s->answer.slug, "session-exists") == 0) {
		why_clear(&s->c->why);
		s->answered = ERR_OK;
	}
	if (s->answered != ERR_OK)
		return step_refuse(s, step_forget);
	TRY(step_open(s, &page, &mine));
	if (mine) {
		add = member(s->todo, "add");
		page_set_todo(&page,
			      change_adds(add) ? json_incref(add) : NULL);
		TRY(step_save(s, &page));
	}
out:
	step_close(s, &page);
	return e;
}

/* ---- change: stage a commit ---- */

static enum err make_commit_todo(const json_t *change,
				 const struct mls_commit *commit, json_t **todo)
{
	json_t *made =
	    json_pack("{s:s, s:O}", "kind", "commit", "redo", change);
	enum err e;

	ENSURE(made != NULL, ERR_LOCAL_MEMORY);
	TRY(record_set_bytes(made, "group_info",
			     buf_span(&commit->group_info)));
	if (commit->welcome.n > 0)
		TRY(record_set_bytes(made, "welcome",
				     buf_span(&commit->welcome)));
	*todo = made;
	made = NULL;
out:
	json_decref(made);
	return e;
}

/* What is asked of the server before a change is staged. */
struct asked {
	struct move move;
};

static enum err ask(struct step *s, struct asked *asked)
{
	const char *algorithm = json_string_value(member(s->todo, "algorithm"));

	return algorithm != NULL
		   ? move_agree(s->c, s->id, algorithm, &asked->move)
		   : ERR_OK;
}

static enum err stage(struct step *s, struct page *page,
		      const struct asked *asked, struct mls_commit *commit,
		      bool *needless)
{
	if (json_integer_value(member(s->todo, "tries")) >= TRIES_MAX)
		return why_set(&s->c->why, ERR_STATE_CONFLICT, "overtaken",
			       "Others keep changing this session: try again "
			       "later.");
	if (member(s->todo, "algorithm") == NULL)
		return change_stage(s->c, page, s->todo, commit, needless);
	*needless = asked->move.suite == NULL;
	return *needless ? ERR_OK
			 : move_stage(s->c, page, &asked->move, commit);
}

static enum err settle_change(struct step *s)
{
	struct asked asked = { 0 };
	struct mls_commit commit = { 0 };
	struct page page = { 0 };
	json_t *todo = NULL;
	bool mine, needless = false;
	enum err e, staged;

	e = ask(s, &asked);
	if (err_class(e) == ERR_CLASS_PEER) { /* it never will be possible */
		staged = step_drop_todo(s);
		if (staged != ERR_OK)
			e = staged;
	}
	TRY(e);
	TRY(step_open(s, &page, &mine));
	if (!mine)
		goto out;
	staged = stage(s, &page, &asked, &commit, &needless);
	if (staged == ERR_OK && !needless)
		TRY(make_commit_todo(s->todo, &commit, &todo));
	page_set_todo(&page, todo);
	TRY(step_save(s, &page));
	e = staged != ERR_OK
		? why_set(&s->c->why, staged, "commit",
			  "This change cannot be made: %s.", err_text(staged))
		: ERR_OK;
out:
	step_close(s, &page);
	move_clear(&asked.move);
	mls_commit_clear(&commit);
	return e;
}

/* ---- commit ---- */

/* {commit, group_info, welcome?, session_id?} from the page as it is. */
static enum err commit_body(struct step *s, const char *session_id,
			    json_t **body)
{
	static const char *const carried[] = { "group_info", "welcome" };
	struct page page = { 0 };
	json_t *made = json_object();
	bool mine;
	enum err e;

	*body = NULL;
	TRY(step_open(s, &page, &mine));
	if (!mine)
		goto out;
	TRY(record_set_bytes(made, "commit", session_staged(page.session)));
	for (size_t i = 0; i < 2; i++)
		if (member(s->todo, carried[i]) != NULL)
			(void)json_object_set(made, carried[i],
					      member(s->todo, carried[i]));
	if (session_id != NULL)
		(void)json_object_set_new(made, "session_id",
					  json_string(session_id));
	*body = json_incref(made);
out:
	step_close(s, &page);
	json_decref(made);
	return e;
}

static enum err accept(struct step *s, uint64_t seq, const uint8_t *head)
{
	struct page page = { 0 };
	bool mine;
	enum err e;

	TRY(step_open(s, &page, &mine));
	if (!mine)
		goto out;
	TRY(session_accepted(page.session, clock_now_ms() / 1000, seq, head));
	if (!session_pending(page.session)) {
		if (todo_is(s->todo, "commit"))
			todos_commit_done(&page);
		else
			page_set_todo(&page, NULL);
	}
	TRY(step_save(s, &page));
out:
	step_close(s, &page);
	return e;
}

static enum err read_position(const json_t *answer, uint64_t *seq,
			      uint8_t head[CHAIN_HEAD])
{
	enum err e;

	TRY(record_number(answer, "seq", seq));
	TRY(record_digest(answer, "head", head));
out:
	return e;
}

/* Whoever has lost waits a little, longer and longer, each for another time:
 * otherwise all commit at once again, and no message gets through between the
 * epochs. */
static void give_way(json_int_t tries)
{
	uint32_t most_us = UINT32_C(20000) << (tries < 6 ? tries : 6),
		 random = 0;

	if (rng_fill(rng_system(), (uint8_t *)&random, sizeof(random)) ==
	    ERR_OK)
		(void)usleep(random % most_us);
}

static enum err settle_commit(struct step *s)
{
	json_t *body = NULL, *algorithm;
	char path[128];
	enum err e;

	TRY(commit_body(s, NULL, &body));
	if (body == NULL)
		goto out;
	algorithm = member(member(s->todo, "redo"), "algorithm");
	if (algorithm != NULL)
		(void)json_object_set(body, "algorithm", algorithm);
	(void)snprintf(path, sizeof(path), "/session/%s/%s", s->id,
		       algorithm != NULL ? "move" : "commit");
	s->answered = tokens_call(s->c, "POST", path, body, &s->answer);
	if (s->answered == ERR_STATE_EPOCH) {
		/* reading what came first drops ours and plans it anew */
		why_clear(&s->c->why);
		give_way(json_integer_value(
		    member(member(s->todo, "redo"), "tries")));
		TRY(sync_session(s->c, s->id));
		goto out;
	}
	if (s->answered != ERR_OK)
		return step_refuse(s, step_drop_todo);
	/* our own commit comes by the log, after what stands before it */
	TRY(sync_session(s->c, s->id));
out:
	return e;
}

/* ---- join ---- */

/* A join that was answered by `epoch-changed` may be one that was accepted
 * before a crash: then our commit stands in the log. */
static enum err find_in_log(struct step *s, const json_t *body,
			    struct api_answer *answer, const json_t **found)
{
	const char *ours = json_string_value(member(body, "commit"));
	struct why quiet = s->c->why;
	const json_t *entry;
	char path[160];
	size_t i;
	enum err e;

	*found = NULL;
	(void)snprintf(path, sizeof(path),
		       "/session/%s/messages?before=%" PRId64 "&limit=500",
		       s->id, INT64_MAX);
	e = tokens_call(s->c, "GET", path, NULL, answer);
	s->c->why = quiet;
	if (e == ERR_PEER_DENIED || e == ERR_STATE_GONE)
		return ERR_OK; /* no member: it was not accepted */
	TRY(e);
	json_array_foreach(member(answer->body, "messages"), i, entry)
	{
		const char *bytes =
		    json_string_value(member(entry, "envelope"));

		if (bytes != NULL && strcmp(bytes, ours) == 0)
			*found = entry;
	}
out:
	return e;
}

static enum err settle_join(struct step *s)
{
	struct api_answer log = { 0 };
	uint8_t head[CHAIN_HEAD];
	const json_t *position;
	json_t *body = NULL;
	uint64_t seq;
	enum err e;

	TRY(commit_body(s, s->id, &body));
	if (body == NULL)
		goto out;
	s->answered = tokens_call(s->c, "POST", "/session/join",
				  json_incref(body), &s->answer);
	position = s->answer.body;
	if (s->answered == ERR_STATE_EPOCH ||
	    s->answered == ERR_STATE_CONFLICT) {
		TRY(find_in_log(s, body, &log, &position));
		if (position != NULL)
			s->answered = ERR_OK;
	}
	if (s->answered != ERR_OK) {
		e = step_refuse(s, step_forget);
		goto out;
	}
	TRY(read_position(position, &seq, head));
	TRY(accept(s, seq, head));
out:
	json_decref(body);
	api_answer_clear(&log);
	return e;
}

/* The session is ours whatever the server says to this: it only learns that
 * the Welcome need not be offered any more. */
static enum err settle_welcome(struct step *s)
{
	json_t *body = json_pack("{s:s, s:O}", "session_id", s->id,
				 "welcome_id", member(s->todo, "welcome_id"));

	s->answered =
	    tokens_call(s->c, "POST", "/session/join", body, &s->answer);
	if (s->answered != ERR_OK && s->answered != ERR_STATE_GONE &&
	    s->answered != ERR_STATE_CONFLICT)
		return step_refuse(s, step_drop_todo);
	why_clear(&s->c->why);
	return step_drop_todo(s);
}

/* ---- announce ---- */

static enum err settle_announce(struct step *s)
{
	struct buf content = BUF_INIT, envelope = BUF_INIT;
	struct account_suites offer;
	struct actor actor = { 0 };
	struct page page = { 0 };
	bool mine;
	enum err e;

	TRY(step_open(s, &page, &mine));
	if (!mine)
		goto out;
	if (page_name(&page) != NULL && session_member(page.session)) {
		content_put(&content, CONTENT_NAME, span_str(page_name(&page)));
		TRY(buf_end(&content));
		TRY(page_offer(&page, &offer));
		TRY(actor_init(&actor, s->c, session_suite(page.session),
			       &offer));
		TRY(session_send(page.session, &actor.me, clock_now_ms(),
				 buf_span(&content), &envelope, NULL));
	}
	page_set_todo(&page, NULL);
	TRY(step_save(s, &page));
out:
	step_close(s, &page);
	actor_clear(&actor);
	buf_clear(&content);
	buf_clear(&envelope);
	return e;
}

/* ---- all of it ---- */

static enum err read_todo(struct step *s)
{
	struct page page = { 0 };
	enum err e;

	TRY(state_begin(s->c->state));
	TRY(book_load(s->c, s->id, &page));
	s->todo = json_deep_copy(page_todo(&page));
out:
	step_close(s, &page);
	return e;
}

static enum err take_step(struct step *s)
{
	static const struct {
		const char *kind;
		enum err (*settle)(struct step *);
	} table[] = {
		{ "create", settle_create },   { "change", settle_change },
		{ "commit", settle_commit },   { "join", settle_join },
		{ "welcome", settle_welcome }, { "announce", settle_announce },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (todo_is(s->todo, table[i].kind))
			return table[i].settle(s);
	return step_drop_todo(s); /* of another version */
}

enum err todos_settle(struct client *c, const char *id)
{
	bool done = false;
	enum err e = ERR_OK;

	for (unsigned i = 0; !done && e == ERR_OK && i < STEPS_MAX; i++) {
		struct step s = { .c = c, .id = id };

		e = read_todo(&s);
		if (e == ERR_OK && s.todo == NULL)
			done = true;
		else if (e == ERR_OK)
			e = take_step(&s);
		json_decref(s.todo);
		api_answer_clear(&s.answer);
	}
	return e;
}
