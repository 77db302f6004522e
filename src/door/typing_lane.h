/*
 * Typing notices (wire/typing.h): checked, and handed to who follows the session, at this
 * node and at the others by the same way, the database's notices. Nothing of one is stored,
 * and one that is dropped is missed by nobody: under load they are the first that are.
 */
#ifndef HERMETIC_DOOR_TYPING_LANE_H
#define HERMETIC_DOOR_TYPING_LANE_H

#include "door/outcomes.h"
#include "store/connection.h"
#include "store/notifier.h"

struct typing_lane_settings {
	/* As store_query(). */
	enum err (*query)(enum statement statement, struct params *params,
			  connection_done *done, void *arg);
	void (*tell)(struct uuid session, uint64_t seq, struct span bytes);
	/* So much waits that none is to be taken. */
	bool (*is_busy)(void);
};

/* Once in a process. */
void typing_lane_start(const struct typing_lane_settings *settings);

/* One notice of a device for a session. `done` is called once, at once or later; its
 * problem's outcome is OK where the notice was handed on, or dropped under load. */
typedef void typing_lane_done(void *arg, struct problem problem);
void typing_lane_say(struct uuid device, struct uuid session, struct span bytes,
		     typing_lane_done *done, void *arg);

/* Appends {"type":"typing",…}, as WebSocket and MQTT push a NOTICE_TYPING. */
void typing_lane_put(struct buf *out, const struct notice *notice);

#endif
