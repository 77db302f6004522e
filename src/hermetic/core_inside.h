/* The inside of the device without input and output, for its own sources. */
#ifndef HERMETIC_HERMETIC_CORE_INSIDE_H
#define HERMETIC_HERMETIC_CORE_INSIDE_H

#include "base/buf.h"
#include "device/device.h"
#include "hermetic/arguments.h"
#include "hermetic/core.h"
#include "hermetic/told.h"
#include "reach/act.h"
#include "reach/call.h"
#include "reach/upload_book.h"

struct core_enrol;

struct hermetic_core {
	struct device *device;
	struct device_store store;
	struct device_ports ports;
	struct hermetic_store given;
	uint64_t (*now_ms)(void *clock);
	void *clock;
	char username[DEVICE_NAME_SIZE], device_id[TEXT_UUID_SIZE];
	struct suites offer;
	struct suites creation; /* of a session that is made */
	struct why why, last;
	char *about;	  /* of hermetic_core_about() */
	bool unreachable; /* the last request's server */
	bool asking;	  /* a request was handed out */
	bool sends;	  /* the order is to send, perhaps what waits */
	bool receipts;	  /* the device writes them */

	struct request asked; /* what waits for an answer */
	struct call call;
	char *body;
	struct hermetic_request request;
	struct hermetic_outcome outcome;

	struct told told;
	struct buf json; /* what was handed out last */
	/* The record of the file that the order names; "": it names none. */
	char upload[UPLOAD_RECORD_SIZE];

	struct core_enrol *enrol; /* NULL: no such order was given */
	struct act *act; /* owned: the last one; NULL: none was given */
	bool act_on;	 /* it is the order that was given last */
	bool act_orders; /* the device runs an order of it */
	struct {
		struct hermetic_order order; /* what was to be done last */
		char session[TEXT_UUID_SIZE];
		json_t *stopped; /* {ID: true}: those that are known to be */
		json_t *invited; /* {ID: true}: those that were told */
	} heard;
	struct {
		struct hermetic_order order; /* what was due last */
		char session[TEXT_UUID_SIZE];
		json_t *at;    /* {ID: when a receipt is due there} */
		json_t *takes; /* {ID: true}: who types may be told there */
		json_t *types; /* {ID: [NAME…]}: who was told to type */
	} live;
};

/* Begins a call. False: the core is NULL, or hermetic_core_new() has refused it. */
bool core_inside_is_usable(struct hermetic_core *core);
/* Ends the call if its argument is not of that kind. */
#define CORE_TAKES(core, is, given)                                            \
	do {                                                                   \
		enum err wrong =                                               \
		    arguments_take(&(core)->why, is, #given, given);           \
		if (wrong != ERR_OK)                                           \
			return core_inside_conclude(core, wrong);              \
	} while (0)

/* The end of each call: the result, with its reason kept. */
enum hermetic_result core_inside_conclude(struct hermetic_core *core,
					  enum err e);

/* An object that is JSON of a server; NULL: it is none. */
json_t *core_inside_read(const char *body, size_t size);
/* What an HTTP status means, or 0, as struct answer has it (device/ports.h). */
MUST_CHECK enum err core_inside_status(int status, const json_t *body,
				       struct why *why, char slug[48]);

/* ---- core_file.c ---- */

/* The order gets the file and its key, which both are borrowed. */
MUST_CHECK enum err core_file_order(struct hermetic_core *core,
				    const struct hermetic_file *file,
				    struct order *order);
/* The order has said its file: nothing has to be gone on with. */
MUST_CHECK enum err core_file_said(struct hermetic_core *core);

/* ---- core_enrol.c: HERMETIC_ORDER_ENROL, which is none of the device's ---- */

/* Whether the order that was given last is one. */
bool core_enrol_is_on(const struct hermetic_core *core);
/* Whether it goes on, so that no other is taken. */
bool core_enrol_runs(const struct hermetic_core *core);
MUST_CHECK enum err core_enrol_start(struct hermetic_core *core);
/* Another order is given. */
void core_enrol_leave(struct hermetic_core *core);
enum hermetic_turn core_enrol_turn(struct hermetic_core *core,
				   const struct hermetic_request **request);
/* What came of its request, as struct answer has it (device/ports.h). */
void core_enrol_answer(struct hermetic_core *core, enum err e,
		       const json_t *body, const struct why *why);
/* How it ended, with the reason in core->why; *code, or NULL. */
MUST_CHECK enum err core_enrol_outcome(struct hermetic_core *core,
				       const char **code);
void core_enrol_free(struct core_enrol *enrol);

/* ---- core_act.c: orders that take several of the device's, and requests besides ---- */

/* False: the order is none of these. */
bool core_act_kind(enum hermetic_order_kind kind, enum act_kind *out);
bool core_act_runs(struct hermetic_core *core);
MUST_CHECK enum err core_act_start(struct hermetic_core *core,
				   enum act_kind kind,
				   const struct hermetic_order *order);
/* What is to be done next: ACT_ORDER has been given to the device. */
enum act_turn core_act_turn(struct hermetic_core *core);
/* The device has run that order to its end. */
void core_act_ordered(struct hermetic_core *core);
/* How it ended, with the reason in core->why, and core->outcome. */
MUST_CHECK enum err core_act_outcome(struct hermetic_core *core);

/* ---- core_hear.c ---- */

/* What is done about an invitation: another one is told again. */
void core_hear_answered(struct hermetic_core *core, const char *session);

/* ---- core_live.c: who types, and what is due by itself ---- */

void core_live_clear(struct hermetic_core *core);
/* A push that is a typing notice; what answered a subscription. */
void core_live_hear_typing(struct hermetic_core *core, const json_t *push,
			   const char *id);
void core_live_followed(struct hermetic_core *core, const json_t *answer,
			const char *id);
/* Something of the session has changed: whether a receipt is due is asked again. */
void core_live_changed(struct hermetic_core *core, const char *id);
/* Adds an event for each session where others type than was told. */
void core_live_tell(struct hermetic_core *core);

#endif
