#include "mqtt/members.h"

#include <stdlib.h>
#include <string.h>

struct group {
	struct group *next;
	struct uuid session;
	int64_t epoch;
	struct uuid *devices; /* in ascending order */
	size_t count;
};

struct members {
	struct group **slots; /* chains; a power of two */
	size_t size, count;
};

enum { SIZE_FIRST = 1024 };

/* Session ids are chosen by their creators: mixed, so that none of them can
 * fill one chain by hand without much work, and all bytes count. */
static size_t slot(struct uuid id, size_t size)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < sizeof(id.bytes); i++)
		h = (h ^ id.bytes[i]) * 0x100000001b3;
	return (size_t)(h ^ h >> 29) & (size - 1);
}

static struct group *find(const struct members *m, struct uuid session)
{
	struct group *g = m->slots[slot(session, m->size)];

	while (g != NULL && !uuid_equal(g->session, session))
		g = g->next;
	return g;
}

enum err members_new(struct members **out)
{
	struct members *m = calloc(1, sizeof(*m));
	enum err e = ERR_OK;

	ENSURE(m != NULL, ERR_LOCAL_MEMORY);
	m->size = SIZE_FIRST;
	m->slots = calloc(m->size, sizeof(struct group *));
	ENSURE(m->slots != NULL, ERR_LOCAL_MEMORY);
	*out = m;
	m = NULL;
out:
	members_free(m);
	return e;
}

void members_free(struct members *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; m->slots != NULL && i < m->size; i++)
		while (m->slots[i] != NULL) {
			struct group *g = m->slots[i];

			m->slots[i] = g->next;
			free(g->devices);
			free(g);
		}
	free(m->slots);
	free(m);
}

bool members_have(const struct members *m, struct uuid session,
		  struct uuid device)
{
	const struct group *g = find(m, session);

	return g != NULL && g->count > 0 &&
	       bsearch(&device, g->devices, g->count, sizeof(device),
		       uuid_compare) != NULL;
}

int64_t members_epoch(const struct members *m, struct uuid session)
{
	const struct group *g = find(m, session);

	return g != NULL ? g->epoch : -1;
}

/* Without memory for it the chains only get longer. */
static void grow(struct members *m)
{
	size_t size = m->size * 2;
	struct group **slots = calloc(size, sizeof(struct group *));

	if (slots == NULL)
		return;
	for (size_t i = 0; i < m->size; i++)
		while (m->slots[i] != NULL) {
			struct group *g = m->slots[i];
			size_t to = slot(g->session, size);

			m->slots[i] = g->next;
			g->next = slots[to];
			slots[to] = g;
		}
	free(m->slots);
	m->slots = slots;
	m->size = size;
}

static struct group *add(struct members *m, struct uuid session)
{
	struct group *g = calloc(1, sizeof(*g));
	size_t at;

	if (g == NULL)
		return NULL;
	if (++m->count > m->size)
		grow(m);
	at = slot(session, m->size);
	g->session = session;
	g->next = m->slots[at];
	m->slots[at] = g;
	return g;
}

enum err members_set(struct members *m, struct uuid session, int64_t epoch,
		     const struct uuid *devices, size_t count)
{
	struct group *g = find(m, session);

	if (g == NULL)
		g = add(m, session);
	if (g == NULL)
		return ERR_LOCAL_MEMORY;
	free(g->devices);
	g->epoch = -1;
	g->count = 0;
	g->devices = calloc(count + 1, sizeof(*devices));
	if (g->devices == NULL)
		return ERR_LOCAL_MEMORY;
	if (count > 0) {
		memcpy(g->devices, devices, count * sizeof(*devices));
		qsort(g->devices, count, sizeof(*devices), uuid_compare);
	}
	g->epoch = epoch;
	g->count = count;
	return ERR_OK;
}
