#include "client/catch_up.h"

#include "client/actor.h"
#include "client/join.h"
#include "client/tokens.h"

#include <stdio.h>

static enum err look_behind(struct client *c, const char *id,
			    enum page_behind *behind)
{
	struct page page = { 0 };
	enum err e;

	*behind = PAGE_BEHIND_NO;
	TRY(state_begin(c->state));
	TRY(book_load(c, id, &page));
	if (session_member(page.session))
		*behind = page_behind(&page);
out:
	state_rollback(c->state);
	page_clear(&page);
	return e;
}

/* A message did not open. Is it the sender's fault, or are we in another group
 * than the others? The latest GroupInfo tells. */
static enum err clear_suspicion(struct client *c, const char *id,
				struct span group_info)
{
	struct account_suites offer;
	struct actor actor = { 0 };
	struct page page = { 0 };
	bool agrees = false;
	enum err e;

	TRY(state_begin(c->state));
	TRY(book_load(c, id, &page));
	TRY(page_offer(&page, &offer));
	TRY(actor_init(&actor, c, session_suite(page.session), &offer));
	TRY(session_agrees(page.session, &actor.me, group_info, &agrees));
	if (agrees)
		page_clear_behind(&page);
	else
		page_set_behind(&page, PAGE_BEHIND_BROKEN);
	TRY(book_save(c, &page));
	TRY(state_commit(c->state));
out:
	state_rollback(c->state);
	page_clear(&page);
	actor_clear(&actor);
	return e;
}

static enum err examine(struct client *c, const char *id)
{
	struct api_answer answer = { 0 };
	struct buf group_info = BUF_INIT;
	char path[128];
	enum err e;

	(void)snprintf(path, sizeof(path), "/session/%s/group-info", id);
	TRY(tokens_call(c, "GET", path, NULL, &answer));
	TRY(record_bytes(answer.body, "group_info", &group_info));
	TRY(clear_suspicion(c, id, buf_span(&group_info)));
out:
	api_answer_clear(&answer);
	buf_clear(&group_info);
	return e;
}

enum err catch_up_session(struct client *c, const char *id)
{
	enum page_behind behind;
	enum err e;

	TRY(look_behind(c, id, &behind));
	if (behind == PAGE_BEHIND_SUSPECT) {
		TRY(examine(c, id));
		TRY(look_behind(c, id, &behind));
	}
	if (behind == PAGE_BEHIND_BROKEN)
		TRY(join_by_commit(c, id, true));
	if (behind == PAGE_BEHIND_VIOLATED)
		e = why_set(&c->why, ERR_PEER_DENIED, "not-allowed",
			    "Somebody changed %s without the right to, and the "
			    "server let it pass. Look at it with: hermetic "
			    "read %s. To go on all the same: hermetic rejoin "
			    "%s",
			    id, id, id);
out:
	return e;
}
