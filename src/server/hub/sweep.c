#include "server/hub/sweep.h"

#include <string.h>

#include "server/hub/reading.h"

enum { SWEEP_TICKS = 50, SWEEP_TOPICS = 512 };

static struct store *store;

void sweep_start(struct store *s)
{
	store = s;
}

static struct {
	bool due, asking;
	size_t from, to; /* buckets: the statement's are from..to-1 */
	unsigned round;	 /* a new one makes an answer on its way void */
	unsigned ticks;
} sweep;

static void on_positions(void *arg, enum err e, struct rows *rows)
{
	struct topic *topic;

	sweep.asking = false;
	if (e != ERR_OK || (uintptr_t)arg != sweep.round)
		return; /* the tick asks again */
	for (size_t i = 0; i < rows_count(rows); i++) {
		topic = topics_find(rows_uuid(rows, i, "session_id"));
		if (topic != NULL)
			reading_grown(topic,
				      (uint64_t)rows_i64(rows, i, "last_seq"));
	}
	sweep.from = sweep.to;
	sweep.due = sweep.from < TOPIC_BUCKETS;
}

static void sweep_some(void)
{
	static struct uuid sessions[SWEEP_TOPICS];
	struct params params = PARAMS_INIT;
	size_t count = 0;

	for (sweep.to = sweep.from; sweep.to < TOPIC_BUCKETS; sweep.to++) {
		size_t before = count;
		const struct topic *t = topics_bucket(sweep.to);

		for (; t != NULL && count < SWEEP_TOPICS; t = t->next)
			sessions[count++] = t->session;
		if (t != NULL && before > 0) { /* not all of this one fit */
			count = before;
			break;
		}
	}
	if (count == 0) {
		sweep.due = false;
		return;
	}
	params_open_array(&params, PARAMS_UUID, count);
	for (size_t i = 0; i < count; i++)
		params_put_uuid(&params, sessions[i]);
	params_close_array(&params);
	sweep.asking =
	    store_query(store, STATEMENT_SESSION_POSITIONS, &params,
			on_positions, (void *)(uintptr_t)sweep.round) == ERR_OK;
}

void sweep_all(void)
{
	sweep.due = true;
	sweep.from = 0;
	sweep.round++;
}

void sweep_tick(void)
{
	if (++sweep.ticks % SWEEP_TICKS == 0 && !sweep.due)
		sweep_all();
	if (sweep.due && !sweep.asking)
		sweep_some();
}
