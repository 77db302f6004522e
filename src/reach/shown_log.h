/*
 * What a device that comes into its account's log is shown (reach/enrol.h), without
 * input and output: the log of its account, page by page, and what the server says of
 * its request to be approved.
 */
#ifndef HERMETIC_REACH_SHOWN_LOG_H
#define HERMETIC_REACH_SHOWN_LOG_H

#include "base/buf.h"
#include "device/accounts/approval.h"
#include "device/why.h"

#include <jansson.h>

struct shown_log {
	struct buf salt, bytes; /* opaque link<V> each */
	struct span *links;	/* owned; into `bytes` */
	size_t count;
};

void shown_log_clear(struct shown_log *shown);

/* The path at which the links behind those that were shown are asked for. */
#define SHOWN_LOG_PATH_SIZE 128
void shown_log_path(const struct shown_log *shown, const char *username,
		    char path[SHOWN_LOG_PATH_SIZE]);

/* Adds an answer's links. *more: there are others behind them. */
MUST_CHECK enum err shown_log_add(struct shown_log *shown, const json_t *page,
				  bool *more);

/* All of it; borrows from `shown`, to which no page is added any more. */
MUST_CHECK enum err shown_log_end(struct shown_log *shown,
				  struct account_shown *log);

/* A new body for POST /devices/requests; NULL when out of memory. */
json_t *shown_log_request(struct span request);

/* After its link was posted, and the log read once more: ERR_STATE_CONFLICT: the device does
 * not stand there, since another one was first. */
MUST_CHECK enum err shown_log_came_in(struct device *device, struct why *why);

/* What GET /devices/requests/DEVICE gave, with `e` as struct answer has it
 * (device/ports.h): appends the answer of whoever has approved the device, or nothing
 * while nobody has. ERR_PEER_DENIED: it will not be approved. */
MUST_CHECK enum err shown_log_approval(enum err e, const json_t *body,
				       struct buf *answer, struct why *why);

#endif
