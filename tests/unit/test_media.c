/* Content negotiation: what an Accept field says of a type. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs these first */
#include <cmocka.h>

/* The edge is no archive; these files of it need base only. */
#include "server/edge/head.c"
#include "server/edge/media.c"

static unsigned weight_of_type(const char *accept, const char *more,
			       const char *type)
{
	struct head head = { .field_count = 0 };

	head.fields[head.field_count].name = span_str("Host");
	head.fields[head.field_count++].value = span_str("x");
	if (accept != NULL) {
		head.fields[head.field_count].name = span_str("accept");
		head.fields[head.field_count++].value = span_str(accept);
	}
	if (more != NULL) {
		head.fields[head.field_count].name = span_str("Accept");
		head.fields[head.field_count++].value = span_str(more);
	}
	return media_weight(&head, type);
}

static unsigned weight(const char *accept, const char *more)
{
	return weight_of_type(accept, more, "application/json");
}

static void names_and_ranges(void **state)
{
	(void)state;
	assert_int_equal(weight(NULL, NULL), 1000);
	assert_int_equal(weight("*/*", NULL), 1000);
	assert_int_equal(weight("application/*", NULL), 1000);
	assert_int_equal(weight("Application/JSON", NULL), 1000);
	assert_int_equal(weight("application/json;charset=utf-8", NULL), 1000);
	assert_int_equal(weight("text/html, */*;q=0.8", NULL), 800);
	assert_int_equal(weight("text/html", "application/json"), 1000);
	assert_int_equal(weight("text/html", NULL), 0);
	assert_int_equal(weight("text/*", NULL), 0);
	assert_int_equal(weight("application/jso", NULL), 0);
	assert_int_equal(weight("application/problem+json", NULL), 0);
	assert_int_equal(weight("", NULL), 0);
	assert_int_equal(weight(" , ,", NULL), 0);
}

static void parameters_of_the_type_do_not_count(void **state)
{
	const char *type = "text/html; charset=utf-8";

	(void)state;
	assert_int_equal(weight_of_type("text/html", NULL, type), 1000);
	assert_int_equal(weight_of_type("text/*;q=0.5", NULL, type), 500);
	assert_int_equal(weight_of_type("text/htm", NULL, type), 0);
}

static void the_most_specific_counts(void **state)
{
	(void)state;
	assert_int_equal(weight("application/json;q=0, */*", NULL), 0);
	assert_int_equal(weight("*/*, application/json; q=0.000", NULL), 0);
	assert_int_equal(weight("application/*;q=0.25,*/*;q=0.5", NULL), 250);
	assert_int_equal(weight("*/*;q=0", "application/json;v=1;Q=0.125"),
			 125);
}

static void weights_that_cannot_be_read(void **state)
{
	(void)state;
	assert_int_equal(weight("*/*;q=", NULL), 1000);
	assert_int_equal(weight("*/*;q=2", NULL), 1000);
	assert_int_equal(weight("*/*;q=0.x", NULL), 1000);
	assert_int_equal(weight("*/*;q=1.999", NULL), 1000);
	assert_int_equal(weight("*/*;q=0.0001", NULL), 1000);
	assert_int_equal(weight("*/*;", NULL), 1000);
	assert_int_equal(weight(";q=0", NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_ranges),
		cmocka_unit_test(parameters_of_the_type_do_not_count),
		cmocka_unit_test(the_most_specific_counts),
		cmocka_unit_test(weights_that_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
