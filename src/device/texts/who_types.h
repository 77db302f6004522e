/*
 * Who types just now. Notices of it (session/typing_seal.h) stand in no log, and nothing
 * of them is stored: what others said is remembered here, in memory, for as long as a
 * notice of that time would be taken.
 */
#ifndef HERMETIC_DEVICE_TEXTS_WHO_TYPES_H
#define HERMETIC_DEVICE_TEXTS_WHO_TYPES_H

#include "device/device.h"

struct session_event;

/* The last notice of one leaf in one epoch. */
struct who_types_row {
	char session[TEXT_UUID_SIZE];  /* "": the row is free */
	char user[DEVICE_CALLED_SIZE]; /* as members are called */
	uint64_t epoch;
	uint32_t leaf_index;
	uint64_t sent_ms;  /* by the sender's clock */
	uint64_t until_ms; /* 0: does not type */
};

#define WHO_TYPES_ROWS 256

struct who_types {
	struct who_types_row rows[WHO_TYPES_ROWS];
	/* What this device has told last, and of which session. */
	char told_session[TEXT_UUID_SIZE];
	bool told_types;
	uint64_t told_ms; /* 0: nothing since a text of its own */
	uint64_t sent_ms; /* the largest time in a notice of its own */
};

/* A member of the session that is loaded has said something: its leaf types no more, and
 * a notice that was sealed before and comes later says nothing. */
void who_types_said(struct device *d, const struct session_event *event);

/* The person says something in that session. */
void who_types_says(struct device *d, const char *session);

#endif
