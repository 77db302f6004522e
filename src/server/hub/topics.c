#include "server/hub/topics.h"

#include <stdlib.h>
#include <string.h>

static struct topic *buckets[TOPIC_BUCKETS];

static struct topic **bucket_of(struct uuid session)
{
	return &buckets[((size_t)session.bytes[0] << 8 | session.bytes[1]) %
			TOPIC_BUCKETS];
}

struct topic *topics_find(struct uuid session)
{
	struct topic *t = *bucket_of(session);

	while (t != NULL && !uuid_equal(t->session, session))
		t = t->next;
	return t;
}

struct topic *topics_make(struct uuid session)
{
	struct topic *t = topics_find(session), **bucket = bucket_of(session);

	if (t != NULL)
		return t;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	t->session = session;
	t->next = *bucket;
	*bucket = t;
	return t;
}

void topics_drop_if_unused(struct topic *topic)
{
	struct topic **at = bucket_of(topic->session);

	if (topic->subscriptions != NULL || topic->waits || topic->reading)
		return;
	while (*at != topic)
		at = &(*at)->next;
	*at = topic->next;
	free(topic);
}

struct topic *topics_bucket(size_t bucket)
{
	return buckets[bucket];
}
