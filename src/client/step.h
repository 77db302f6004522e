/* One step of what a page's todo asks for (settle.h): the server is asked, then
 * the page is changed in one transaction. */
#ifndef HERMETIC_CLIENT_STEP_H
#define HERMETIC_CLIENT_STEP_H

#include "client/book.h"

/* The page's todo as it was read, and what the server said. */
struct step {
	struct client *c;
	const char *id;
	json_t *todo; /* owned */
	struct api_answer answer;
	enum err answered;
};

/* Begins a transaction and loads the page; *mine tells whether its todo is
 * still the one that this step is about: another process may have gone on. */
MUST_CHECK enum err step_open(struct step *s, struct page *page, bool *mine);
MUST_CHECK enum err step_save(struct step *s, struct page *page);
/* Also after a failure of step_open(). */
void step_close(struct step *s, struct page *page);

/* The todo is given up. */
MUST_CHECK enum err step_drop_todo(struct step *s);

/* The session never came to be: nothing of it stays, but what was there
 * before. */
MUST_CHECK enum err step_forget(struct step *s);

/* What to do with a request that the server refused: `undo` when it did so for
 * good. Returns what the server said, or how `undo` failed. */
MUST_CHECK enum err step_refuse(struct step *s,
				enum err (*undo)(struct step *));

#endif
