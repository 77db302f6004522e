/* The inside of the device without input and output, for its own sources. */
#ifndef HERMETIC_HERMETIC_CORE_INSIDE_H
#define HERMETIC_HERMETIC_CORE_INSIDE_H

#include "base/buf.h"
#include "device/device.h"
#include "hermetic/hermetic.h"
#include "hermetic/told.h"
#include "reach/call.h"

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
	struct why why, last;
	bool unreachable; /* the last request's server */
	bool asking;	  /* a request was handed out */
	bool sends;	  /* the order is to send, perhaps what waits */

	struct request asked; /* what waits for an answer */
	struct call call;
	char *body;
	struct hermetic_request request;
	struct hermetic_outcome outcome;

	struct told told;
	struct buf json; /* what was handed out last */

	struct core_enrol *enrol; /* NULL: no such order was given */
	struct {
		struct hermetic_order order; /* what was to be done last */
		char session[TEXT_UUID_SIZE];
		json_t *stopped; /* {ID: true}: those that are known to be */
	} heard;
};

/* Begins a call. False: hermetic_core_new() has refused this one. */
bool core_inside_is_usable(struct hermetic_core *core);

/* The end of each call: the result, with its reason kept. */
enum hermetic_result core_inside_conclude(struct hermetic_core *core,
					  enum err e);

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

#endif
