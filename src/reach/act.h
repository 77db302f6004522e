/*
 * What takes several orders and requests: letting in another device, ending one, blocks,
 * and an invitation that is declined. Without input and output: whoever runs it does what
 * act_turn() says, until it has ended:
 *
 *   ACT_ORDER  gives act_order() to the device, runs it to its end, then act_ordered()
 *   ACT_CALL   asks the server act_call(), then act_called()
 *
 * reach/act_run.h does so, and hermetic/core_act.c for a loop of others. What was done stays
 * done where one fails: given again, each goes on.
 */
#ifndef HERMETIC_REACH_ACT_H
#define HERMETIC_REACH_ACT_H

#include "device/device.h"
#include "reach/call.h"

enum act_kind {
	/* [{device_id, name, …, own, waits, stands}…]: the server's list. `waits`: it
	 * asks to be approved; `stands`: in the account's log, as verified here. */
	ACT_DEVICES,
	/* text: a code. {device_id, name, number} of the device that has asked with it,
	 * once the verified log has it and it was answered. */
	ACT_APPROVE,
	ACT_REFUSE, /* whom: a device that asks, by its name or id */
	ACT_REVOKE, /* whom: a device; {device_id} */
	/* One's other devices come into one's sessions: [{session_id, devices, missing}…].
	 * whom: the number of one that has to be in afterwards: ERR_STATE_PENDING
	 * ("not-ready") until it is there. NULL: those that are. */
	ACT_LINK,
	/* [{username, fingerprint?, here}…]; `here`: at this device. */
	ACT_BLOCKS,
	ACT_BLOCK,   /* whom: a user; {known}: the server shows that one */
	ACT_UNBLOCK, /* whom */
	ACT_LETTERS, /* session: [{by, compared}…], who has signed the invitation */
	ACT_DECLINE, /* session */
	/* {recovery_key}: a new one, to be shown to the person. It counts once it is set.
	 * whom: the one that stands, which signs the new one. */
	ACT_RECOVERY_KEY,
	/* text: a recovery key, as a person has typed it; whom as above. It stands in the
	 * verified log afterwards. */
	ACT_RECOVERY,
	/* text: the recovery key that stands. This new device comes into the log with it:
	 * its tokens are to be renewed then. */
	ACT_RECOVER
};

/* Copied. */
struct act_wish {
	enum act_kind kind;
	const char *session, *whom, *text; /* NULL where it has none */
	bool replace; /* RECOVERY…: also without the one that stands */
};

/* As whose device it is done. Borrowed. */
struct act_device {
	struct device *device;
	const char *username, *device_id;
};

struct act;

/* The caller frees it. ERR_PEER_INVALID, with the reason in `why`: the wish lacks what its
 * kind wants. */
MUST_CHECK enum err act_make(const struct act_device *whose,
			     const struct act_wish *wish, struct why *why,
			     struct act **act);
void act_free(struct act *act);

enum act_turn { ACT_ORDER, ACT_CALL, ACT_DONE };
enum act_turn act_turn(struct act *act);

/* Borrowed until it is answered. */
const struct order *act_order(const struct act *act);
const struct call *act_call(const struct act *act);

/* What came of it. `why` is the reason of a failure; `outcome` is NULL where the device did
 * not take the order. Errors of a call are those of struct answer (device/ports.h). */
void act_ordered(struct act *act, enum err e, const struct outcome *outcome,
		 const struct why *why);
void act_called(struct act *act, enum err e, const json_t *body,
		const struct why *why);

/* How it ended, with the reason in *why where it failed; *value, borrowed, is what its
 * kind says, as far as it has come, or NULL. */
MUST_CHECK enum err act_end(const struct act *act, struct why *why,
			    const json_t **value);

#endif
