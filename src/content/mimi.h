/*
 * What people say, in the IETF's format: draft-ietf-mimi-content-08, whose
 * sections are named here. Bytes in, bytes out; no I/O, no clock. ADR 41.
 *
 * A message is deterministic CBOR: mimi_encode() of what mimi_decode() gives is
 * what came in, byte for byte. Both hold the same rules, so that what is written
 * can be read.
 */
#ifndef HERMETIC_CONTENT_MIMI_H
#define HERMETIC_CONTENT_MIMI_H

#include "base/buf.h"

#define MIMI_MAX 65535		/* bytes of a message */
#define MIMI_LEVELS 4		/* of parts, the body is level 1 */
#define MIMI_PARTS 1024		/* parts that are or hold content */
#define MIMI_TOPIC_MAX 4096	/* bytes of a topicId */
#define MIMI_NAME_MAX 255	/* bytes of an extension's name */
#define MIMI_EXTENSION_LEVELS 4 /* the map of the extensions is level 1 */
#define MIMI_SALT 16
#define MIMI_ID 32

/* "Message ID": the algorithm of an id is its first byte. */
#define MIMI_SHA256 1

/* "Message Bodies". Values above MIMI_PREVIEW are nobody's yet: shown as
 * MIMI_RENDER. */
enum mimi_disposition {
	MIMI_UNSPECIFIED = 0,
	MIMI_RENDER = 1,
	MIMI_REACTION = 2,
	MIMI_PROFILE = 3,
	MIMI_INLINE = 4,
	MIMI_ICON = 5,
	MIMI_ATTACHMENT = 6,
	MIMI_SESSION = 7,
	MIMI_PREVIEW = 8
};

enum mimi_cardinality {
	MIMI_NULL = 0, /* nothing: a message or a reaction is taken back */
	MIMI_SINGLE = 1,
	MIMI_EXTERNAL = 2,
	MIMI_MULTI = 3
};

enum mimi_semantics {
	MIMI_CHOOSE_ONE = 0,
	MIMI_SINGLE_UNIT = 1,
	MIMI_PROCESS_ALL = 2
};

/* "External content". */
struct mimi_external {
	struct span url;
	uint32_t expires; /* Unix seconds; 0: never */
	uint64_t size;	  /* bytes; 0: not said */
	uint16_t aead;	  /* IANA's number; 0: not encrypted */
	struct span key, nonce, aad;
	uint8_t hash; /* IANA's named information number; 0: none */
	struct span content_hash;
	struct span description;
	struct span filename;
};

/* A part and what stands in it: its place in mimi_message.parts is the draft's
 * part index. */
struct mimi_part {
	uint8_t disposition;
	enum mimi_cardinality cardinality;
	struct span language;	  /* language tags with commas, or empty */
	struct span content_type; /* MIMI_SINGLE, MIMI_EXTERNAL */
	struct span content;	  /* MIMI_SINGLE */
	struct mimi_external external;
	enum mimi_semantics semantics; /* MIMI_MULTI */
	size_t children;	       /* MIMI_MULTI: at least 2, they follow */
	unsigned level; /* from 1; mimi_encode() does not look at it */
};

struct mimi_message {
	uint8_t salt[MIMI_SALT];
	struct span replaces; /* an id, or empty */
	struct span topic;    /* empty: none */
	bool expires;
	bool relative;		 /* expires_at is seconds after it was read */
	uint32_t expires_at;	 /* Unix seconds */
	struct span in_reply_to; /* an id, or empty */
	struct span extensions;	 /* pairs, mimi_next_extension() */
	struct mimi_part *parts; /* depth first; [0] is the body */
	size_t part_count;
};

/*
 * The spans are borrowed from `bytes`, parts is owned: mimi_message_clear().
 * Anything that breaks the draft's schema, its restrictions or the limits above
 * is refused before memory is taken for it:
 * ERR_PEER_MALFORMED, ERR_PEER_TOO_LARGE; ERR_PEER_UNSUPPORTED: an id that was
 * made with another hash. Whether a time is sensible is the caller's to judge.
 */
MUST_CHECK enum err mimi_decode(struct span bytes,
				struct mimi_message *message);
void mimi_message_clear(struct mimi_message *message);

/* Appends the message. What mimi_decode() would refuse is refused with the same
 * error, and nothing is appended. */
MUST_CHECK enum err mimi_encode(const struct mimi_message *message,
				struct buf *out);

/* ---- extensions ---- */

#define MIMI_SENDER_URI 1
#define MIMI_ROOM_URI 2

struct mimi_extension {
	bool named; /* its key is `name`, else number */
	struct span name;
	int64_t number;
	struct span value; /* CBOR */
};

/* The next pair of what was decoded; false at the end. */
bool mimi_next_extension(struct span *rest, struct mimi_extension *extension);

/* Appends a pair whose value is a text. Pairs stand in the order of their keys:
 * 0, 1, 2 …, then -1, -2 …, then names, the shorter ones first. */
void mimi_put_extension(struct buf *pairs, int64_t number, struct span text);

/* ---- ids ---- */

/*
 * "Message ID": of the encoded `message` of a sender in a room. Both know them
 * from MLS, whatever the extensions say. ERR_PEER_TOO_LARGE: a URI has more than
 * 65535 bytes.
 */
MUST_CHECK enum err mimi_id(struct span sender_uri, struct span room_uri,
			    struct span message, const uint8_t salt[MIMI_SALT],
			    uint8_t id[MIMI_ID]);

#endif
