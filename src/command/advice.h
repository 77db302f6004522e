/* What the person does next about a failure, as commands of a shell: the library's sentences
 * name none. What the chat calls otherwise hint.h says. */
#ifndef HERMETIC_COMMAND_ADVICE_H
#define HERMETIC_COMMAND_ADVICE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* `about` is what hermetic_about() has, or NULL. "" where there is nothing to add. */
void advice_write(const char *slug, const json_t *about, char *text,
		  size_t size);

/* The table, for tests: the slug of its row and the sentence; false: there is no such row. */
bool advice_row(size_t row, const char **slug, const char **sentence);

#endif
