/* A device that keeps its account's log, with records in memory and a server that shows
 * what a test gives it. All of these fail the test on an error. */
#ifndef HERMETIC_TESTS_KEEPER_H
#define HERMETIC_TESTS_KEEPER_H

#include "device/device.h"
#include "tests/testlib/accounts.h"
#include "tests/testlib/records.h"

enum { KEEPER_LINKS = 16 };

struct keeper {
	struct records records;
	struct device_ports ports;
	struct device *device;

	/* the server */
	struct buf links[KEEPER_LINKS];
	size_t count;
	struct buf salt;
	unsigned posts, reads, branches; /* since keeper_start() */
	enum err read_fails, post_fails; /* before anything is done */
	bool forgets;			 /* takes links, and shows none */
	bool more;			 /* says that there is more */
	bool answer_lost;		 /* takes a link, and says nothing */
	bool keeps_branches;		 /* and takes what counts */
};

/* The same for each test of a cmocka group: *state is the keeper. */
int keeper_setup(void **state);
int keeper_teardown(void **state);

/* Opens the device, once more where it was open. */
void keeper_open(struct keeper *k);

/* The server has one more link. */
void keeper_has(struct keeper *k, struct span link);
/* The server has that log. */
void keeper_shows(struct keeper *k, const struct house *h);
/* What the server shows; `spans` has room for KEEPER_LINKS, and the answer borrows them. */
void keeper_answer_log(struct keeper *k, const struct request *request,
		       struct answer *answer, struct span *spans);

/* The order that looks after the log begins; it goes on to its end. */
void keeper_start(struct keeper *k);
const struct outcome *keeper_go_on(struct keeper *k);
/* Both: it succeeds with so many posts; or it fails so. */
void keeper_runs_well(struct keeper *k, unsigned posts);
void keeper_runs_badly(struct keeper *k, enum err result, const char *slug);

/* The keys of the device, from its records; the caller clears them. */
struct account_keys keeper_keys(struct keeper *k);
/* The account of this device, which the house's first device is, with a second one; the
 * caller deletes it. */
struct house *keeper_house(struct keeper *k);

/* The records of the log, one after the other, appended; and that they are these. */
void keeper_put_records(struct keeper *k, struct buf *records);
void keeper_expect_records(struct keeper *k, const struct buf *records);

#endif
