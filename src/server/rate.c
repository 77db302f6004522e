#include "server/rate.h"

#include "base/metrics.h"
#include "server/edge/loop.h"

enum { SLOTS = 8192, MINUTE_MS = 60000 };

static struct slot {
	uint64_t name;
	unsigned long since;
	uint64_t count;
} slots[SLOTS];

/* FNV-1a: not against an adversary, who could only lock out himself. */
static uint64_t hash(const char *name)
{
	uint64_t h = 14695981039346656037u;

	for (; *name != '\0'; name++)
		h = (h ^ (uint8_t)*name) * 1099511628211u;
	return h;
}

bool rate_allows(const char *name, uint64_t limit)
{
	uint64_t h = hash(name);
	struct slot *slot = &slots[h % SLOTS];
	unsigned long now = loop_now_ms();

	if (slot->name != h || now - slot->since > MINUTE_MS)
		*slot = (struct slot){ h, now, 0 };
	slot->count++;
	if (slot->count > limit)
		metrics_count(METRIC_RATE_LIMITED, 1);
	return slot->count <= limit;
}
