/* What messages about messages do to what is kept, also those of members whose
 * programs do not hold the rules. */
#include "device/texts/heard.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "device/texts/content.h"
#include "device/texts/entry.h"
#include "device/texts/expiry.h"
#include "device/texts/marks.h"
#include "device/texts/naming.h"
#include "device/texts/outbox.h"
#include "device/texts/reading.h"
#include "device/texts/receipts.h"
#include "device/texts/said.h"

#define MUST(call) assert_int_equal((call), ERR_OK)
#define RECORDS_MAX 400
#define SESSION_TEXT "00000000-0000-4000-8000-000000000001"

struct record {
	char name[200];
	struct buf value;
};

struct world {
	struct record records[RECORDS_MAX];
	struct device_store store;
	struct device device;
	uint64_t seq;
	uint64_t view;	       /* of who speaks */
	uint8_t last[MIMI_ID]; /* the id of what was said last */
	uint64_t now_ms;
	uint64_t ends_ms; /* of what is said; 0: never */
};

static struct record *find(struct world *w, const char *name)
{
	for (size_t i = 0; i < RECORDS_MAX; i++)
		if (strcmp(w->records[i].name, name) == 0)
			return &w->records[i];
	return NULL;
}

static enum err get(void *context, const char *name, struct buf *value)
{
	const struct record *record = find(context, name);

	if (record == NULL)
		return ERR_STATE_GONE;
	buf_put(value, buf_span(&record->value));
	return buf_end(value);
}

static enum err put(void *context, const char *name, struct span value)
{
	struct record *record = find(context, name);

	if (record == NULL)
		record = find(context, "");
	assert_non_null(record);
	assert_true(strlen(name) < sizeof(record->name));
	memcpy(record->name, name, strlen(name) + 1);
	buf_reset(&record->value);
	buf_put(&record->value, value);
	return buf_end(&record->value);
}

static enum err drop(void *context, const char *name)
{
	struct record *record = find(context, name);

	if (record != NULL) {
		record->name[0] = '\0';
		buf_reset(&record->value);
	}
	return ERR_OK;
}

static enum err begin(void *context, bool *changed)
{
	(void)context;
	*changed = false;
	return ERR_OK;
}

static enum err commit(void *context)
{
	(void)context;
	return ERR_OK;
}

static uint64_t now(void *clock)
{
	const struct world *w = clock;

	return w->now_ms;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct suites offer = { { 0 }, 0 };

	assert_non_null(w);
	w->store.get = get;
	w->store.put = put;
	w->store.remove = drop;
	w->store.begin = begin;
	w->store.commit = commit;
	w->store.context = w;
	w->device.ports.store = &w->store;
	w->device.ports.rng = rng_system();
	w->device.ports.now_ms = now;
	w->device.ports.clock = w;
	w->now_ms = UINT64_C(1700000000000);
	MUST(membership_new(&w->device.open, SESSION_TEXT, &offer));
	MUST(record_put(&w->store, "meta/" SESSION_TEXT, w->device.open.notes));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	membership_clear(&w->device.open);
	free(w->device.events);
	for (size_t i = 0; i < RECORDS_MAX; i++)
		buf_clear(&w->records[i].value);
	free(w);
	return 0;
}

/* ---- saying ---- */

/* The log shows `content` of "user/1"; its number. */
static uint64_t hear(struct world *w, const char *user, struct span content)
{
	struct session_event event = { .kind = SESSION_MESSAGE,
				       .seq = ++w->seq,
				       .view_seq = w->view };
	struct said said = { .text = BUF_INIT };
	struct span message = content;
	const uint8_t *salt = event.nonce;

	event.nonce[0] = (uint8_t)w->seq;
	buf_putf(&event.identity, "%s/1", user);
	buf_put(&event.data, content);
	MUST(buf_end(&event.identity));
	MUST(buf_end(&event.data));
	MUST(entry_keep(&w->device, &event, NULL));
	if (content.p[0] == CONTENT_MIMI) {
		message = span_of(content.p + 1, content.n - 1);
		if (said_read(message, &said) == ERR_OK)
			salt = said.salt;
	}
	MUST(said_id(buf_span(&event.identity), SESSION_TEXT, message, salt,
		     w->last));
	said_clear(&said);
	session_event_clear(&event);
	return w->seq;
}

static uint64_t text(struct world *w, const char *user, const char *words)
{
	struct buf content = BUF_INIT;
	uint64_t seq;

	content_put(&content, CONTENT_TEXT, span_str(words));
	MUST(buf_end(&content));
	seq = hear(w, user, buf_span(&content));
	buf_clear(&content);
	return seq;
}

static uint64_t about(struct world *w, const char *user, enum said_act act,
		      const uint8_t *id, const char *words)
{
	struct buf mimi = BUF_INIT, content = BUF_INIT;
	uint64_t seq;

	const struct saying saying = { .act = act,
				       .text = span_str(words),
				       .about = id != NULL
						    ? span_of(id, MIMI_ID)
						    : SPAN_EMPTY,
				       .expires_ms = w->ends_ms };

	MUST(said_put(&saying, rng_system(), &mimi));
	content_put(&content, CONTENT_MIMI, buf_span(&mimi));
	MUST(buf_end(&content));
	seq = hear(w, user, buf_span(&content));
	buf_clear(&content);
	buf_clear(&mimi);
	return seq;
}

/* The entry as people read it; the caller frees it. */
static json_t *entry(struct world *w, uint64_t seq)
{
	json_t *made = NULL;

	MUST(device_sweep(&w->device));
	MUST(membership_entry(&w->store, SESSION_TEXT, seq, &made));
	MUST(marks_show(&w->store, SESSION_TEXT, made));
	return made;
}

static void expect(struct world *w, uint64_t seq, const char *member,
		   const char *text)
{
	json_t *made = entry(w, seq);
	const char *there = record_string(made, member);

	if (text == NULL)
		assert_null(there);
	else
		assert_string_equal(there, text);
	json_decref(made);
}

static void expect_number(struct world *w, uint64_t seq, const char *member,
			  uint64_t number)
{
	json_t *made = entry(w, seq);

	assert_int_equal(record_number_or_0(made, member), number);
	json_decref(made);
}

static size_t reactions(struct world *w, uint64_t seq)
{
	json_t *made = entry(w, seq), *users;
	const char *words;
	size_t count = 0;

	json_object_foreach(json_object_get(made, "reactions"), words, users)
	    count += json_array_size(users);
	json_decref(made);
	return count;
}

static void expect_nowhere(const struct world *w, const char *words)
{
	for (size_t i = 0; i < RECORDS_MAX; i++)
		assert_true(w->records[i].value.n == 0 ||
			    memmem(w->records[i].value.p, w->records[i].value.n,
				   words, strlen(words)) == NULL);
}

/* ---- tests ---- */

static void only_the_author_edits(void **state)
{
	struct world *w = *state;
	uint64_t said = text(w, "alice", "one"), by_bob, by_alice;
	uint8_t id[MIMI_ID];

	memcpy(id, w->last, MIMI_ID);
	by_bob = about(w, "bob", SAID_EDIT, id, "two");
	expect(w, by_bob, "kind", "unreadable");
	expect(w, by_bob, "text", NULL); /* nobody could delete it */
	expect_nowhere(w, "two");
	expect_number(w, said, "edited", 0);
	by_bob = about(w, "bob", SAID_DELETE, id, "");
	expect(w, by_bob, "kind", "unreadable");
	expect(w, said, "text", "one");
	expect_number(w, said, "deleted", 0);
	by_alice = about(w, "alice", SAID_EDIT, id, "three");
	expect(w, said, "text", "one");
	expect(w, said, "edited_text", "three");
	expect_number(w, said, "edited", by_alice);
	/* a name that begins with another one is another one */
	by_bob = about(w, "alic", SAID_EDIT, id, "four");
	expect(w, by_bob, "kind", "unreadable");
}

static void what_was_deleted_stays_so(void **state)
{
	struct world *w = *state;
	uint64_t said = text(w, "alice", "one"), edit, gone, late;
	uint8_t id[MIMI_ID];

	memcpy(id, w->last, MIMI_ID);
	edit = about(w, "alice", SAID_EDIT, id, "two");
	gone = about(w, "alice", SAID_DELETE, id, "");
	expect(w, said, "text", NULL);
	expect(w, edit, "text", NULL);
	expect_number(w, said, "deleted", gone);
	late = about(w, "alice", SAID_EDIT, id, "three");
	expect(w, late, "kind", "edit");
	expect(w, late, "text", NULL);
	expect_number(w, late, "of", said);
	expect_number(w, said, "edited", 0);
	(void)about(w, "alice", SAID_DELETE, id, "");
	expect_number(w, said, "deleted", gone); /* by the first that did */
	expect_nowhere(w, "two");
	expect_nowhere(w, "three");
}

static void keep_edit(struct world *w, const uint8_t id[MIMI_ID], json_t *edit)
{
	json_t *marks = NULL;

	MUST(marks_get(&w->store, SESSION_TEXT, id, &marks));
	assert_true(marks_edit(marks, ++w->seq, edit));
	MUST(marks_save(&w->store, SESSION_TEXT, id, marks));
	json_decref(marks);
	json_decref(edit);
}

/* Whom an edited text names is whom its last edit names. */
static void mentions_are_those_of_the_last_edit(void **state)
{
	struct world *w = *state;
	uint64_t said = text(w, "alice", "one");
	uint8_t id[MIMI_ID];
	json_t *made;

	memcpy(id, w->last, MIMI_ID);
	keep_edit(w, id,
		  json_pack("{s:s, s:[s], s:b}", "text", "@bob", "mentions",
			    "bob", "mentioned", 1));
	made = entry(w, said);
	assert_true(json_is_true(json_object_get(made, "mentioned")));
	assert_int_equal(json_array_size(json_object_get(made, "mentions")), 1);
	json_decref(made);
	keep_edit(w, id, json_pack("{s:s}", "text", "nobody"));
	made = entry(w, said);
	assert_null(json_object_get(made, "mentioned"));
	assert_null(json_object_get(made, "mentions"));
	json_decref(made);
}

/* Deleting the message would not find it. */
static void an_edit_too_many_is_not_kept(void **state)
{
	struct world *w = *state;
	uint64_t said = text(w, "alice", "one"), last;
	json_t *marks = NULL, *words = json_pack("{s:s}", "text", "two");
	uint8_t id[MIMI_ID];

	memcpy(id, w->last, MIMI_ID);
	MUST(marks_get(&w->store, SESSION_TEXT, id, &marks));
	for (uint64_t i = 1; i < MARKS_MAX; i++)
		assert_true(marks_edit(marks, ++w->seq, words));
	MUST(marks_save(&w->store, SESSION_TEXT, id, marks));
	last = about(w, "alice", SAID_EDIT, id, "three");
	expect(w, said, "edited_text", "three");
	(void)about(w, "alice", SAID_EDIT, id, "four");
	expect(w, w->seq, "kind", "unreadable");
	expect(w, w->seq, "text", NULL);
	expect_number(w, said, "edited", last);
	expect_nowhere(w, "four");
	json_decref(marks);
	json_decref(words);
}

static void reactions_count_once(void **state)
{
	struct world *w = *state;
	uint64_t said = text(w, "alice", "one"), first, last;
	uint8_t id[MIMI_ID], liked[MIMI_ID];

	memcpy(id, w->last, MIMI_ID);
	first = about(w, "bob", SAID_REACTION, id, "+");
	memcpy(liked, w->last, MIMI_ID);
	assert_int_equal(reactions(w, said), 1);
	last = about(w, "bob", SAID_REACTION, id, "+");
	expect(w, last, "kind", "reaction");
	assert_int_equal(reactions(w, said), 1);
	(void)about(w, "bob", SAID_REACTION, id, "-");
	(void)about(w, "carol", SAID_REACTION, id, "+");
	assert_int_equal(reactions(w, said), 3);
	last = about(w, "carol", SAID_DELETE, liked, "");
	expect(w, last, "kind", "unreadable");
	assert_int_equal(reactions(w, said), 3);
	last = about(w, "bob", SAID_DELETE, liked, "");
	assert_int_equal(reactions(w, said), 2);
	expect_number(w, first, "deleted", last);
	expect(w, first, "text", NULL);
	last = about(w, "bob", SAID_EDIT, liked, "no text");
	expect(w, last, "kind", "unreadable");
}

static void reactions_are_bounded(void **state)
{
	json_t *marks = json_object(), *from = json_string("bob");
	json_t *edit = json_pack("{s:s}", "text", "two");

	(void)state;
	for (uint64_t i = 1; i <= MARKS_MAX + 1; i++) {
		json_t *words = json_integer((json_int_t)i);

		assert_int_equal(marks_react(marks, i, from, words),
				 i <= MARKS_MAX);
		assert_int_equal(marks_edit(marks, i, edit), i <= MARKS_MAX);
		json_decref(words);
	}
	json_decref(edit);
	json_decref(from);
	json_decref(marks);
}

static bool is_over(struct world *w, uint64_t seq)
{
	json_t *made = entry(w, seq);
	bool over = json_is_true(json_object_get(made, "expired"));

	json_decref(made);
	return over;
}

static void texts_go_at_their_time(void **state)
{
	struct world *w = *state;
	uint64_t short_one, long_one, reply, late;

	w->ends_ms = w->now_ms + 60000;
	short_one = about(w, "alice", SAID_TEXT, NULL, "soon over");
	w->ends_ms = w->now_ms + 90000000;
	long_one = about(w, "alice", SAID_TEXT, NULL, "tomorrow");
	w->ends_ms = 0;
	reply = about(w, "bob", SAID_TEXT, w->last, "fine");
	expect(w, short_one, "text", "soon over");
	expect_number(w, short_one, "expires_at", w->now_ms + 60000);
	w->now_ms += 59999;
	expect(w, short_one, "text", "soon over");
	w->now_ms++;
	expect(w, short_one, "text", NULL);
	assert_true(is_over(w, short_one));
	expect(w, long_one, "text", "tomorrow");
	expect_nowhere(w, "soon over");
	w->now_ms += 90000000;
	expect(w, long_one, "text", NULL);
	expect(w, reply, "text", "fine");
	expect_nowhere(w, "tomorrow");
	/* what comes after its time is not kept at all */
	w->ends_ms = w->now_ms - 1000;
	late = about(w, "alice", SAID_TEXT, NULL, "too late");
	expect(w, late, "kind", "text");
	assert_true(is_over(w, late));
	expect_nowhere(w, "too late");
}

/* Neither the first text nor another edit is left when one of them is over. */
static void edits_go_with_their_message(void **state)
{
	struct world *w = *state;
	uint64_t said, edit, other, react;
	uint8_t id[MIMI_ID];

	said = text(w, "alice", "one");
	memcpy(id, w->last, MIMI_ID);
	edit = about(w, "alice", SAID_EDIT, id, "two");
	w->ends_ms = w->now_ms + 5000;
	other = about(w, "alice", SAID_EDIT, id, "three");
	react = about(w, "bob", SAID_REACTION, id, "+");
	expect(w, said, "edited_text", "three");
	assert_int_equal(reactions(w, said), 1);
	w->now_ms += 5000;
	assert_true(is_over(w, said) && is_over(w, edit) && is_over(w, other));
	assert_true(is_over(w, react));
	assert_int_equal(reactions(w, said), 0);
	expect_number(w, said, "edited", 0);
	for (size_t i = 0; i < 3; i++)
		expect_nowhere(w, (const char *const[]){ "\"one\"", "\"two\"",
							 "\"three\"" }[i]);
	w->ends_ms = 0;
	other = about(w, "alice", SAID_EDIT, id, "four");
	expect(w, other, "text", NULL);
	expect_nowhere(w, "four");
}

/* The person takes another history from there on; what comes next has that number. */
static void take_history(struct world *w, uint64_t seq)
{
	membership_begin_line(&w->device.open, seq);
	MUST(record_put(&w->store, "meta/" SESSION_TEXT, w->device.open.notes));
	w->seq = seq;
}

/* What was said in the history before, and has the same numbers, is not meant. */
static void another_history_has_other_messages(void **state)
{
	struct world *w = *state;
	uint64_t said, other, gone;
	uint8_t id[MIMI_ID];

	(void)text(w, "alice", "one");
	memcpy(id, w->last, MIMI_ID);
	w->ends_ms = w->now_ms + 5000;
	(void)about(w, "alice", SAID_TEXT, NULL, "soon over");
	w->ends_ms = 0;
	take_history(w, 0);
	said = text(w, "alice", "two");
	other = text(w, "alice", "three");
	gone = about(w, "alice", SAID_DELETE, id, "");
	expect(w, said, "text", "two");
	expect_number(w, gone, "of", 0);
	w->now_ms += 5000;
	expect(w, other, "text", "three");
	assert_false(is_over(w, other));
}

static void an_edit_of_another_history_is_no_edit(void **state)
{
	struct world *w = *state;
	uint64_t said = text(w, "alice", "one"), other;
	uint8_t id[MIMI_ID];

	memcpy(id, w->last, MIMI_ID);
	(void)about(w, "alice", SAID_EDIT, id, "two");
	take_history(w, said);
	other = text(w, "alice", "three");
	(void)about(w, "alice", SAID_DELETE, id, "");
	expect(w, said, "text", NULL);
	expect(w, other, "text", "three");
}

/* More than a record holds, of two hours; nothing of the book of ends is left. */
static void many_texts_go(void **state)
{
	struct world *w = *state;
	uint64_t first = w->seq + 1;

	for (uint64_t i = 0; i < 150; i++) {
		w->ends_ms = w->now_ms + 1000 + i / 75 * 3600000;
		(void)about(w, "alice", SAID_TEXT, NULL, "many");
	}
	w->now_ms += 1000;
	assert_true(is_over(w, first) && is_over(w, first + 74));
	assert_false(is_over(w, first + 75));
	w->now_ms += 3600000;
	for (uint64_t i = 0; i < 150; i++)
		assert_true(is_over(w, first + i));
	expect_nowhere(w, "many");
	assert_null(find(w, "ends/472222/0"));
	MUST(get(w, "ends", &w->records[RECORDS_MAX - 1].value));
	assert_int_equal(w->records[RECORDS_MAX - 1].value.n, 2);
}

static size_t count_hours(const struct world *w)
{
	json_t *hours = NULL;
	size_t count;

	MUST(record_get(&w->store, "ends", &hours));
	count = json_object_size(hours);
	json_decref(hours);
	return count;
}

/* Each message ends in another hour, within eleven years: a member's wish does not
 * make the book of ends grow. */
static void the_book_of_ends_is_bounded(void **state)
{
	const uint64_t apart = UINT64_C(97) * 3600000;
	struct world *w = *state;
	uint64_t first = w->now_ms + 1000;

	for (uint64_t i = 0; i < 1000; i++)
		MUST(expiry_note(&w->device, i + 1, first + i * apart));
	assert_true(count_hours(w) < 70);
	for (uint64_t i = 0; i < 1000; i++) {
		w->now_ms = first + i * apart;
		assert_true(w->device.ends_ms <= w->now_ms);
		MUST(device_sweep(&w->device));
		assert_true(w->device.ends_ms > w->now_ms);
		assert_true(count_hours(w) < 70);
	}
	assert_int_equal(count_hours(w), 0);
}

static uint64_t receipt(struct world *w, const char *user, uint64_t delivered,
			uint64_t read)
{
	struct buf content = BUF_INIT;
	uint64_t seq;

	content_put_receipt(&content, delivered, read);
	MUST(buf_end(&content));
	seq = hear(w, user, buf_span(&content));
	buf_clear(&content);
	return seq;
}

static void expect_receipt(const struct world *w, const char *user,
			   uint64_t delivered, uint64_t read)
{
	json_t *row = json_object();

	receipts_describe(&w->device.open, span_str(user), row);
	assert_int_equal(record_number_or_0(row, "delivered"), delivered);
	assert_int_equal(record_number_or_0(row, "read"), read);
	json_decref(row);
}

static void receipts_are_two_numbers(void **state)
{
	static const uint8_t cut[] = { CONTENT_RECEIPT, 0, 0 };
	struct world *w = *state;
	uint64_t first = text(w, "alice", "one"), seq;

	(void)text(w, "alice", "two");
	expect_receipt(w, "bob", 0, 0);
	seq = receipt(w, "bob", 2, first);
	expect(w, seq, "kind", "receipt");
	expect_number(w, seq, "delivered", 2);
	expect_receipt(w, "bob", 2, first);
	/* a number never falls */
	(void)receipt(w, "bob", 1, 0);
	expect_receipt(w, "bob", 2, first);
	/* nobody has what comes after what is said of it, nor reads what is not
	 * here */
	expect(w, receipt(w, "bob", w->seq + 1, 0), "kind", "unreadable");
	expect(w, receipt(w, "bob", 2, 3), "kind", "unreadable");
	expect(w, hear(w, "bob", SPAN_ARRAY(cut)), "kind", "unreadable");
	expect_receipt(w, "bob", 2, first);
	expect_receipt(w, "carol", 0, 0);
	/* receipts are no reason for one */
	assert_int_equal(
	    record_number_or_0(
		json_object_get(w->device.open.notes, "receipts"), "last"),
	    2);
}

/* Where the person takes another history, nobody has got or read what stands there, and
 * the person here has not either. */
static void receipts_are_of_one_history(void **state)
{
	struct world *w = *state;
	struct membership *m = &w->device.open;
	uint64_t last = text(w, "alice", "one");

	(void)text(w, "alice", "two");
	(void)receipt(w, "bob", last + 1, last + 1);
	assert_true(reading_note(m, last + 1));
	assert_true(receipts_note_read(&w->device, last + 1));
	take_history(w, last);
	reading_begin_line(m, last);
	MUST(receipts_begin_line(&w->device));
	expect_receipt(w, "bob", 0, 0);
	assert_int_equal(reading_to(m), last);
	assert_null(json_object_get(m->notes, "receipts"));
	/* what was not read yet is not read by that */
	reading_begin_line(m, last + 5);
	assert_int_equal(reading_to(m), last);
}

/* Everybody has always something to tell: so many are written within an hour. */
static uint64_t count_receipts(uint32_t members)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < members; i++)
		for (uint64_t at = 0; at < 3600000;
		     at += receipts_interval_ms(members))
			count++;
	return count;
}

static void receipts_of_all_are_bounded(void **state)
{
	(void)state;
	assert_int_equal(receipts_interval_ms(1), 5000);
	assert_int_equal(count_receipts(2), 1440);
	assert_int_equal(count_receipts(5), 3600);
	assert_int_equal(count_receipts(200), 3600);
	assert_true(count_receipts(2000) <= 4000);
}

/* A commit adds that device. */
static void add(struct world *w, const char *identity)
{
	struct session_event event = { .kind = SESSION_COMMIT,
				       .seq = ++w->seq };
	struct entry_people people = { .added = json_pack("[s]", identity) };

	buf_put_str(&event.identity, "alice/1");
	MUST(buf_end(&event.identity));
	MUST(entry_keep(&w->device, &event, &people));
	entry_people_clear(&people);
	session_event_clear(&event);
}

/* Is that user on the list of a text of our own? */
static bool has(struct world *w, uint64_t seq, const char *list,
		const char *user)
{
	json_t *shown = json_pack("{s:I, s:s, s:b}", "seq", (json_int_t)seq,
				  "kind", "text", "own", 1);
	const json_t *name;
	bool found = false;
	size_t i;

	MUST(record_put(&w->store, "meta/" SESSION_TEXT, w->device.open.notes));
	MUST(receipts_show(&w->device, SESSION_TEXT, shown));
	json_array_foreach(json_object_get(shown, list), i, name) found |=
	    strcmp(json_string_value(name), user) == 0;
	json_decref(shown);
	return found;
}

static void nobody_has_what_came_before(void **state)
{
	struct world *w = *state;
	uint64_t first = text(w, "alice", "one"), second, third;

	add(w, "carol/1");
	second = text(w, "alice", "two");
	(void)receipt(w, "bob", second, second);
	(void)receipt(w, "carol", second, second);
	assert_true(has(w, first, "delivered_to", "bob"));
	assert_true(has(w, first, "read_by", "bob"));
	assert_false(has(w, first, "delivered_to", "carol"));
	assert_false(has(w, first, "read_by", "carol"));
	assert_true(has(w, second, "delivered_to", "carol"));
	assert_true(has(w, second, "read_by", "carol"));
	/* another device of one's own is no reader of what one has written */
	(void)snprintf(w->device.username, sizeof(w->device.username), "alice");
	(void)receipt(w, "alice", second, second);
	assert_false(has(w, first, "delivered_to", "alice"));
	assert_false(has(w, first, "read_by", "alice"));
	/* carol was away, and is in again */
	third = text(w, "alice", "three");
	add(w, "carol/2");
	assert_false(has(w, second, "delivered_to", "carol"));
	(void)receipt(w, "carol", w->seq, w->seq);
	assert_false(has(w, third, "delivered_to", "carol"));
}

/* The device queues `content` by itself. */
static uint64_t queue(struct world *w, const struct buf *content,
		      const char *kind)
{
	uint64_t item;

	MUST(outbox_put(&w->device, buf_span(content), 0, NULL, &item));
	outbox_set_quiet(&w->device.open, item, kind);
	return item;
}

static void expect_unsent(struct world *w, uint64_t expected)
{
	uint64_t item;

	MUST(receipts_unsent(&w->device, &item));
	assert_int_equal(item, expected);
}

static void receipts_do_not_wait(void **state)
{
	struct buf content = BUF_INIT;
	struct world *w = *state;
	uint64_t item;

	content_put_receipt(&content, 2, 1);
	MUST(buf_end(&content));
	(void)queue(w, &content, OUTBOX_NAME);
	expect_unsent(w, 0);
	item = queue(w, &content, OUTBOX_RECEIPT);
	expect_unsent(w, 0);
	MUST(device_set_receipts(&w->device, false));
	expect_unsent(w, item);
	MUST(device_set_receipts(&w->device, true));
	expect_unsent(w, 0);
	w->now_ms += RECEIPTS_WAIT_MS;
	expect_unsent(w, item);
	buf_clear(&content);
}

static uint64_t name(struct world *w, const char *user, uint64_t view,
		     const char *words)
{
	struct buf content = BUF_INIT;
	uint64_t seq;

	content_put(&content, CONTENT_NAME, span_str(words));
	MUST(buf_end(&content));
	w->view = view;
	seq = hear(w, user, buf_span(&content));
	buf_clear(&content);
	return seq;
}

static void expect_name(const struct world *w, const char *words)
{
	assert_string_equal(membership_name(&w->device.open), words);
}

static void a_late_repeat_undoes_no_name(void **state)
{
	struct world *w = *state;
	uint64_t old = name(w, "alice", 0, "old"), late;
	uint64_t now = name(w, "bob", old, "new");

	expect_name(w, "new");
	late = name(w, "alice", old, "old");
	expect_name(w, "new");
	expect(w, late, "kind", "unreadable");
	/* who says two names at once means the second one */
	(void)name(w, "bob", old, "newer");
	expect_name(w, "newer");
	late = name(w, "alice", now, "old");
	expect_name(w, "newer");
	(void)name(w, "alice", late, "old");
	expect_name(w, "old");
}

/* Whether that still holds this device does not know: membership_continue() keeps the
 * name, and not where it was said. */
static void what_an_earlier_membership_heard_is_not_repeated(void **state)
{
	struct world *w = *state;

	(void)name(w, "alice", 0, "old");
	assert_true(naming_has_any(&w->device));
	(void)json_object_del(w->device.open.notes, "name_at");
	(void)json_object_del(w->device.open.notes, "name_by");
	(void)json_object_set_new(w->device.open.notes, "again", json_true());
	expect_name(w, "old");
	assert_false(naming_has_any(&w->device));
	/* that there is none is to be said as well */
	(void)name(w, "alice", 0, "");
	assert_null(membership_name(&w->device.open));
	assert_true(naming_has_any(&w->device));
}

static void a_repeat_does_not_wait(void **state)
{
	struct buf content = BUF_INIT;
	struct world *w = *state;
	uint64_t item;

	content_put(&content, CONTENT_NAME, SPAN_LIT("old"));
	MUST(buf_end(&content));
	(void)json_object_set_new(w->device.open.notes, "rename_at",
				  json_integer(1));
	item = queue(w, &content, OUTBOX_NAME);
	assert_int_equal(naming_unsent(&w->device), 0);
	(void)name(w, "bob", 0, "new");
	assert_int_equal(naming_unsent(&w->device), item);
	buf_clear(&content);
}

static uint64_t subject(struct world *w, const char *user, const char *words)
{
	const struct room room = { .says_subject = true,
				   .subject = span_str(words) };
	struct buf content = BUF_INIT;
	uint64_t seq;

	buf_put_u8(&content, CONTENT_MIMI);
	MUST(room_put(&room, rng_system(), &content));
	seq = hear(w, user, buf_span(&content));
	buf_clear(&content);
	return seq;
}

static bool is_due(const struct world *w)
{
	return json_object_get(w->device.open.notes, "rename_at") != NULL;
}

/* Whoever came in has heard all of it when each has been said behind the commit. */
static void a_repeat_may_be_several_messages(void **state)
{
	struct world *w = *state;

	(void)name(w, "alice", 0, "old");
	w->view = 0;
	(void)subject(w, "alice", "soup");
	(void)json_object_set_new(w->device.open.notes, "rename_at",
				  json_integer(1));
	(void)json_object_set_new(w->device.open.notes, "rename_for",
				  json_integer((json_int_t)++w->seq));
	(void)subject(w, "bob", "soup");
	assert_true(is_due(w)); /* the name was not */
	(void)name(w, "bob", 0, "old");
	assert_false(is_due(w));
}

static void the_rest_is_shown(void **state)
{
	static const uint8_t nowhere[MIMI_ID] = { MIMI_SHA256 };
	static const uint8_t broken[] = { CONTENT_MIMI, 0x87, 0x40 };
	struct mimi_part parts[3] = {
		{ .cardinality = MIMI_MULTI,
		  .semantics = MIMI_PROCESS_ALL,
		  .children = 2 },
		{ .cardinality = MIMI_SINGLE,
		  .content_type = SPAN_LIT("Text/Plain"),
		  .content = SPAN_LIT("look") },
		{ .cardinality = MIMI_EXTERNAL,
		  .content_type = SPAN_LIT("image/png"),
		  .external = { .filename = SPAN_LIT("cat.png"), .size = 9 } },
	};
	struct mimi_message m = { .parts = parts, .part_count = 3 };
	struct buf content = BUF_INIT;
	struct world *w = *state;
	uint64_t seq;

	buf_put_u8(&content, CONTENT_MIMI);
	MUST(mimi_encode(&m, &content));
	seq = hear(w, "alice", buf_span(&content));
	expect(w, seq, "text", "look\n[image/png elsewhere: cat.png, 9 bytes]");
	parts[0].semantics = MIMI_CHOOSE_ONE;
	buf_reset(&content);
	buf_put_u8(&content, CONTENT_MIMI);
	MUST(mimi_encode(&m, &content));
	seq = hear(w, "alice", buf_span(&content));
	expect(w, seq, "text", "look");
	seq = hear(w, "alice", SPAN_ARRAY(broken));
	expect(w, seq, "kind", "unreadable");
	seq = about(w, "alice", SAID_EDIT, nowhere, "what?");
	expect(w, seq, "kind", "edit");
	expect(w, seq, "text", "what?");
	expect_number(w, seq, "of", 0);
	buf_clear(&content);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(only_the_author_edits, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_was_deleted_stays_so,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
		    mentions_are_those_of_the_last_edit, setup, teardown),
		cmocka_unit_test_setup_teardown(an_edit_too_many_is_not_kept,
						setup, teardown),
		cmocka_unit_test_setup_teardown(reactions_count_once, setup,
						teardown),
		cmocka_unit_test(reactions_are_bounded),
		cmocka_unit_test_setup_teardown(texts_go_at_their_time, setup,
						teardown),
		cmocka_unit_test_setup_teardown(edits_go_with_their_message,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
		    another_history_has_other_messages, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    an_edit_of_another_history_is_no_edit, setup, teardown),
		cmocka_unit_test_setup_teardown(many_texts_go, setup, teardown),
		cmocka_unit_test_setup_teardown(the_book_of_ends_is_bounded,
						setup, teardown),
		cmocka_unit_test_setup_teardown(receipts_are_two_numbers, setup,
						teardown),
		cmocka_unit_test_setup_teardown(receipts_are_of_one_history,
						setup, teardown),
		cmocka_unit_test(receipts_of_all_are_bounded),
		cmocka_unit_test_setup_teardown(nobody_has_what_came_before,
						setup, teardown),
		cmocka_unit_test_setup_teardown(receipts_do_not_wait, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_late_repeat_undoes_no_name,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
		    what_an_earlier_membership_heard_is_not_repeated, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(a_repeat_does_not_wait, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
		    a_repeat_may_be_several_messages, setup, teardown),
		cmocka_unit_test_setup_teardown(the_rest_is_shown, setup,
						teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
