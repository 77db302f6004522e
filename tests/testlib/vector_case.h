/* What a test of vectors is written with: include it after cmocka.h. */
#ifndef HERMETIC_TESTS_VECTOR_CASE_H
#define HERMETIC_TESTS_VECTOR_CASE_H

#include <stdio.h>

#include "base/sec.h"
#include "tests/testlib/vectors.h"

/* A case is one function that ends at its first difference. */
#define CHECK(condition)                                                       \
	do {                                                                   \
		if (!(condition)) {                                            \
			printf("%s:%d: %s\n", __func__, __LINE__, #condition); \
			goto out;                                              \
		}                                                              \
	} while (0)
#define CHECK_OK(call) CHECK((call) == ERR_OK)

static inline const json_t *at(const json_t *object, const char *key)
{
	return json_object_get(object, key);
}

static inline const char *text(const json_t *object, const char *key)
{
	return json_string_value(at(object, key));
}

static inline uint64_t number(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(at(object, key));
}

#define HEX(object, key) vectors_bytes((object), (key))

static inline bool sec_is(const struct sec *s, const json_t *object,
			  const char *key)
{
	struct span want = HEX(object, key);

	return want.n > 0 && span_equal(sec_span(s), want);
}

static inline void all_passed(int failed)
{
	if (failed < 0)
		skip();
	assert_int_equal(failed, 0);
}

static inline void run(const char *name,
		       bool (*check)(const struct suite *, const json_t *))
{
	all_passed(vectors_run(name, check));
}

static inline void run_plain(const char *name,
			     bool (*check)(const struct suite *,
					   const json_t *))
{
	all_passed(vectors_run_plain(name, check));
}

#endif
