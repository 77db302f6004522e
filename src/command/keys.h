/* What a terminal sends, cut into keys: a character, a sequence of a key such as an
 * arrow, or a paste, which the terminal puts in brackets (KEYS_PASTES_ON asks for
 * that). It does not matter in what pieces the bytes arrive, but for one: a Ctrl-C that
 * comes alone ends a paste, and nothing of that one is taken. */
#ifndef HERMETIC_COMMAND_KEYS_H
#define HERMETIC_COMMAND_KEYS_H

#include "base/buf.h"

#define KEYS_PASTES_ON "\033[?2004h"
#define KEYS_PASTES_OFF "\033[?2004l"

#define KEYS_CTRL_C 3
#define KEYS_PASTE_MAX 65536 /* bytes */
#define KEYS_SEQUENCE_MAX 32 /* bytes; what is longer is passed over */

enum key_kind {
	KEY_NONE,      /* there is no whole one yet */
	KEY_CHARACTER, /* UTF-8; U+FFFD for what is none */
	KEY_SEQUENCE,  /* from its escape on */
	KEY_PASTE,     /* its text: UTF-8, lines end with \n */
	KEY_TOO_LONG   /* a paste of more than KEYS_PASTE_MAX: nothing of it */
};

struct keys {
	struct buf input; /* whoever reads appends here */
	struct buf paste; /* what has come of one */
	bool pasting, too_long;
};

void keys_clear(struct keys *keys);

/* The next key, in place of what `key` held. */
enum key_kind keys_next(struct keys *keys, struct buf *key);

#endif
