#include "server/hub/topics.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

/* A bit for each bucket that is not empty. */
struct map {
	_Atomic uint64_t words[TOPIC_BUCKETS / 64];
};

static struct topic *buckets[TOPIC_BUCKETS];
static struct map own_map;
static struct map *maps; /* of all workers; NULL: there is but this one */
static struct map *own = &own_map;
static unsigned map_count;

static size_t index_of(struct uuid session)
{
	return ((size_t)session.bytes[0] << 8 | session.bytes[1]) %
	       TOPIC_BUCKETS;
}

static struct topic **bucket_of(struct uuid session)
{
	return &buckets[index_of(session)];
}

/* ---- what others see ---- */

enum err topics_share(unsigned workers)
{
	void *map = mmap(NULL, workers * sizeof(*maps), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return ERR_LOCAL_MEMORY;
	maps = map;
	map_count = workers;
	return ERR_OK;
}

void topics_start(unsigned worker)
{
	if (worker >= 1 && worker <= map_count)
		own = &maps[worker - 1];
	for (size_t i = 0; i < TOPIC_BUCKETS / 64; i++)
		atomic_store(&own->words[i], 0);
}

bool topics_are_followed(unsigned worker, struct uuid session)
{
	size_t i = index_of(session);

	return worker >= 1 && worker <= map_count &&
	       (atomic_load(&maps[worker - 1].words[i / 64]) >> i % 64 & 1) !=
		   0;
}

static void mark(struct uuid session)
{
	size_t i = index_of(session);
	uint64_t bit = (uint64_t)1 << i % 64;

	if (buckets[i] != NULL)
		(void)atomic_fetch_or(&own->words[i / 64], bit);
	else
		(void)atomic_fetch_and(&own->words[i / 64], ~bit);
}

/* ---- topics ---- */

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
	mark(session);
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
	mark(topic->session);
	free(topic);
}

struct topic *topics_bucket(size_t bucket)
{
	return buckets[bucket];
}
