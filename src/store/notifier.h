/*
 * Wakes the other nodes: NOTIFY, coalesced, on a connection of its own whose
 * commits do not wait for the disk. A transaction with a NOTIFY in it takes a
 * lock that all such commits of the cluster wait for, so none is ever in a
 * transaction that stores a message. What is lost here costs time, never a
 * message: listeners compare sequence numbers.
 *
 * A payload is lines: "m SESSION SEQ" (the log has grown to SEQ), "w DEVICE"
 * (a Welcome waits), "r DEVICE" (it is asked to rotate), "k DEVICE" (its
 * KeyPackages run out), "x ID" (a device or a family of tokens was revoked),
 * "d SESSION" (a member of it departed), "a DEVICE" (another one of its account
 * waits to be approved), "t SESSION SEQ BASE64" (a typing notice for whoever has the log
 * up to SEQ: nothing else has it, and what is lost of these is lost).
 */
#ifndef HERMETIC_STORE_NOTIFIER_H
#define HERMETIC_STORE_NOTIFIER_H

#include "base/uuid.h"
#include "store/connection.h"

struct notifier;

/* `pooled`: see struct connection_settings. */
MUST_CHECK enum err notifier_open(const struct store_loop *loop,
				  const char *conninfo, bool pooled,
				  struct notifier **out);

enum notice_kind {
	NOTICE_MESSAGE = 1,
	NOTICE_WELCOME,
	NOTICE_ROTATION,
	NOTICE_KEY_PACKAGES,
	NOTICE_REVOKED,
	NOTICE_MEMBERS,
	NOTICE_APPROVAL,
	NOTICE_TYPING
};

#define NOTIFIER_BYTES_MAX 256 /* of a NOTICE_TYPING */

/* One line of a payload. */
struct notice {
	enum notice_kind kind;
	struct uuid id;	   /* session, device or family */
	uint64_t seq;	   /* NOTICE_MESSAGE and NOTICE_TYPING only */
	struct span bytes; /* NOTICE_TYPING only; borrowed during the call */
};

/* `seq`: of a NOTICE_MESSAGE. */
void notifier_tell(struct notifier *n, enum notice_kind kind, struct uuid id,
		   uint64_t seq);

/* A NOTICE_TYPING, behind all others; dropped where much waits, or when it is longer than
 * NOTIFIER_BYTES_MAX. */
void notifier_tell_typing(struct notifier *n, struct uuid session, uint64_t seq,
			  struct span bytes);

/* What it tells by; has room for one statement of another's, when it is one at
 * a time (store/listener.h). */
struct connection *notifier_connection(struct notifier *n);

/* Nothing waits to be told. */
bool notifier_is_idle(const struct notifier *n);

/* Calls `each` for every line that parses; others are skipped, they may be of
 * a newer version. */
void notifier_parse(const char *payload,
		    void (*each)(void *arg, const struct notice *notice),
		    void *arg);

#endif
