/* Borrowed bytes: a pointer and a length, never owned, never written. */
#ifndef HERMETIC_BASE_SPAN_H
#define HERMETIC_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	const uint8_t *p; /* may be NULL only when n is 0 */
	size_t n;	  /* bytes */
};

static inline struct span span_of(const void *p, size_t n)
{
	struct span made = { (const uint8_t *)p, n };

	return made;
}

/* A struct's value in an expression, which C and C++ write differently. */
#ifdef __cplusplus
#define HERMETIC_VALUE(name) name
#else
#define HERMETIC_VALUE(name) (struct name)
#endif

#define SPAN_EMPTY (HERMETIC_VALUE(span){ NULL, 0 })

/* The bytes of a string literal, without its NUL. */
#define SPAN_LIT(literal) span_of((literal), sizeof(literal) - 1)

/* The bytes of a fixed array. */
#define SPAN_ARRAY(array) span_of((array), sizeof(array))

/* `from`, copied to where there is room for it. */
struct span span_copy(void *to, struct span from);

struct span span_str(const char *text);

/* Equality of public bytes. For secrets and tags use sec_equal(). */
bool span_equal(struct span a, struct span b);

/* Lexical order of public bytes: negative, zero or positive. */
int span_compare(struct span a, struct span b);

#endif
