/* Which row of a list a person means by a word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "reach/choose.h"

static const char LIST[] =
    "[{\"id\": \"3f2a9c1e-0d5b-4c9e-9a3f-2b1f0c7d8e9a\", \"name\": \"lunch\"},"
    " {\"id\": \"77aa0b12-0d5b-4c9e-9a3f-2b1f0c7d8e9a\"}]";

static size_t found(const char *list, const char *word)
{
	json_t *rows = json_loads(list, 0, NULL);
	json_t *match = choose_match(rows, "id", word, true);
	size_t count = json_array_size(match);

	assert_non_null(match);
	json_decref(match);
	json_decref(rows);
	return count;
}

static void test_ids_and_names(void **state)
{
	(void)state;
	assert_int_equal(found(LIST, "3f"), 1);
	assert_int_equal(found(LIST, "3F2A"), 1);
	assert_int_equal(found(LIST, "Lunch"), 1);
	assert_int_equal(found(LIST, "lun"), 0);
	assert_int_equal(found(LIST, "8"), 0);
}

/* `hermetic leave "$UNSET"` leaves no session. */
static void test_no_word(void **state)
{
	static const char *const words[] = { "", " ", "\xe2\x80\x8b",
					     "\xe2\x80\x8b \xe2\x80\x8d" };
	static const char unseen[] =
	    "[{\"id\": \"3f2a9c1e-0d5b-4c9e-9a3f-2b1f0c7d8e9a\","
	    "  \"name\": \"\xe2\x80\x8b\"}]";
	(void)state;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		assert_int_equal(found(LIST, words[i]), 0);
		assert_int_equal(found(unseen, words[i]), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids_and_names),
		cmocka_unit_test(test_no_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
