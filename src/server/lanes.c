#include "server/lanes.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/config.h"
#include "server/edge/loop.h"
#include "server/edge/peers.h"
#include "server/edge/process.h"

enum {
	WORKERS_PER_LANE = 4,
	LANES_MAX = 16,
	PATIENCE_MS = 5000,
	TICK_MS = 500
};

/* An envelope that another worker is to store. */
struct handed {
	struct handed *next;
	uint64_t id;
	struct append message;
	append_done *done;
	void *arg;
	unsigned long since;
	uint8_t bytes[]; /* the envelope and the origin */
};

/* In the order in which they were handed on; answers come in about that. */
struct lane {
	struct handed *first, **end;
};

static struct store *store;
static struct lane lanes[LANES_MAX]; /* of workers 1 to 16 */
static size_t count;
static uint64_t last_id;
static bool draining;

/* ---- handing on ---- */

static unsigned lane_count(void)
{
	unsigned workers = (unsigned)config()->workers;

	return (workers + WORKERS_PER_LANE - 1) / WORKERS_PER_LANE;
}

static unsigned writer_of(struct uuid session)
{
	return 1 + session.bytes[15] % lane_count();
}

static struct handed *new_handed(const struct append *message,
				 append_done *done, void *arg)
{
	struct span envelope = message->envelope, origin = message->origin;
	struct handed *h = malloc(sizeof(*h) + envelope.n + origin.n);

	if (h == NULL)
		return NULL;
	*h = (struct handed){ .id = ++last_id,
			      .message = *message,
			      .done = done,
			      .arg = arg,
			      .since = loop_now_ms() };
	h->message.envelope = span_copy(h->bytes, envelope);
	h->message.origin = span_copy(h->bytes + envelope.n, origin);
	return h;
}

static enum err hand_on(unsigned worker, const struct append *message,
			append_done *done, void *arg)
{
	static struct buf word;
	struct lane *lane = &lanes[worker - 1];
	struct handed *h;

	if (count >= (size_t)config()->queue_messages)
		return ERR_LOCAL_BUSY;
	h = new_handed(message, done, arg);
	if (h == NULL)
		return ERR_LOCAL_MEMORY;
	buf_reset(&word);
	words_put_append(&word, &(const struct words_append){
				    process_worker(), h->id, h->message });
	if (buf_end(&word) != ERR_OK) {
		free(h);
		return ERR_LOCAL_MEMORY;
	}
	peers_tell(worker, buf_span(&word));
	*lane->end = h;
	lane->end = &h->next;
	count++;
	return ERR_OK;
}

enum err lanes_append(const struct append *message, append_done *done,
		      void *arg)
{
	unsigned worker = writer_of(message->session);

	if (worker == process_worker() || draining ||
	    WORDS_APPEND_HEAD + message->origin.n + message->envelope.n >
		PEERS_WORD_MAX)
		return store_append(store, message, done, arg);
	return hand_on(worker, message, done, arg);
}

/* ---- what comes back ---- */

static struct handed *take(struct lane *lane, struct handed **at)
{
	struct handed *h = *at;

	*at = h->next;
	if (*at == NULL)
		lane->end = at;
	count--;
	return h;
}

/* NULL: it has been stored from here meanwhile, or its asker is no more. */
static struct handed *find(uint64_t id)
{
	for (size_t i = 0; i < LANES_MAX; i++)
		for (struct handed **at = &lanes[i].first; *at != NULL;
		     at = &(*at)->next)
			if ((*at)->id == id)
				return take(&lanes[i], at);
	return NULL;
}

void lanes_take_result(const struct words_result *result)
{
	struct handed *h = find(result->id);

	if (h == NULL)
		return;
	h->done(h->arg, &result->result);
	free(h);
}

/* ---- when nothing comes back ---- */

static void store_here(struct handed *h)
{
	static const struct append_result unavailable = {
		.outcome = APPEND_UNAVAILABLE
	};

	if (store_append(store, &h->message, h->done, h->arg) != ERR_OK)
		h->done(h->arg, &unavailable);
	free(h);
}

static void take_back(struct lane *lane, unsigned long older_than_ms)
{
	unsigned long now = loop_now_ms();

	while (lane->first != NULL && now - lane->first->since >= older_than_ms)
		store_here(take(lane, &lane->first));
}

static void on_tick(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < LANES_MAX; i++)
		take_back(&lanes[i], PATIENCE_MS);
}

void lanes_worker_started(unsigned worker)
{
	if (worker >= 1 && worker <= LANES_MAX)
		take_back(&lanes[worker - 1], 0);
}

void lanes_drain(void)
{
	draining = true;
	for (size_t i = 0; i < LANES_MAX; i++)
		take_back(&lanes[i], 0);
}

bool lanes_are_idle(void)
{
	return count == 0;
}

/* ---- for another worker ---- */

struct asker {
	unsigned worker;
	uint64_t id;
};

static void on_stored(void *arg, const struct append_result *result)
{
	struct asker *asker = arg;
	struct buf word = BUF_INIT;

	words_put_result(&word,
			 &(const struct words_result){ asker->id, *result });
	if (buf_end(&word) == ERR_OK)
		peers_tell(asker->worker, buf_span(&word));
	buf_clear(&word);
	free(asker);
}

void lanes_take_append(const struct words_append *append)
{
	static const struct append_result unavailable = {
		.outcome = APPEND_UNAVAILABLE
	};
	struct asker *asker = malloc(sizeof(*asker));

	if (asker == NULL)
		return; /* the other one loses patience */
	*asker = (struct asker){ append->worker, append->id };
	if (store_append(store, &append->message, on_stored, asker) != ERR_OK)
		on_stored(asker, &unavailable);
}

void lanes_start(struct store *s)
{
	store = s;
	/* answers to who had this number before must not be taken for ours */
	last_id = (uint64_t)getpid() << 32;
	for (size_t i = 0; i < LANES_MAX; i++)
		lanes[i].end = &lanes[i].first;
	loop_every(TICK_MS, on_tick, NULL);
}
