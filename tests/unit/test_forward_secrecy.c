/*
 * Forward secrecy, shown: what somebody gets who takes everything of a member
 * at time T (its whole memory, its stored state) neither opens what was read
 * before T, nor, after that member's next rotation, what is sent after it.
 *
 * The keys to look for are found by a child process from what the member had
 * before T, and come inverted, so that the search itself does not hold them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mls/group_internal.h"
#include "session/state.h"
#include "tests/testlib/session_value.h"
#include "tests/testlib/session_world.h"
#include "wire/envelope.h"

#define KEY 32
#define WANTED_MAX 64
#define MAP_MAX ((size_t)256 << 20) /* a larger one is a sanitizer's shadow */

struct wanted {
	uint8_t inverted[WANTED_MAX][KEY];
	size_t count;
};

/* gcc 14's sanitizer keeps frames of functions that have returned, to find who uses
 * them. They are in no product. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_stack_use_after_return=0";
}

/* ---- searching ---- */

static size_t count_in(const struct wanted *w, const uint8_t *p, size_t n)
{
	size_t found = 0;

	for (size_t j = 0; j < w->count; j++) {
		const uint8_t *inverted = w->inverted[j];
		uint8_t first = (uint8_t)(inverted[0] ^ 0xff);
		const uint8_t *end = p + n - KEY, *at = p;

		while (n >= KEY && at <= end &&
		       (at = memchr(at, first, (size_t)(end - at) + 1)) !=
			   NULL) {
			size_t i = 1;

			while (i < KEY && (at[i] ^ inverted[i]) == 0xff)
				i++;
			found += i == KEY;
			at++;
		}
	}
	return found;
}

/* In all memory that this process can write, read from outside of it: what a
 * sanitizer has poisoned counts, too. */
static size_t count_in_memory(const struct wanted *w)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	FILE *memory = fopen("/proc/self/mem", "r");
	static uint8_t page[1 << 16];
	char line[512];
	size_t found = 0;

	assert_non_null(maps);
	assert_non_null(memory);
	while (fgets(line, sizeof(line), maps) != NULL) {
		uint64_t from, to;

		if (strstr(line, " rw-p ") == NULL ||
		    sscanf(line, "%" SCNx64 "-%" SCNx64, &from, &to) != 2 ||
		    to - from > MAP_MAX)
			continue;
		while (from < to) {
			size_t n = sizeof(page);

			if (fseeko(memory, (off_t)from, SEEK_SET) != 0)
				break;
			n = fread(page, 1, n < to - from ? n : to - from,
				  memory);
			if (n < KEY)
				break;
			/* the buffer itself is no place to find it */
			if (from + n <= (uintptr_t)page ||
			    from >= (uintptr_t)page + sizeof(page))
				found += count_in(w, page, n);
			from += n > KEY ? n - KEY + 1 : n;
		}
		memset(page, 0, sizeof(page));
	}
	fclose(maps);
	fclose(memory);
	return found;
}

static size_t count_in_state(const struct wanted *w, const struct device *d)
{
	struct buf state = BUF_INIT;
	size_t found;

	assert_int_equal(session_value(d->session, &state), ERR_OK);
	found = count_in(w, state.p, state.n);
	buf_clear(&state);
	return found;
}

/* ---- what to look for ---- */

static void want(struct wanted *w, const uint8_t *bytes)
{
	for (size_t i = 0; i < KEY; i++)
		w->inverted[w->count][i] = bytes[i] ^ 0xff;
	w->count++;
}

/* Of one sender's first `count` messages in this epoch: the keys, and the
 * ratchet secrets that they come from. */
static void want_messages(struct wanted *w, const struct session *session,
			  uint32_t leaf, uint32_t count)
{
	for (uint32_t g = 0; g < count; g++) {
		struct secret_tree_staged staged = SECRET_TREE_STAGED_INIT;

		assert_int_equal(
		    secret_tree_take(&session->group->now->messages, leaf,
				     SECRET_TREE_APPLICATION, g, &staged),
		    ERR_OK);
		want(w, staged.key.key);
		if (g + 1 < count) /* the last one's next is for messages to
				      come */
			want(w, staged.next.b);
		secret_tree_confirm(&staged);
	}
}

static void want_private_keys(struct wanted *w, const struct session *session)
{
	const struct treekem_private *own = &session->group->now->private;

	for (size_t i = 0; i < TREE_LEVELS_MAX; i++)
		if (own->keys[i].n == KEY)
			want(w, own->keys[i].b);
}

static void want_secrets(struct wanted *w, const struct session *session)
{
	const struct mls_epoch_secrets *s = &session->group->now->secrets;

	want(w, s->init.b);
	want(w, s->exporter.b);
	want(w, s->sender_data.b);
	want(w, s->membership_key.b);
}

/* Runs `find` in a child and brings home what it found. */
static void find_apart(struct wanted *w, const struct session *session,
		       void (*find)(struct wanted *w,
				    const struct session *session))
{
	int pipe_[2], status;
	pid_t child;

	assert_int_equal(pipe(pipe_), 0);
	child = fork();
	if (child == 0) {
		struct wanted own = { .count = 0 };

		find(&own, session);
		_exit(write(pipe_[1], &own, sizeof(own)) !=
		      (ssize_t)sizeof(own));
	}
	close(pipe_[1]);
	assert_int_equal(read(pipe_[0], w, sizeof(*w)), sizeof(*w));
	close(pipe_[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_true(w->count > 0);
}

/* ---- the tests ---- */

static struct wanted wanted;

static void find_alices_three(struct wanted *w, const struct session *session)
{
	want_messages(w, session, 0, 3);
}

static void test_the_search_finds(void **state)
{
	struct world w = { 0 };

	(void)state;
	world_make(&w, 0x0003);
	find_apart(&wanted, w.bob.session, want_private_keys);
	assert_true(count_in_memory(&wanted) >= wanted.count);
	assert_int_equal(count_in_state(&wanted, &w.bob), wanted.count);
	world_free(&w);
	assert_int_equal(count_in_memory(&wanted), 0);
}

/* The MLS message within an entry, straight to the group: no replay check of
 * the layers above stands before it. */
static enum err open_again(const struct session *session,
			   const struct entry *entry)
{
	struct mls_event event = { 0 };
	struct envelope envelope;
	enum err e;

	assert_int_equal(
	    envelope_decode(buf_span(&entry->bytes), 32, &envelope), ERR_OK);
	e = mls_group_process(session->group, NOW, envelope.message, &event);
	mls_event_clear(&event);
	return e;
}

static void test_what_was_read_cannot_be_opened(void **state)
{
	struct world w = { 0 };
	uint64_t first;

	(void)state;
	world_make(&w, 0x0003);
	first = device_say(&w.alice, &w.ledger, "one");
	(void)device_say(&w.alice, &w.ledger, "two");
	(void)device_say(&w.alice, &w.ledger, "three");
	find_apart(&wanted, w.bob.session, find_alices_three);
	for (size_t i = 0; i < 3; i++)
		expect_kind(&w.bob, &w.ledger, SESSION_MESSAGE);
	/* T: Alice, who made the keys, is in the same process */
	assert_int_equal(count_in_memory(&wanted), 0);
	assert_int_equal(count_in_state(&wanted, &w.bob), 0);
	device_restart(&w.bob);
	assert_int_equal(count_in_memory(&wanted), 0);
	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(open_again(w.bob.session,
					    ledger_entry(&w.ledger, first + i)),
				 ERR_STATE_GONE);
	world_free(&w);
}

static void find_epoch(struct wanted *w, const struct session *session)
{
	want_private_keys(w, session);
	want_secrets(w, session);
}

/* What a thief of T's state makes of the log from then on. */
static void assert_locked_out(const struct buf *stolen,
			      const struct ledger *ledger, uint64_t from,
			      uint64_t to)
{
	struct session *thief;

	assert_int_equal(session_load(buf_span(stolen), &thief), ERR_OK);
	for (uint64_t seq = from; seq <= to; seq++) {
		const struct entry *entry = ledger_entry(ledger, seq);
		struct session_event event = { 0 };

		assert_int_equal(session_receive(thief, NOW, seq, entry->kind,
						 buf_span(&entry->bytes),
						 entry->head, &event),
				 ERR_OK);
		assert_int_equal(event.kind, SESSION_REFUSED);
		session_event_clear(&event);
		if (entry->kind == CHAIN_APPLICATION)
			assert_int_equal(open_again(thief, entry),
					 ERR_STATE_EPOCH);
	}
	session_free(thief);
}

static void test_after_a_rotation_the_thief_is_out(void **state)
{
	const struct mls_change rotate = { .force_path = true };
	struct mls_commit commit = { 0 };
	struct buf stolen = BUF_INIT;
	struct world w = { 0 };
	uint64_t from, to;

	(void)state;
	world_make(&w, 0x0003);
	(void)device_say(&w.alice, &w.ledger, "before");
	expect_kind(&w.bob, &w.ledger, SESSION_MESSAGE);
	expect_kind(&w.alice, &w.ledger, SESSION_OWN);
	/* what the client's store does when the Welcome was used */
	mls_key_package_secrets_clear(&w.bob.secrets);
	find_apart(&wanted, w.bob.session, find_epoch);
	assert_int_equal(session_value(w.bob.session, &stolen), ERR_OK); /* T */

	assert_int_equal(device_stage(&w.bob, &rotate, &commit), ERR_OK);
	from = ledger_post(&w.ledger, CHAIN_COMMIT, buf_span(&commit.commit));
	expect_kind(&w.bob, &w.ledger, SESSION_COMMIT);
	expect_kind(&w.alice, &w.ledger, SESSION_COMMIT);
	to = device_say(&w.alice, &w.ledger, "after");
	expect_kind(&w.bob, &w.ledger, SESSION_MESSAGE);
	assert_locked_out(&stolen, &w.ledger, from, to);
	buf_clear(&stolen);

	/* and nothing of the old epoch is left at Bob or at Alice */
	assert_int_equal(count_in_memory(&wanted), 0);
	assert_int_equal(count_in_state(&wanted, &w.bob), 0);
	assert_int_equal(count_in_state(&wanted, &w.alice), 0);
	mls_commit_clear(&commit);
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_search_finds),
		cmocka_unit_test(test_what_was_read_cannot_be_opened),
		cmocka_unit_test(test_after_a_rotation_the_thief_is_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
