/*
 * Wakes the other nodes: NOTIFY, coalesced, on a connection of its own whose
 * commits do not wait for the disk. A transaction with a NOTIFY in it takes a
 * lock that all such commits of the cluster wait for, so none is ever in a
 * transaction that stores a message. What is lost here costs time, never a
 * message: listeners compare sequence numbers.
 *
 * A payload is lines: "m SESSION SEQ" (the log has grown to SEQ), "w DEVICE"
 * (a Welcome waits).
 */
#ifndef HERMETIC_STORE_NOTIFIER_H
#define HERMETIC_STORE_NOTIFIER_H

#include "store/connection.h"

struct notifier;

MUST_CHECK enum err notifier_open(const struct store_loop *loop,
				  const char *conninfo, struct notifier **out);

void notifier_message(struct notifier *n, const uint8_t session[16],
		      uint64_t seq);
void notifier_welcome(struct notifier *n, const uint8_t device[16]);

/* One line of a payload. */
struct notice {
	enum { NOTICE_MESSAGE, NOTICE_WELCOME } kind;
	uint8_t id[16]; /* session or device */
	uint64_t seq;
};

/* Calls `each` for every line that parses; others are skipped, they may be of
 * a newer version. */
void notifier_parse(const char *payload,
		    void (*each)(void *arg, const struct notice *notice),
		    void *arg);

#endif
