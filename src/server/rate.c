#include "server/rate.h"

#include <string.h>

#include "base/metrics.h"
#include "server/app.h"
#include "server/edge/loop.h"

enum { SLOTS = 8192, MINUTE_MS = 60000, TELL_MS = 1000, TELL_MAX = 512 };

static struct slot {
	uint64_t name;
	unsigned long since, heard_at;
	uint64_t count;	 /* ours, since then */
	uint64_t unsaid; /* of these */
	uint64_t all;	 /* everybody's of this minute, when last heard */
	bool queued;
} slots[SLOTS];

static size_t queue[TELL_MAX]; /* slots with something unsaid */
static size_t queued;

/* FNV-1a: not against an adversary, who could lock somebody out anyway. */
static uint64_t hash(const char *name)
{
	uint64_t h = 14695981039346656037u;

	for (; *name != '\0'; name++)
		h = (h ^ (uint8_t)*name) * 1099511628211u;
	return h;
}

static struct slot *slot_of(uint64_t name)
{
	struct slot *slot = &slots[name % SLOTS];
	unsigned long now = loop_now_ms();

	if (slot->name != name)
		*slot = (struct slot){ .name = name,
				       .since = now,
				       .queued = slot->queued };
	if (now - slot->since > MINUTE_MS) {
		slot->since = now;
		slot->count = 0;
	}
	if (now - slot->heard_at > MINUTE_MS)
		slot->all = 0;
	return slot;
}

static void tell_later(struct slot *slot)
{
	slot->unsaid++;
	if (slot->queued || queued == TELL_MAX)
		return; /* a full queue is told of the next try */
	slot->queued = true;
	queue[queued++] = (size_t)(slot - slots);
}

bool rate_allows(struct request *req, const char *name, uint64_t limit)
{
	struct slot *slot = slot_of(hash(name));

	slot->count++;
	tell_later(slot);
	if (slot->count <= limit && slot->all + slot->unsaid <= limit)
		return true;
	metrics_count(METRIC_RATE_LIMITED, 1);
	request_add(req, "Retry-After", "60");
	request_problem(req, OUTCOME_TOO_MANY_REQUESTS, NULL);
	return false;
}

/* ---- what the others have counted ---- */

static void on_shared(void *arg, enum err e, struct rows *rows)
{
	(void)arg;
	for (size_t i = 0; e == ERR_OK && i < rows_count(rows); i++) {
		uint64_t name = (uint64_t)rows_i64(rows, i, "name");
		uint64_t all = (uint64_t)rows_i64(rows, i, "count");
		struct slot *slot = &slots[name % SLOTS];

		if (rows_end(rows) != ERR_OK)
			return;
		if (slot->name != name)
			continue; /* somebody else has it now */
		slot->all = all;
		slot->heard_at = loop_now_ms();
	}
}

static void put_names(struct params *params)
{
	params_open_array(params, PARAMS_INT8, queued);
	for (size_t i = 0; i < queued; i++)
		params_put_i64(params, (int64_t)slots[queue[i]].name);
	params_close_array(params);
}

static void put_counts(struct params *params)
{
	params_open_array(params, PARAMS_INT8, queued);
	for (size_t i = 0; i < queued; i++)
		params_put_i64(params, (int64_t)slots[queue[i]].unsaid);
	params_close_array(params);
}

static void tell(void *arg)
{
	struct params params = PARAMS_INIT;

	(void)arg;
	if (queued == 0 || !store_is_ready(app_store()))
		return;
	put_names(&params);
	put_counts(&params);
	if (store_query(app_store(), STATEMENT_RATE_SHARE, &params, on_shared,
			NULL) != ERR_OK)
		return; /* told with the next */
	for (size_t i = 0; i < queued; i++) {
		struct slot *slot = &slots[queue[i]];

		/* heard back before long; until then it counts as heard */
		slot->all += slot->unsaid;
		slot->heard_at = loop_now_ms();
		slot->unsaid = 0;
		slot->queued = false;
	}
	queued = 0;
}

void rate_start(void)
{
	loop_every(TELL_MS, tell, NULL);
}
