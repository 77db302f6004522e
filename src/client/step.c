#include "client/step.h"

/* Loads the page; *mine tells whether its todo is still the one that this
 * step is about: another process may have gone on. */
enum err step_open(struct step *s, struct page *page, bool *mine)
{
	enum err e;

	TRY(state_begin(s->c->state));
	TRY(book_load(s->c, s->id, page));
	*mine = json_equal(page_todo(page), s->todo) == 1;
out:
	return e;
}

enum err step_save(struct step *s, struct page *page)
{
	enum err e;

	TRY(book_save(s->c, page));
	TRY(state_commit(s->c->state));
out:
	return e;
}

void step_close(struct step *s, struct page *page)
{
	state_rollback(s->c->state);
	page_clear(page);
}

enum err step_drop_todo(struct step *s)
{
	struct page page = { 0 };
	bool mine;
	enum err e;

	TRY(step_open(s, &page, &mine));
	if (mine) {
		session_discard(page.session);
		page_set_todo(&page, NULL);
		TRY(step_save(s, &page));
	}
out:
	step_close(s, &page);
	return e;
}

/* The session never came to be: nothing of it stays, but what was there
 * before. */
enum err step_forget(struct step *s)
{
	struct page page = { 0 };
	bool mine;
	enum err e;

	TRY(step_open(s, &page, &mine));
	if (!mine)
		goto out;
	page_set_todo(&page, NULL);
	if (page_was_known(&page))
		TRY(book_save(s->c, &page));
	else
		TRY(book_forget(s->c, &page));
	TRY(state_commit(s->c->state));
out:
	step_close(s, &page);
	return e;
}

/* What to do with a request that the server refused for good: `undo`, and
 * then say what the server said. */
enum err step_refuse(struct step *s, enum err (*undo)(struct step *))
{
	enum err e;

	/* a server's own failure (500) may be over next time */
	if (why_is_passing(s->answered, "") || s->answer.status >= 500 ||
	    s->answer.status == 401)
		return s->answered;
	e = undo(s);
	return e != ERR_OK ? e : s->answered;
}
