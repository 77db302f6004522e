#include "door/presence.h"

#include <string.h>

/* The worker counts as present who was seen within 90 seconds. */
enum { EVERY_MS = 30000, SOON_MS = 500, BATCH = 512 };

static struct presence_settings presence;
static struct uuid batch[BATCH]; /* who has come since the last telling */
static size_t count;

static void on_told(void *arg, enum err e, struct rows *rows)
{
	(void)arg;
	(void)e; /* the next round tells it again */
	(void)rows;
}

static void flush(void *arg)
{
	struct params params = PARAMS_INIT;

	(void)arg;
	if (count == 0)
		return;
	params_open_array(&params, PARAMS_UUID, count);
	for (size_t i = 0; i < count; i++)
		params_put_uuid(&params, batch[i]);
	params_close_array(&params);
	count = 0;
	/* a full queue has better things to do: the next round tells it */
	if (presence.put(&params, on_told) != ERR_OK)
		return;
}

static void add(void *arg, struct uuid device)
{
	(void)arg;
	batch[count++] = device;
	if (count == BATCH)
		flush(NULL);
}

void presence_arrived(struct uuid device)
{
	add(NULL, device);
}

static void on_round(void *arg)
{
	(void)arg;
	presence.list(add, NULL);
	flush(NULL);
}

void presence_start(const struct presence_settings *settings)
{
	const struct store_loop *loop = settings->loop;

	presence = *settings;
	loop->every(loop->context, SOON_MS, flush, NULL);
	loop->every(loop->context, EVERY_MS, on_round, NULL);
}
