/* Events that wait to be taken by who uses the library. */
#ifndef HERMETIC_HERMETIC_TOLD_H
#define HERMETIC_HERMETIC_TOLD_H

#include "device/device.h"
#include "hermetic/hermetic.h"

#include <jansson.h>

/* One event; its texts are those below, which are owned. */
struct told_event {
	struct hermetic_event event;
	char session[TEXT_UUID_SIZE];
	json_t *entry;
	char *text, *json;
	struct told_event *next;
};

struct told {
	struct told_event *first, *last;
	struct told_event *taken; /* the one that was handed out */
};

void told_clear(struct told *told);

/* A new one, with empty texts; NULL: out of memory. `session` may be NULL. The second
 * one is of an entry as it is kept. */
struct told_event *told_make_event(enum hermetic_event_kind kind,
				   const char *session);
struct told_event *told_make_entry(const char *session, const json_t *entry);
void told_free_event(struct told_event *event);

/* Takes it over; NULL is nothing. */
void told_add(struct told *told, struct told_event *event);

/* What a device tells (device_next_event()), without its entry. */
void told_add_event(struct told *told, const struct device_event *event);

/* Entries of that session behind number `after` that were not taken go: they are told again. */
void told_drop_entries(struct told *told, const char *session, uint64_t after);

/* The oldest; borrowed until the next call. NULL: there is none. */
const struct hermetic_event *told_take(struct told *told);

/* A member's text; "" where there is none. */
const char *told_text(const json_t *object, const char *name);

#endif
