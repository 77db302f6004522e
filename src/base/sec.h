/* Secrets: a fixed inline type, one wipe, one constant-time compare. */
#ifndef HERMETIC_BASE_SEC_H
#define HERMETIC_BASE_SEC_H

#include "base/err.h"
#include "base/span.h"

/* The largest secret is a P-521 private key, 66 bytes. */
#define SEC_MAX 66

struct sec {
	uint8_t b[SEC_MAX];
	uint8_t n; /* bytes in use; 0: no secret here */
};

/* Clears n bytes so that the compiler cannot leave it out. NULL is fine. */
void sec_wipe(void *p, size_t n);

/* Wipes the whole struct. */
void sec_clear(struct sec *s);

/* Copies; ERR_LOCAL_BUG and an empty `s` when from.n > SEC_MAX. */
MUST_CHECK enum err sec_set(struct sec *s, struct span from);

static inline struct span sec_span(const struct sec *s)
{
	return span_of(s->b, s->n);
}

/* Time depends on the lengths only. */
MUST_CHECK bool sec_equal(struct span a, struct span b);

#endif
