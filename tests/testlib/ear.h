/* A device that hears what members say in one session, also members whose programs do
 * not hold the rules. All of these fail the test on an error. */
#ifndef HERMETIC_TESTS_EAR_H
#define HERMETIC_TESTS_EAR_H

#include "device/core.h"
#include "device/texts/said.h"
#include "tests/testlib/records.h"

#define MUST(call) assert_int_equal((call), ERR_OK)
#define EAR_SESSION "00000000-0000-4000-8000-000000000001"

struct ear {
	struct records records;
	struct device device;
	uint64_t seq;
	uint64_t view;	       /* of the member who speaks */
	uint8_t last[MIMI_ID]; /* the id of what was said last */
	uint64_t now_ms;
	uint64_t ends_ms; /* of what is said; 0: never */
};

/* The same for each test of a cmocka group: *state is the ear. */
int ear_setup(void **state);
int ear_teardown(void **state);

/* The log shows `content` of "user/1"; its number. */
uint64_t ear_hears(struct ear *ear, const char *user, struct span content);
/* A text of before MIMI content. */
uint64_t ear_hears_text(struct ear *ear, const char *user, const char *words);
/* MIMI content that does this, about the message of that id; NULL: about none. */
uint64_t ear_hears_about(struct ear *ear, const char *user, enum said_act act,
			 const uint8_t *id, const char *words);

/* The entry as people read it; the caller frees it. */
json_t *ear_entry(struct ear *ear, uint64_t seq);
/* What a member of that entry is; `text` NULL: it has none. */
void ear_expect(struct ear *ear, uint64_t seq, const char *member,
		const char *text);
void ear_expect_number(struct ear *ear, uint64_t seq, const char *member,
		       uint64_t number);
/* How many reactions the entry has. */
size_t ear_reactions(struct ear *ear, uint64_t seq);
/* The entry has expired. */
bool ear_is_over(struct ear *ear, uint64_t seq);
/* No record has these words. */
void ear_expect_nowhere(const struct ear *ear, const char *words);

/* The person takes another history from there on; what comes next has that number. */
void ear_takes_history(struct ear *ear, uint64_t seq);

/* The device queues `content` by itself, of that kind (device/texts/outbox.h); the
 * item. */
uint64_t ear_queues(struct ear *ear, const struct buf *content,
		    const char *kind);

#endif
