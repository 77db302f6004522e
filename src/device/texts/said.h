/*
 * What one message says, as MIMI content (content/mimi.h): what of it this client
 * makes, and what it shows of all of it. Content that it does not know is shown as
 * words in its place.
 */
#ifndef HERMETIC_DEVICE_TEXTS_SAID_H
#define HERMETIC_DEVICE_TEXTS_SAID_H

#include "content/attachment.h"
#include "crypto/rng.h"
#include "device/texts/room.h"
#include "device/texts/said_act.h"

struct said {
	enum said_act act;
	struct buf text; /* UTF-8 without U+0000; empty of a SAID_DELETE */
	bool is_about;
	uint8_t about[MIMI_ID]; /* what is replied to, changed, reacted to */
	uint8_t salt[MIMI_SALT];
	bool fallback; /* words of ours stand in the text */
	/* Which of several conversations it belongs to; empty: none is said. */
	struct buf topic;
	struct buf mentions; /* accounts (mentions.h) */
	struct room room;    /* of a SAID_ROOM; borrowed from what was read */
	bool has_file;	     /* of a SAID_TEXT, which may be empty then */
	struct attachment file;
	bool expires;
	bool relative;	    /* expires_s is from when it came */
	uint32_t expires_s; /* Unix seconds */
};

/* ERR_PEER_MALFORMED, ERR_PEER_TOO_LARGE, ERR_PEER_UNSUPPORTED as mimi_decode();
 * ERR_PEER_INVALID: it says nothing. Clear it with said_clear(). */
MUST_CHECK enum err said_read(struct span mimi, struct said *said);
void said_clear(struct said *said);

/* When its texts go, Unix milliseconds, for who has it since now_ms; 0: never. */
uint64_t said_end(const struct said *said, uint64_t now_ms);

struct saying {
	enum said_act act;
	struct span text;
	struct span about;    /* an id; empty only for SAID_TEXT */
	struct span markdown; /* the text with its mentions; empty: none */
	struct span topic;    /* empty: none */
	/* of a SAID_TEXT, whose text may be empty then; NULL: none */
	const struct attachment *file;
	uint64_t expires_ms; /* Unix, in whole seconds; 0: never */
};

/* Appends content for CONTENT_MIMI under a new salt. */
MUST_CHECK enum err said_put(const struct saying *saying, const struct rng *rng,
			     struct buf *out);

/* Appends the content as the person gave it: it never ends, and has no Markdown
 * beside its text. *alone: without that it is a text by itself, and `out` has the
 * text and nothing else. */
MUST_CHECK enum err said_as_given(struct span mimi, struct buf *out,
				  bool *alone);

/* The id of a message that the device `identity` said in `session`; both as text.
 * A text of type 1 has one, too: `message` is all of it then, and its salt the
 * nonce of its envelope. */
MUST_CHECK enum err said_id(struct span identity, const char *session,
			    struct span message, const uint8_t salt[MIMI_SALT],
			    uint8_t id[MIMI_ID]);

#endif
