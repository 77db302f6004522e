/* The inside of an act: for its own sources. */
#ifndef HERMETIC_REACH_ACT_INSIDE_H
#define HERMETIC_REACH_ACT_INSIDE_H

#include "reach/act.h"

#include "base/sec.h"
#include "device/accounts/approval.h"
#include "reach/shown_log.h"

/*
 * One step. `ask` says what is to be done, by act_wants_order() or act_wants_call(), or
 * does it itself and says nothing. `take` is given what came of it; NULL: a failure ends
 * the act. Either says act_repeat() to have the step done once more.
 */
struct act_step {
	enum err (*ask)(struct act *act);
	enum err (*take)(struct act *act, enum err e);
};

struct act {
	struct act_device whose;
	char session[TEXT_UUID_SIZE];
	char *whom;	 /* owned, or NULL */
	struct sec code; /* APPROVE */

	const struct act_step *step; /* the end has no `ask` */
	enum { WANTS_NOTHING, WANTS_ORDER, WANTS_CALL } wants;
	bool repeats;
	struct order order;
	struct call call;
	const char *users[1];	       /* what `order` borrows */
	const struct outcome *outcome; /* while an order's step takes */
	const json_t *body;	       /* while a call's step takes */
	enum err result;
	struct why why;
	json_t *value; /* owned */

	/* act_next_session() */
	json_t *ids; /* owned; NULL: not begun */
	size_t next;
	const char *at; /* the session that the loop is at; borrowed */
	enum err failed;
	struct why first; /* why, of `failed` */

	/* of a device: what the steps come to know of it */
	struct {
		char id[TEXT_UUID_SIZE];
		char name[128];
		uint64_t number;
		char in_log
		    [24]; /* the number, as sessions with places call it */
		bool stood, gone;
		char
		    whom[DEVICE_NAME_SIZE + TEXT_UUID_SIZE]; /* "user/device" */
		struct buf request;
		json_t *rows;  /* owned: the server's list */
		bool removing; /* purging: the session was read anew */
		unsigned pass; /* 0: by its id; 1: by its number */
	} other;
	struct {
		struct account_pair pair, old;
		bool has_old, replace;
		struct shown_log shown;
	} recovery;
	bool known, added, member;
};

extern const struct act_step act_steps_devices[], act_steps_approve[],
    act_steps_refuse[], act_steps_revoke[], act_steps_link[],
    act_steps_blocks[], act_steps_block[], act_steps_unblock[],
    act_steps_letters[], act_steps_decline[], act_steps_recovery_key[],
    act_steps_recovery[], act_steps_recover[];

/* ---- what steps say ---- */

/* The session is the wish's, or that of the loop. */
MUST_CHECK enum err act_wants_order(struct act *act, enum order_kind kind,
				    const char *session, const char *whom);
/* The path is made of `format`; takes `body` over. */
MUST_CHECK enum err act_wants_call(struct act *act, const char *method,
				   json_t *body, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void act_repeat(struct act *act);

/* Takes `value` over; ERR_LOCAL_MEMORY: it is NULL. */
MUST_CHECK enum err act_gives(struct act *act, json_t *value);

/* ERR_PEER_MALFORMED: the server's answer has no such array; *list is borrowed. */
MUST_CHECK enum err act_list(const struct act *act, const char *name,
			     const json_t **list);

/* ---- every session of which this device is a member ---- */

/* *id: the next one, or NULL after the last one. */
MUST_CHECK enum err act_next_session(struct act *act, const char **id);
/* One that fails keeps nobody from the others: the first failure is kept for
 * act_end_sessions(). Gives `e` where the loop has to end: the server is not
 * reached. */
MUST_CHECK enum err act_session_failed(struct act *act, enum err e);
MUST_CHECK enum err act_end_sessions(struct act *act);

/* ---- steps of several kinds ---- */

MUST_CHECK enum err act_ask_account(struct act *act);  /* ORDER_ACCOUNT */
MUST_CHECK enum err act_ask_devices(struct act *act);  /* the server's list */
MUST_CHECK enum err act_ask_requests(struct act *act); /* and of what waits */

/* The row that `whom` means, by name or the beginning of its id; `e` and the rest as
 * choose_one() has them. */
MUST_CHECK enum err act_find_device(struct act *act, const json_t *list,
				    const json_t **row);

/* Whether a device of that number stands in the log, as it is verified here. */
MUST_CHECK enum err act_stands(struct act *act, uint64_t number, bool *stands);

#endif
