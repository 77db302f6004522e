#include "server/revocations.h"

#include <stdlib.h>
#include <string.h>

#include "server/answer.h"
#include "server/config.h"
#include "server/edge/loop.h"

enum { RELOAD_MS = 5000 };

static uint8_t (*families)[16]; /* in ascending order */
static size_t count;
static bool asking, again;

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

bool revocations_have(const uint8_t family[16])
{
	return count > 0 &&
	       bsearch(family, families, count, 16, compare) != NULL;
}

void revocations_tell(const uint8_t family[16])
{
	uint8_t(*grown)[16] = realloc(families, (count + 1) * 16);

	store_tell(answer_store(), NOTICE_REVOKED, family, 0);
	if (grown == NULL)
		return; /* the next reload brings it */
	families = grown;
	memcpy(families[count++], family, 16);
	qsort(families, count, 16, compare);
}

void revocations_tell_rows(struct rows *rows)
{
	uint8_t family[16];

	for (size_t i = 0; i < rows_count(rows); i++) {
		if (rows_is_null(rows, i, "family_id"))
			continue;
		rows_uuid(rows, i, "family_id", family);
		revocations_tell(family);
	}
}

static void take(struct rows *rows)
{
	size_t n = rows_count(rows);
	uint8_t(*fresh)[16] = calloc(n + 1, 16);

	if (fresh == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		rows_uuid(rows, i, "family_id", fresh[i]);
	if (rows_end(rows) != ERR_OK) {
		free(fresh);
		return;
	}
	qsort(fresh, n, 16, compare);
	free(families);
	families = fresh;
	count = n;
}

static void on_listed(void *arg, enum err e, struct rows *rows)
{
	(void)arg;
	asking = false;
	if (e == ERR_OK)
		take(rows);
	if (again)
		revocations_reload();
}

void revocations_reload(void)
{
	struct params params = PARAMS_INIT;

	/* one that was asked before the notice may not show it yet */
	again = asking;
	if (asking || !store_is_ready(answer_store()))
		return;
	params_i64(&params, (int64_t)config()->access_seconds);
	asking = store_query(answer_store(), STATEMENT_REVOCATION_LIST, &params,
			     on_listed, NULL) == ERR_OK;
}

void revocations_tell_all(void)
{
	static const uint8_t none[16];

	store_tell(answer_store(), NOTICE_REVOKED, none, 0);
	revocations_reload();
}

static void on_tick(void *arg)
{
	(void)arg;
	if (!asking)
		revocations_reload();
}

void revocations_start(void)
{
	loop_every(RELOAD_MS, on_tick, NULL);
}
