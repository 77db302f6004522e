/* A text that is being typed, edited by libedit: its keys, those of the person's
 * ~/.editrc, and a history, which is in memory alone. Nothing is drawn here. What a
 * person takes for one character is moved over and erased as one. */
#ifndef HERMETIC_COMMAND_EDITOR_H
#define HERMETIC_COMMAND_EDITOR_H

#include "base/buf.h"

#define EDITOR_BYTES_MAX 65536
#define EDITOR_HISTORY 500 /* texts */

struct editor;

struct editor_ports {
	/* Another key, which is waited for: a command wants one. Appends its bytes;
	 * false: none comes, and the command is given up. */
	bool (*key)(void *context, struct buf *key);
	/* Tab behind `text`: appends the words that may stand in place of its last
	 * one, each with a NUL; *from: where that one begins. */
	void (*complete)(void *context, struct span text, size_t *from,
			 struct buf *words);
	/* Several were possible: all of them, as they came. */
	void (*list)(void *context, struct span words);
	void *context;
};

/* Takes the terminal at `fd` over. NULL: it cannot. */
struct editor *editor_open(int fd, const struct editor_ports *ports);
/* Gives it back. Takes NULL. */
void editor_close(struct editor *editor);

enum editor_result { EDITOR_GOES_ON, EDITOR_SAID, EDITOR_LEFT };

/* A whole key (command/keys.h). EDITOR_SAID: the text is done, and in the history;
 * editor_begin() comes next. */
enum editor_result editor_key(struct editor *editor, struct span key);

/* Ctrl-R was pressed, and each key since then belongs to what is sought in the history,
 * which is borrowed until the next key; the text is the last one that has it. */
bool editor_is_searching(const struct editor *editor, struct span *sought);

/* Puts UTF-8 in at the cursor. False: there is no room for it. */
bool editor_insert(struct editor *editor, struct span text);

/* The next text, which is empty. */
void editor_begin(struct editor *editor);

/* The text in place of what `text` held, and the cursor as a place in it. */
void editor_text(struct editor *editor, struct buf *text, size_t *cursor);

#endif
