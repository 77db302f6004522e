/*
 * What a session is called, what it is about, and its picture, as one message says them
 * (docs/protocol.md, "What is inside"; ADR 54): MIMI content whose extension
 * "hermetic/room" says what the parts are for. A client that does not know it shows a
 * text with the same words.
 */
#ifndef HERMETIC_DEVICE_TEXTS_ROOM_H
#define HERMETIC_DEVICE_TEXTS_ROOM_H

#include "content/mimi.h"
#include "crypto/rng.h"

#define ROOM_SUBJECT_MAX 512   /* bytes */
#define ROOM_PICTURE_MAX 16384 /* bytes */

/* What is not said stays as it was. What is said and empty: there is none any more; a
 * name is never empty. Spans are borrowed. */
struct room {
	bool is; /* the message says something of that */
	bool says_name, says_subject, says_picture;
	struct span name, subject; /* UTF-8 without U+0000 */
	struct span picture;
	const char *type; /* of the picture; "" without one */
};

/* "image/png" …, by how the bytes begin: PNG, JPEG, GIF and WebP. NULL: none of them,
 * or too large. */
const char *room_picture_type(struct span picture);

/* Of a message that was decoded; `is` is false where it says nothing of that, nothing
 * within the limits above, or anything else than that and the words of room_put(): then it
 * is a text like any other. ERR_LOCAL_MEMORY: `is` is false. */
MUST_CHECK enum err room_read(const struct mimi_message *m, struct room *room);

/* Appends content for CONTENT_MIMI; `said->type` is not looked at. */
MUST_CHECK enum err room_put(const struct room *said, const struct rng *rng,
			     struct buf *out);

#endif
