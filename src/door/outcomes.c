#include "door/outcomes.h"

#include <inttypes.h>
#include <string.h>

#include "door/json.h"

static const struct outcome_row ROWS[] = {
	[OUTCOME_OK] = { .name = "OK" },
	[OUTCOME_DUPLICATE] = { .name = "DUPLICATE" },
#define OUTCOME_ROW(name, ...) [OUTCOME_##name] = { #name, __VA_ARGS__ },
	OUTCOMES(OUTCOME_ROW)
#undef OUTCOME_ROW
};

const struct outcome_row *outcomes_row(enum outcome outcome)
{
	return &ROWS[outcome];
}

/* "EPOCH_CHANGED" of C is "epoch-changed" in SQL. */
static bool is_named(const char *row, struct span name)
{
	if (strlen(row) != name.n)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = (uint8_t)row[i];

		if (c == '_')
			c = '-';
		else if (c >= 'A' && c <= 'Z')
			c = (uint8_t)(c - 'A' + 'a');
		if (c != name.p[i])
			return false;
	}
	return true;
}

enum outcome outcomes_named(struct span name)
{
	for (unsigned i = 0; i < OUTCOME_COUNT; i++)
		if (is_named(ROWS[i].name, name))
			return (enum outcome)i;
	return OUTCOME_INTERNAL;
}

const char *outcomes_phrase(int status)
{
	for (unsigned i = OUTCOME_DUPLICATE + 1; i < OUTCOME_COUNT; i++)
		if (ROWS[i].status == status)
			return ROWS[i].title;
	return NULL;
}

void outcomes_put(struct buf *out, const struct problem *problem)
{
	const struct outcome_row *row = outcomes_row(problem->outcome);
	const char *words =
	    problem->detail != NULL ? problem->detail : row->words;

	buf_putf(out,
		 "{\"type\":\"urn:hermetic:problem:%s\",\"title\":\"%s\","
		 "\"status\":%d,\"detail\":",
		 row->slug, row->title, row->status);
	json_put_string(out, span_str(words));
	if (row->number != NULL)
		buf_putf(out, ",\"%s\":%" PRIu64, row->number, problem->number);
	buf_put_u8(out, '}');
}
