/*
 * What the workers of a node tell each other, and what the database notifies: a
 * packet of words, each after its length. What is taken of a word is what it would
 * be put as, and where a message comes from can be logged. The first byte chooses: even, a packet; odd, a payload of lines.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "door/origin.h"

/* The server is no archive; these files of it need no more than what stands
 * below in the place of those that act on what was heard. */
#include "server/edge/peers.c"
#include "server/hub/topics.c"
#include "server/relay.c"
#include "server/words.c"

static struct span heard; /* the word that is being taken */
static unsigned acts;	  /* that came of it */

static void same(struct buf *word)
{
	if (buf_end(word) != ERR_OK || !span_equal(buf_span(word), heard))
		abort();
	buf_clear(word);
}

static void within(struct span part)
{
	if (part.n > 0 &&
	    (part.p < heard.p || part.p + part.n > heard.p + heard.n))
		abort();
}

/* ---- who acts ---- */

void lanes_take_append(const struct words_append *append)
{
	struct buf word = BUF_INIT;

	within(append->message.origin);
	within(append->message.envelope);
	words_put_append(&word, append);
	if (word.n != WORDS_APPEND_HEAD + append->message.origin.n +
			  append->message.envelope.n)
		abort();
	same(&word);
	acts++;
}

void lanes_take_result(const struct words_result *result)
{
	struct words_result again;
	struct buf word = BUF_INIT;
	struct rd r;

	words_put_result(&word, result);
	r = rd_init(buf_span(&word));
	if (words_kind(&r) != WORDS_RESULT || !words_take_result(&r, &again) ||
	    again.id != result->id || again.result.seq != result->result.seq ||
	    again.result.rotation_due != result->result.rotation_due)
		abort();
	buf_clear(&word);
	acts++;
}

void lanes_worker_started(unsigned worker)
{
	struct buf word = BUF_INIT;

	words_put_started(&word, worker);
	same(&word);
	acts++;
}

/* Linked in the place of the log: a line about where a message came from. */
void __wrap_log_event(enum log_level level, const char *event,
		      const struct log_field *fields);

void __wrap_log_event(enum log_level level, const char *event,
		      const struct log_field *fields)
{
	(void)level;
	(void)event;
	for (; fields->name != NULL; fields++)
		if (fields->text != NULL &&
		    strlen(fields->text) > ORIGIN_REQUEST_MAX)
			abort();
}

void hub_follow(const struct message *message)
{
	struct buf word = BUF_INIT;

	within(message->origin);
	within(message->bytes);
	origin_log_delivered(message, 1);
	words_put_message(&word, message);
	same(&word);
	acts++;
}

static void act(struct uuid id)
{
	volatile uint8_t last = id.bytes[15];

	(void)last;
	acts++;
}

void hub_grown(struct uuid session, uint64_t seq)
{
	(void)seq;
	act(session);
}

void hub_members(struct uuid session)
{
	act(session);
}

void hub_typing(const struct notice *notice)
{
	within(notice->bytes);
	act(notice->id);
}

void hub_resync(void)
{
	acts++;
}

void device_events_welcome(struct uuid device)
{
	act(device);
}

void device_events_rotation(struct uuid device)
{
	act(device);
}

void device_events_key_packages(struct uuid device)
{
	act(device);
}

void device_events_approval(struct uuid device)
{
	act(device);
}

void revocations_reload(void)
{
	acts++;
}

/* ---- one worker of two ---- */

const struct config *config(void)
{
	static const struct config values = { .workers = 2 };

	return &values;
}

unsigned process_worker(void)
{
	return 2;
}

void loop_watch(int fd, unsigned events,
		void (*ready)(void *arg, unsigned events), void *arg)
{
	(void)fd;
	(void)events;
	(void)ready;
	(void)arg;
}

void loop_later(unsigned ms, void (*run)(void *arg), void *arg)
{
	(void)ms;
	(void)run;
	(void)arg;
}

/* ---- what comes ---- */

static void on_fuzz_word(struct span word)
{
	unsigned before = acts;

	heard = word;
	on_word(word);
	if (acts > before + 2) /* of a resync */
		abort();
}

/* Rows come as they are: it is the nodes' matter who could have sealed them. */
static enum err open_row(struct span sealed, struct buf *out)
{
	buf_put(out, sealed);
	return ERR_OK;
}

static const struct lines_seal SEAL = { NULL, open_row, NULL };

static bool is_line(const struct notice *n)
{
	bool has_seq = n->kind == NOTICE_MESSAGE || n->kind == NOTICE_TYPING;

	return n->kind >= NOTICE_MESSAGE && n->kind <= NOTICE_TYPING &&
	       n->seq <= INT64_MAX && (has_seq || n->seq == 0) &&
	       (n->kind == NOTICE_MESSAGE || n->node == 0) &&
	       (n->kind == NOTICE_TYPING
		    ? n->bytes.n > 0 && n->bytes.n <= LINES_TYPING_MAX
		    : n->kind == NOTICE_MESSAGE || n->bytes.n == 0);
}

/* A row is told as the message that it is. */
static void on_row(const struct notice *notice)
{
	struct rd r = rd_init(notice->bytes);
	struct buf word = BUF_INIT;
	struct message m;

	if (!message_take(&r, &m) || m.seq != notice->seq ||
	    !uuid_equal(m.session, notice->id))
		abort();
	words_put_message(&word, &m);
	if (word.n != 1 + notice->bytes.n)
		abort();
	on_fuzz_word(buf_span(&word));
	buf_clear(&word);
}

/* A notice of the database is told as a word, and that word is the notice. */
static void on_line(void *arg, const struct notice *notice)
{
	struct buf word = BUF_INIT;
	struct notice again;
	struct rd r;

	(void)arg;
	if (!is_line(notice))
		abort();
	if (notice->kind == NOTICE_MESSAGE && notice->bytes.n > 0) {
		on_row(notice);
		return;
	}
	words_put_notice(&word, notice);
	r = rd_init(buf_span(&word));
	if (!words_take_notice(&r, words_kind(&r), &again) ||
	    again.kind != notice->kind || again.seq != notice->seq ||
	    !uuid_equal(again.id, notice->id) ||
	    !span_equal(again.bytes, notice->bytes))
		abort();
	on_fuzz_word(buf_span(&word));
	buf_clear(&word);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *payload;

	if (size == 0)
		return 0;
	if ((data[0] & 1) == 0) {
		on_heard = on_fuzz_word;
		give_words(span_of(data + 1, size - 1));
		return 0;
	}
	payload = fuzz_text(data + 1, size - 1);
	lines_parse(payload, &SEAL, on_line, NULL);
	free(payload);
	return 0;
}
