#include "server/relay.h"

#include "base/metrics.h"
#include "server/config.h"
#include "server/device_events.h"
#include "server/edge/peers.h"
#include "server/edge/process.h"
#include "server/hub/hub.h"
#include "server/hub/topics.h"
#include "server/lanes.h"
#include "server/revocations.h"
#include "server/words.h"

/* ---- telling ---- */

static uint64_t own_node;

static void tell(struct buf *word)
{
	if (buf_end(word) == ERR_OK)
		peers_tell(0, buf_span(word));
	buf_clear(word);
}

/* To those other workers that follow the session, if any does: each that is woken costs. */
static void tell_followers(struct uuid session,
			   void (*put)(struct buf *word, const void *what),
			   const void *what)
{
	struct buf word = BUF_INIT;

	for (unsigned i = 1; i <= (unsigned)config()->workers; i++) {
		if (i == process_worker() || !topics_are_followed(i, session))
			continue;
		if (word.n == 0)
			put(&word, what);
		if (buf_end(&word) == ERR_OK)
			peers_tell(i, buf_span(&word));
	}
	buf_clear(&word);
}

static void put_notice(struct buf *word, const void *notice)
{
	words_put_notice(word, notice);
}

/* One that is too large is read by whoever follows it. */
static void put_message(struct buf *word, const void *what)
{
	const struct message *m = what;
	const struct notice notice = { .kind = NOTICE_MESSAGE,
				       .id = m->session,
				       .seq = m->seq };

	words_put_message(word, m);
	if (word->fail != ERR_OK || word->n <= PEERS_WORD_MAX)
		return;
	buf_reset(word);
	words_put_notice(word, &notice);
}

static bool is_of_session(const struct notice *notice)
{
	return notice->kind == NOTICE_MESSAGE ||
	       notice->kind == NOTICE_MEMBERS || notice->kind == NOTICE_TYPING;
}

static void tell_notice(const struct notice *notice)
{
	struct buf word = BUF_INIT;

	if (is_of_session(notice)) {
		tell_followers(notice->id, put_notice, notice);
		return;
	}
	words_put_notice(&word, notice);
	tell(&word);
}

static void tell_message(const struct message *m)
{
	hub_follow(m);
	tell_followers(m->session, put_message, m);
}

/* The others need not read it, and need not be told of the notice of it. */
void relay_stored(void *unused, const struct message *m)
{
	(void)unused;
	tell_message(m);
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

bool relay_wants(const struct notice *notice)
{
	bool followed = false;

	for (unsigned i = 1; i <= (unsigned)config()->workers; i++)
		followed |= topics_are_followed(i, notice->id);
	return followed && notice->node != own_node;
}

void relay_heard(void *unused, const struct notice *notice)
{
	struct rd row = rd_init(notice->bytes);
	struct message message;

	(void)unused;
	metrics_count(METRIC_NOTICES, 1);
	if (notice->node == own_node)
		return; /* relay_stored() has told all workers */
	if (notice->kind == NOTICE_MESSAGE && notice->bytes.n > 0 &&
	    message_take(&row, &message)) {
		tell_message(&message);
		return;
	}
	take_notice(notice);
	tell_notice(notice);
}

void relay_missed(void *unused)
{
	struct buf word = BUF_INIT;

	(void)unused;
	resync();
	words_put_resync(&word);
	tell(&word);
}

bool relay_listens(void)
{
	return process_worker() == 1;
}

void relay_start(uint64_t node)
{
	struct buf word = BUF_INIT;

	own_node = node;
	peers_start(process_worker(), on_word, resync);
	words_put_started(&word, process_worker());
	tell(&word);
}
