#include "client/join.h"

#include "client/actor.h"
#include "client/packages.h"
#include "client/settle.h"
#include "client/tokens.h"

#include <stdio.h>
#include <string.h>

/* A GroupInfo that is outdated when we post is fetched again this often. */
#define TRIES_MAX 10

static enum err explain(struct client *c, enum err e, const char *id)
{
	if (e == ERR_PEER_DOWNGRADE)
		return why_set(&c->why, e, "downgrade",
			       "A better algorithm was withheld when %s was "
			       "created: its members signed offers that give "
			       "another choice. Not joined.",
			       id);
	if (e == ERR_PEER_UNSUPPORTED)
		return why_set(&c->why, e, "unsupported",
			       "%s uses an algorithm that this client does "
			       "not offer. Not joined.",
			       id);
	if (err_class(e) == ERR_CLASS_PEER)
		return why_set(&c->why, e, "bad-group",
			       "What the server says about %s is not what its "
			       "members signed: %s. Not joined.",
			       id, err_text(e));
	return e;
}

/* A session that we had goes on under the same page. */
static enum err continue_page(struct client *c, const char *id,
			      struct page *page)
{
	struct page old = { 0 };
	enum err e = book_load(c, id, &old);

	if (e == ERR_OK)
		page_continue(page, &old);
	page_clear(&old);
	return e == ERR_STATE_GONE ? ERR_OK : e;
}

/* ---- by Welcome ---- */

static enum err write_welcomed(struct client *c, const char *id,
			       const json_t *row, struct page *page,
			       const struct package *package)
{
	json_t *todo = json_pack("{s:s, s:O}", "kind", "welcome", "welcome_id",
				 json_object_get(row, "welcome_id"));
	enum err e;

	(void)id;
	ENSURE(todo != NULL, ERR_LOCAL_MEMORY);
	page_set_todo(page, todo);
	TRY(packages_used(c, package));
	TRY(book_save(c, page));
	TRY(state_commit(c->state));
out:
	return e;
}

/* ERR_STATE_GONE when it is for a KeyPackage that we do not have. */
static enum err use_welcome(struct client *c, const char *id, const json_t *row)
{
	struct buf welcome = BUF_INIT;
	struct package package = { 0 };
	struct actor actor = { 0 };
	struct page page = { 0 };
	uint8_t head[CHAIN_HEAD];
	uint64_t seq;
	enum err e;

	TRY(record_bytes(row, "welcome", &welcome));
	TRY(record_number(row, "seq", &seq));
	TRY(record_digest(row, "head", head));
	TRY(state_begin(c->state));
	TRY(packages_find(c, buf_span(&welcome), &package));
	TRY(page_new(&page, id, &package.offer));
	TRY(actor_init(&actor, c, package.suite, &package.offer));
	e = session_join_welcome(&actor.me, page.raw_id, buf_span(&welcome),
				 buf_span(&package.key_package),
				 &package.secrets, seq, head, &page.session);
	if (e != ERR_OK)
		e = explain(c, e, id);
	TRY(e);
	TRY(continue_page(c, id, &page));
	TRY(write_welcomed(c, id, row, &page, &package));
out:
	state_rollback(c->state);
	buf_clear(&welcome);
	package_clear(&package);
	actor_clear(&actor);
	page_clear(&page);
	return e;
}

enum err join_by_welcome(struct client *c, const char *id)
{
	struct api_answer answer = { 0 };
	const json_t *list, *row;
	size_t i;
	enum err e;

	TRY(tokens_call(c, "GET", "/welcomes", NULL, &answer));
	list = json_object_get(answer.body, "welcomes");
	e = ERR_STATE_GONE;
	json_array_foreach(list, i, row)
	{
		const char *session =
		    json_string_value(json_object_get(row, "session_id"));

		if (session == NULL || strcmp(session, id) != 0)
			continue;
		e = use_welcome(c, id, row);
		if (e != ERR_STATE_GONE)
			break;
	}
	TRY(e);
	TRY(settle_session(c, id));
out:
	api_answer_clear(&answer);
	return e;
}

/* ---- by external commit ---- */

static enum err write_joining(struct client *c, struct page *page,
			      const struct mls_commit *commit)
{
	json_t *todo = json_pack("{s:s}", "kind", "join");
	enum err e;

	ENSURE(todo != NULL, ERR_LOCAL_MEMORY);
	e = record_set_bytes(todo, "group_info", buf_span(&commit->group_info));
	page_set_todo(page, todo);
	TRY(e);
	TRY(book_save(c, page));
	TRY(state_commit(c->state));
out:
	return e;
}

/* What we offered when we came into the session is what its founders' entries
 * say of us; a session that is new to us gets what we offer now. */
static enum err find_offer(struct client *c, const char *id,
			   struct account_suites *offer)
{
	struct page page = { 0 };
	enum err e;

	*offer = c->suites;
	TRY(state_begin(c->state));
	e = book_load(c, id, &page);
	if (e == ERR_OK)
		e = page_offer(&page, offer);
	else if (e == ERR_STATE_GONE)
		e = ERR_OK;
out:
	state_rollback(c->state);
	page_clear(&page);
	return e;
}

static enum err stage_join(struct client *c, const char *id,
			   struct span group_info, bool resync)
{
	const struct suite *suite = session_group_info_suite(group_info);
	struct mls_commit commit = { 0 };
	struct account_suites offer;
	struct actor actor = { 0 };
	struct page page = { 0 };
	enum err e;

	ENSURE(suite != NULL && account_offers(c, suite),
	       explain(c, ERR_PEER_UNSUPPORTED, id));
	TRY(find_offer(c, id, &offer));
	TRY(page_new(&page, id, &offer));
	TRY(state_begin(c->state));
	TRY(actor_init(&actor, c, suite, &offer));
	e = session_join_external(&actor.me, page.raw_id, group_info, resync,
				  &page.session, &commit);
	if (e != ERR_OK)
		e = explain(c, e, id);
	TRY(e);
	TRY(continue_page(c, id, &page));
	TRY(write_joining(c, &page, &commit));
out:
	state_rollback(c->state);
	mls_commit_clear(&commit);
	actor_clear(&actor);
	page_clear(&page);
	return e;
}

static enum err try_commit(struct client *c, const char *id, bool resync)
{
	struct api_answer answer = { 0 };
	struct buf group_info = BUF_INIT;
	char path[128];
	enum err e;

	(void)snprintf(path, sizeof(path), "/session/%s/group-info", id);
	TRY(tokens_call(c, "GET", path, NULL, &answer));
	TRY(record_bytes(answer.body, "group_info", &group_info));
	TRY(stage_join(c, id, buf_span(&group_info), resync));
	TRY(settle_session(c, id));
out:
	api_answer_clear(&answer);
	buf_clear(&group_info);
	return e;
}

enum err join_by_commit(struct client *c, const char *id, bool resync)
{
	enum err e = ERR_STATE_EPOCH;

	for (unsigned i = 0; e == ERR_STATE_EPOCH && i < TRIES_MAX; i++) {
		why_clear(&c->why);
		e = try_commit(c, id, resync);
	}
	return e;
}
