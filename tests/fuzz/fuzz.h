/* What a fuzz target defines; libFuzzer or tests/fuzz/replay.c calls it. */
#ifndef HERMETIC_TESTS_FUZZ_FUZZ_H
#define HERMETIC_TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

__attribute__((visibility("default"))) int LLVMFuzzerTestOneInput(
    const uint8_t *data, size_t size);

/* True, where a run takes long: the corpus holds what a cut or a change would
 * come to, too, and is replayed as it is. A target may leave it out. */
extern const bool fuzz_corpus_is_whole __attribute__((weak));

/* The bytes as a string; the caller frees it. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (text == NULL)
		abort();
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

#endif
