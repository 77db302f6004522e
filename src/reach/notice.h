/* What a server pushes beside a session's messages (docs/protocol.md, "WebSocket"), and
 * the invitations of which it tells: what is to be done, without input and output. */
#ifndef HERMETIC_REACH_NOTICE_H
#define HERMETIC_REACH_NOTICE_H

#include "device/device.h"

#include <jansson.h>

enum notice {
	NOTICE_NONE,	/* nothing that is known here */
	NOTICE_MESSAGE, /* an entry of a session's log */
	NOTICE_STOCK,	/* ORDER_STOCK */
	NOTICE_ROTATE,	/* ORDER_ASKED, in the session */
	NOTICE_WELCOME, /* a Welcome into the session waits */
	NOTICE_TYPING,	/* typing_hear() */
	NOTICE_WAITS,	/* a device of the account waits to be approved */
	NOTICE_FOLLOWED /* the answer to a subscription of the session */
};

/* After a receipt was tried, whatever came of it. */
#define NOTICE_RECEIPT_AGAIN_MS 5000

/* *session: its id, borrowed; NULL where the notice is about none. */
enum notice notice_of(const json_t *push, const char **session);

/* Whether something keeps this device from following or from sending there. */
MUST_CHECK enum err notice_is_stopped(struct device *device, const char *id,
				      bool *stopped);

/* A session that a newer version has written counts as none. */
MUST_CHECK enum err notice_is_member(struct device *device, const char *id,
				     bool *member);

/* Whom this device has blocked, as device_blocks() has it: a new object. */
MUST_CHECK enum err notice_blocks(struct device *device, json_t **blocks);

/* A server lists so many invitations at most, the newest ones (docs/protocol.md). This device
 * passes over the rest of a longer list. */
#define NOTICE_INVITATIONS_MAX 500

/* Of the server's answer to GET /invitations: a new array of those rows about which a
 * person is asked. This device is no member of their sessions, and has blocked none of
 * those who invite. A row that is none is passed over. ERR_PEER_MALFORMED, with the reason:
 * there is no list. */
MUST_CHECK enum err notice_invitations(struct device *device,
				       const json_t *answer, struct why *why,
				       json_t **list);

/* ERR_PEER_MALFORMED, with the reason: a server has answered with something else than a list of
 * these. */
MUST_CHECK enum err notice_no_list(struct why *why, const char *of);

#endif
