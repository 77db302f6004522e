#include "mqtt_bridge/logs.h"

#include <stdlib.h>

#include "base/metrics.h"

enum { BUCKETS = 65536 };

static struct log *buckets[BUCKETS];
static uint64_t known;

static struct log **bucket_of(struct uuid session)
{
	return &buckets[((size_t)session.bytes[0] << 8 | session.bytes[1]) %
			BUCKETS];
}

struct log *logs_find(struct uuid session)
{
	struct log *l = *bucket_of(session);

	while (l != NULL && !uuid_equal(l->session, session))
		l = l->of_bucket;
	return l;
}

struct log *logs_add(struct uuid session, uint64_t now_ms)
{
	struct log **bucket = bucket_of(session);
	struct log *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->session = session;
	l->since_ms = l->used_ms = now_ms;
	l->of_bucket = *bucket;
	*bucket = l;
	metrics_set(METRIC_MQTT_LOGS, ++known);
	return l;
}

void logs_each(void (*each)(struct log *l))
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct log *l = buckets[i]; l != NULL; l = l->of_bucket)
			each(l);
}

static bool is_done(const struct log *l, uint64_t used_before_ms)
{
	return l->placed && !l->queued && !l->asked && l->sent >= l->last &&
	       l->used_ms < used_before_ms;
}

void logs_forget(uint64_t used_before_ms)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct log **at = &buckets[i]; *at != NULL;) {
			struct log *l = *at;

			if (!is_done(l, used_before_ms)) {
				at = &l->of_bucket;
				continue;
			}
			*at = l->of_bucket;
			free(l);
			known--;
		}
	metrics_set(METRIC_MQTT_LOGS, known);
}
