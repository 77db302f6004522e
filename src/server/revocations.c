#include "server/revocations.h"

#include <stdlib.h>

#include "door/bearer.h"
#include "server/answer.h"
#include "server/config.h"
#include "server/edge/loop.h"

enum { RELOAD_MS = 5000 };

static struct uuid *families; /* in ascending order */
static size_t count;
static bool asking, again;

bool revocations_have(struct uuid family)
{
	return count > 0 && bsearch(&family, families, count, sizeof(family),
				    uuid_compare) != NULL;
}

void revocations_tell(struct uuid family)
{
	struct uuid *grown = realloc(families, (count + 1) * sizeof(*grown));

	store_tell(answer_store(), NOTICE_REVOKED, family, 0);
	if (grown == NULL)
		return; /* the next reload brings it */
	families = grown;
	families[count++] = family;
	qsort(families, count, sizeof(*families), uuid_compare);
}

void revocations_tell_rows(struct rows *rows)
{
	for (size_t i = 0; i < rows_count(rows); i++)
		if (!rows_is_null(rows, i, "family_id"))
			revocations_tell(rows_uuid(rows, i, "family_id"));
}

static void take(struct rows *rows)
{
	size_t n = rows_count(rows);
	struct uuid *fresh = calloc(n + 1, sizeof(*fresh));

	if (fresh == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		fresh[i] = rows_uuid(rows, i, "family_id");
	if (rows_end(rows) != ERR_OK) {
		free(fresh);
		return;
	}
	qsort(fresh, n, sizeof(*fresh), uuid_compare);
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
	params_i64(&params,
		   (int64_t)bearer_revoked_s(config()->access_seconds));
	asking = store_query(answer_store(), STATEMENT_REVOCATION_LIST, &params,
			     on_listed, NULL) == ERR_OK;
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
