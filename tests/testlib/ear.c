#include "tests/testlib/ear.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "device/texts/content.h"
#include "device/texts/entry.h"
#include "device/texts/marks.h"
#include "device/texts/outbox.h"
#include "device/texts/said.h"

static uint64_t now(void *clock)
{
	const struct ear *ear = clock;

	return ear->now_ms;
}

int ear_setup(void **state)
{
	struct ear *ear = calloc(1, sizeof(*ear));
	struct suites offer = { { 0 }, 0 };

	assert_non_null(ear);
	records_init(&ear->records);
	ear->device.ports.store = &ear->records.store;
	ear->device.ports.rng = rng_system();
	ear->device.ports.now_ms = now;
	ear->device.ports.clock = ear;
	ear->now_ms = UINT64_C(1700000000000);
	MUST(membership_new(&ear->device.open, EAR_SESSION, &offer));
	MUST(record_put(&ear->records.store, "meta/" EAR_SESSION,
			ear->device.open.notes));
	*state = ear;
	return 0;
}

int ear_teardown(void **state)
{
	struct ear *ear = *state;

	membership_clear(&ear->device.open);
	free(ear->device.events);
	records_free(&ear->records);
	free(ear);
	return 0;
}

uint64_t ear_hears(struct ear *ear, const char *user, struct span content)
{
	struct session_event event = { .kind = SESSION_MESSAGE,
				       .seq = ++ear->seq,
				       .view_seq = ear->view };
	struct said said = { .text = BUF_INIT };
	struct span message = content;
	const uint8_t *salt = event.nonce;

	event.nonce[0] = (uint8_t)ear->seq;
	buf_putf(&event.identity, "%s/1", user);
	buf_put(&event.data, content);
	MUST(buf_end(&event.identity));
	MUST(buf_end(&event.data));
	MUST(entry_keep(&ear->device, &event, NULL));
	if (content.p[0] == CONTENT_MIMI) {
		message = span_of(content.p + 1, content.n - 1);
		if (said_read(message, &said) == ERR_OK)
			salt = said.salt;
	}
	MUST(said_id(buf_span(&event.identity), EAR_SESSION, message, salt,
		     ear->last));
	said_clear(&said);
	session_event_clear(&event);
	return ear->seq;
}

uint64_t ear_hears_text(struct ear *ear, const char *user, const char *words)
{
	struct buf content = BUF_INIT;
	uint64_t seq;

	content_put(&content, CONTENT_TEXT, span_str(words));
	MUST(buf_end(&content));
	seq = ear_hears(ear, user, buf_span(&content));
	buf_clear(&content);
	return seq;
}

uint64_t ear_hears_about(struct ear *ear, const char *user, enum said_act act,
			 const uint8_t *id, const char *words)
{
	struct buf mimi = BUF_INIT, content = BUF_INIT;
	uint64_t seq;

	const struct saying saying = { .act = act,
				       .text = span_str(words),
				       .about = id != NULL
						    ? span_of(id, MIMI_ID)
						    : SPAN_EMPTY,
				       .expires_ms = ear->ends_ms };

	MUST(said_put(&saying, rng_system(), &mimi));
	content_put(&content, CONTENT_MIMI, buf_span(&mimi));
	MUST(buf_end(&content));
	seq = ear_hears(ear, user, buf_span(&content));
	buf_clear(&content);
	buf_clear(&mimi);
	return seq;
}

json_t *ear_entry(struct ear *ear, uint64_t seq)
{
	json_t *made = NULL;

	MUST(device_sweep(&ear->device));
	MUST(membership_entry(&ear->records.store, EAR_SESSION, seq, &made));
	MUST(marks_show(&ear->records.store, EAR_SESSION, made));
	return made;
}

void ear_expect(struct ear *ear, uint64_t seq, const char *member,
		const char *text)
{
	json_t *made = ear_entry(ear, seq);
	const char *there = record_string(made, member);

	if (text == NULL)
		assert_null(there);
	else
		assert_string_equal(there, text);
	json_decref(made);
}

void ear_expect_number(struct ear *ear, uint64_t seq, const char *member,
		       uint64_t number)
{
	json_t *made = ear_entry(ear, seq);

	assert_int_equal(record_number_or_0(made, member), number);
	json_decref(made);
}

void ear_expect_nowhere(const struct ear *ear, const char *words)
{
	for (size_t i = 0; i < RECORDS_MAX; i++) {
		const struct buf *value = &ear->records.all[i].value;

		assert_true(value->n == 0 || memmem(value->p, value->n, words,
						    strlen(words)) == NULL);
	}
}

size_t ear_reactions(struct ear *ear, uint64_t seq)
{
	json_t *made = ear_entry(ear, seq), *users;
	const char *words;
	size_t count = 0;

	json_object_foreach(json_object_get(made, "reactions"), words, users)
	    count += json_array_size(users);
	json_decref(made);
	return count;
}

bool ear_is_over(struct ear *ear, uint64_t seq)
{
	json_t *made = ear_entry(ear, seq);
	bool over = json_is_true(json_object_get(made, "expired"));

	json_decref(made);
	return over;
}

void ear_takes_history(struct ear *ear, uint64_t seq)
{
	membership_begin_line(&ear->device.open, seq);
	MUST(record_put(&ear->records.store, "meta/" EAR_SESSION,
			ear->device.open.notes));
	ear->seq = seq;
}

uint64_t ear_queues(struct ear *ear, const struct buf *content,
		    const char *kind)
{
	uint64_t item;

	MUST(outbox_put(&ear->device, buf_span(content), 0, NULL, &item));
	outbox_set_quiet(&ear->device.open, item, kind);
	return item;
}
