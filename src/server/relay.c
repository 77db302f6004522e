#include "server/relay.h"

#include "base/metrics.h"
#include "server/config.h"
#include "server/device_events.h"
#include "server/edge/peers.h"
#include "server/edge/process.h"
#include "server/hub/hub.h"
#include "server/lanes.h"
#include "server/revocations.h"
#include "server/words.h"

/* ---- telling ---- */

static void tell(struct buf *word)
{
	if (buf_end(word) == ERR_OK)
		peers_tell(0, buf_span(word));
	buf_clear(word);
}

static void tell_notice(const struct notice *notice)
{
	struct buf word = BUF_INIT;

	words_put_notice(&word, notice);
	tell(&word);
}

/* The others need not read it: the notice of it will find it delivered. */
void relay_stored(void *unused, const struct message *m)
{
	const struct notice notice = { NOTICE_MESSAGE, m->session, m->seq,
				       SPAN_EMPTY };
	static struct buf word;

	(void)unused;
	hub_follow(m);
	if (config()->workers == 1)
		return;
	buf_reset(&word);
	words_put_message(&word, m);
	if (buf_end(&word) == ERR_OK && word.n <= PEERS_WORD_MAX) {
		peers_tell(0, buf_span(&word));
		return;
	}
	tell_notice(&notice);
}

/* ---- hearing ---- */

static void take_notice(const struct notice *notice)
{
	struct uuid id = notice->id;

	switch (notice->kind) {
	case NOTICE_MESSAGE:
		hub_grown(id, notice->seq);
		return;
	case NOTICE_WELCOME:
		device_events_welcome(id);
		return;
	case NOTICE_ROTATION:
		device_events_rotation(id);
		return;
	case NOTICE_KEY_PACKAGES:
		device_events_key_packages(id);
		return;
	case NOTICE_APPROVAL:
		device_events_approval(id);
		return;
	case NOTICE_MEMBERS:
		hub_members(id);
		return;
	case NOTICE_REVOKED:
		revocations_reload();
		return;
	case NOTICE_TYPING:
		hub_typing(notice);
		return;
	}
}

static void resync(void)
{
	revocations_reload();
	hub_resync();
}

static void on_word(struct span bytes)
{
	struct rd r = rd_init(bytes);
	uint8_t kind = words_kind(&r);
	struct words_append append;
	struct words_result result;
	struct message message;
	struct notice notice;
	unsigned worker;

	switch (kind) {
	case WORDS_APPEND:
		if (words_take_append(&r, &append))
			lanes_take_append(&append);
		return;
	case WORDS_RESULT:
		if (words_take_result(&r, &result))
			lanes_take_result(&result);
		return;
	case WORDS_STARTED:
		if (words_take_started(&r, &worker))
			lanes_worker_started(worker);
		return;
	case WORDS_MESSAGE:
		if (words_take_message(&r, &message))
			hub_follow(&message);
		return;
	case WORDS_RESYNC:
		resync();
		return;
	default:
		if (words_take_notice(&r, kind, &notice))
			take_notice(&notice);
	}
}

/* ---- the database's notices, in the worker that listens ---- */

static void on_notice(void *arg, const struct notice *notice)
{
	(void)arg;
	metrics_count(METRIC_NOTICES, 1);
	take_notice(notice);
	tell_notice(notice);
}

/* Notices may have been missed. */
static void on_resync(void *arg)
{
	struct buf word = BUF_INIT;

	(void)arg;
	resync();
	words_put_resync(&word);
	tell(&word);
}

enum err relay_start(struct store *store)
{
	struct buf word = BUF_INIT;

	peers_start(process_worker(), on_word, resync);
	words_put_started(&word, process_worker());
	tell(&word);
	if (process_worker() != 1)
		return ERR_OK;
	return store_listen(store, on_notice, on_resync, NULL);
}
