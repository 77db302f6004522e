/* The words of a command that is typed in the chat. Spaces stand between words; they belong
 * to one between two quotes, double or single, that begin and end it, and behind a backslash:
 * "two words", 'two words' and two\ words are the same. A backslash in front of anything but a space, a quote or a
 * backslash is itself, as is a quote anywhere else. */
#ifndef HERMETIC_COMMAND_TYPED_H
#define HERMETIC_COMMAND_TYPED_H

#include "base/buf.h"

/* Cuts the text up, which ends with a NUL, into at most `max` words, each with a NUL. They
 * stand in the text. */
size_t typed_split(char *text, char **words, size_t max);

/* What stands behind so many words, as it was typed. */
const char *typed_behind(const char *text, size_t count);

/* Appends what ends a command and may have spaces, as a name or a path: the only word, or
 * several as they were typed. */
void typed_put_rest(struct buf *out, const char *rest);

/* Appends the beginning of a word, as it is typed outside of quotes. */
void typed_put_word(struct buf *out, struct span word);

#endif
