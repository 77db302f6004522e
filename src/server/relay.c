#include "server/relay.h"

#include <string.h>

#include "base/metrics.h"
#include "base/rd.h"
#include "server/config.h"
#include "server/device_events.h"
#include "server/edge/peers.h"
#include "server/edge/process.h"
#include "server/hub/hub.h"
#include "server/lanes.h"
#include "server/revocations.h"

/* ---- telling ---- */

/* A notice: its kind, an id and a position. */
static void tell_notice(uint8_t kind, const uint8_t id[16], uint64_t seq)
{
	struct buf word = BUF_INIT;

	buf_put_u8(&word, kind);
	buf_put(&word, span_of(id, 16));
	buf_put_u64(&word, seq);
	if (buf_end(&word) == ERR_OK)
		peers_tell(0, buf_span(&word));
	buf_clear(&word);
}

static void put_message(struct buf *word, const struct message *m)
{
	buf_put_u8(word, RELAY_MESSAGE);
	buf_put(word, SPAN_ARRAY(m->session));
	buf_put_u64(word, m->seq);
	buf_put(word, SPAN_ARRAY(m->sender));
	buf_put_u64(word, m->epoch);
	buf_put_u8(word, (uint8_t)m->kind);
	buf_put(word, SPAN_ARRAY(m->head));
	buf_put(word, SPAN_ARRAY(m->hash));
	buf_put_u64(word, m->sent_ms);
	buf_put_u8(word, (uint8_t)m->origin.n);
	buf_put(word, m->origin);
	buf_put(word, m->bytes);
}

/* The others need not read it: the notice of it will find it delivered. */
void relay_stored(void *unused, const struct message *m)
{
	static struct buf word;

	(void)unused;
	hub_follow(m);
	if (config()->workers == 1)
		return;
	buf_reset(&word);
	put_message(&word, m);
	if (buf_end(&word) == ERR_OK && word.n <= PEERS_WORD_MAX)
		peers_tell(0, buf_span(&word));
	else
		tell_notice(NOTICE_MESSAGE, m->session, m->seq);
}

/* ---- hearing ---- */

static void take_message(struct rd *r)
{
	struct message m = { .seq = 0 };

	rd_copy(r, m.session, sizeof(m.session));
	m.seq = rd_u64(r);
	rd_copy(r, m.sender, sizeof(m.sender));
	m.epoch = rd_u64(r);
	m.kind = (enum message_kind)rd_u8(r);
	rd_copy(r, m.head, sizeof(m.head));
	rd_copy(r, m.hash, sizeof(m.hash));
	m.sent_ms = rd_u64(r);
	m.origin = rd_take(r, rd_u8(r));
	m.bytes = rd_take(r, rd_left(r));
	if (rd_ok(r))
		hub_follow(&m);
}

static void take_notice(uint8_t kind, const uint8_t id[16], uint64_t seq)
{
	switch (kind) {
	case NOTICE_MESSAGE:
		hub_grown(id, seq);
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
	uint8_t word = rd_u8(&r), id[16];
	uint64_t seq;

	switch (word) {
	case RELAY_APPEND:
		lanes_take_append(&r);
		return;
	case RELAY_RESULT:
		lanes_take_result(&r);
		return;
	case RELAY_STARTED:
		lanes_worker_started(rd_u8(&r));
		return;
	case RELAY_MESSAGE:
		take_message(&r);
		return;
	case RELAY_RESYNC:
		resync();
		return;
	}
	rd_copy(&r, id, sizeof(id));
	seq = rd_u64(&r);
	if (rd_end(&r) == ERR_OK)
		take_notice(word, id, seq);
}

/* ---- the database's notices, in the worker that listens ---- */

static void on_notice(void *arg, const struct notice *notice)
{
	(void)arg;
	metrics_count(METRIC_NOTICES, 1);
	take_notice((uint8_t)notice->kind, notice->id, notice->seq);
	tell_notice((uint8_t)notice->kind, notice->id, notice->seq);
}

/* Notices may have been missed. */
static void on_resync(void *arg)
{
	static const uint8_t word[] = { RELAY_RESYNC };

	(void)arg;
	resync();
	peers_tell(0, SPAN_ARRAY(word));
}

enum err relay_start(struct store *store)
{
	uint8_t started[] = { RELAY_STARTED, (uint8_t)process_worker() };

	peers_start(process_worker(), on_word, resync);
	peers_tell(0, SPAN_ARRAY(started));
	if (process_worker() != 1)
		return ERR_OK;
	return store_listen(store, on_notice, on_resync, NULL);
}
