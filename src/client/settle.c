#include "client/settle.h"

#include "client/catch_up.h"
#include "client/change.h"
#include "client/todos.h"

/* Renewing the keys or joining again is enough, unless something happens just
 * then. */
#define ROUNDS_MAX 4

enum err settle_session(struct client *c, const char *id)
{
	return settle_session_by(c, id, NULL);
}

/* ---- renewing keys ---- */

/* The keys are due: unless something is planned already, renew them. */
static enum err plan_rotation(struct client *c, const char *id)
{
	struct change_plan plan = { .due = true };
	struct page page = { 0 };
	json_t *todo = NULL;
	enum err e;

	TRY(state_begin(c->state));
	TRY(book_load(c, id, &page));
	if (!session_member(page.session) || page_todo(&page) != NULL)
		goto out;
	plan.epoch = session_epoch(page.session);
	TRY(change_make(&plan, &todo));
	page_set_todo(&page, todo);
	TRY(book_save(c, &page));
	TRY(state_commit(c->state));
out:
	state_rollback(c->state);
	page_clear(&page);
	return e;
}

static enum err is_behind(struct client *c, const char *id, bool *behind)
{
	struct page page = { 0 };
	enum err e;

	TRY(state_begin(c->state));
	TRY(book_load(c, id, &page));
	*behind = session_member(page.session) &&
		  page_behind(&page) != PAGE_BEHIND_NO;
out:
	state_rollback(c->state);
	page_clear(&page);
	return e;
}

/* One round; *again: the messages wait for what was found out. */
static enum err settle_round(struct client *c, const char *id,
			     const struct postbox_courier *courier,
			     enum postbox_end *end, bool *again)
{
	enum err e;

	TRY(todos_settle(c, id));
	TRY(catch_up_session(c, id));
	TRY(postbox_flush(c, id, courier, end));
	if (*end == POSTBOX_DUE || *end == POSTBOX_OVERDUE)
		TRY(plan_rotation(c, id));
	if (*end == POSTBOX_DUE)
		TRY(todos_settle(c, id));
	TRY(is_behind(c, id, again));
	*again = *again || *end == POSTBOX_OVERDUE;
out:
	return e;
}

enum err settle_session_by(struct client *c, const char *id,
			   const struct postbox_courier *courier)
{
	enum postbox_end end = POSTBOX_EMPTY;
	bool again = true;
	enum err e = ERR_OK;

	for (unsigned i = 0; again && i < ROUNDS_MAX; i++)
		TRY(settle_round(c, id, courier, &end, &again));
	if (again && end == POSTBOX_OVERDUE)
		e = why_set(&c->why, ERR_STATE_PENDING, "rotation-required",
			    "The server wants this session to change first: "
			    "perhaps to another algorithm (hermetic algorithm "
			    "%s NAME). The message is kept.",
			    id);
out:
	return e;
}

enum err settle_rotation(struct client *c, const char *id)
{
	enum err e;

	TRY(plan_rotation(c, id));
	TRY(settle_session(c, id));
out:
	return e;
}
