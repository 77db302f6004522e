/*
 * The ports of a device: all that goes into src/device and comes out of it.
 * A device does no I/O. It is given records, the time and random bytes by the
 * functions below. It asks the server by handing out a request, and it goes
 * on when it is handed the answer.
 *
 * What a server says is a hint. An answer never changes by itself what a
 * device keeps: only the entries of a log do, after they were verified.
 */
#ifndef HERMETIC_DEVICE_PORTS_H
#define HERMETIC_DEVICE_PORTS_H

#include "base/buf.h"
#include "crypto/rng.h"

#define DEVICE_ID 16   /* bytes of a session's or a device's id */
#define DEVICE_HEAD 32 /* bytes of a head of the log's chain */
#define DEVICE_SLUG 48 /* characters of a problem's slug, NUL included */

/*
 * Records, by name. begin() takes a lock that other processes of the same
 * device respect, so what was read stays so until commit() or rollback().
 * After commit() the writes are durable, all of them or none.
 */
struct device_store {
	/* *changed: another process has written since our last transaction. */
	enum err (*begin)(void *context, bool *changed);
	enum err (*commit)(void *context);
	void (*rollback)(void *context);
	/* Appends the value; ERR_STATE_GONE when there is no such record. Also
	 * outside of a transaction. */
	enum err (*get)(void *context, const char *name, struct buf *value);
	enum err (*put)(void *context, const char *name, struct span value);
	enum err (*remove)(void *context, const char *name);
	void *context;
};

/* Borrowed; they must outlive the device. */
struct device_ports {
	const struct device_store *store;
	const struct rng *rng;
	uint64_t (*now_ms)(void *context); /* Unix milliseconds */
	void *clock;			   /* the context of now_ms */
};

/* ---- what is asked of a server (docs/protocol.md has the operations) ---- */

enum request_kind {
	REQUEST_CREATE,	      /* POST /session/create */
	REQUEST_LOG,	      /* GET /session/ID/messages */
	REQUEST_HANDSHAKES,   /* the same with handshake=true */
	REQUEST_GROUP_INFO,   /* GET /session/ID/group-info */
	REQUEST_TREE,	      /* GET /session/ID/tree */
	REQUEST_FIRST_INFO,   /* the same with generation= */
	REQUEST_SEND,	      /* POST /session/ID/send */
	REQUEST_COMMIT,	      /* POST /session/ID/commit */
	REQUEST_MOVE,	      /* POST /session/ID/move */
	REQUEST_JOIN,	      /* POST /session/join with a commit */
	REQUEST_TAKE_WELCOME, /* POST /session/join with a Welcome's id */
	REQUEST_LEAVE,	      /* POST /session/ID/leave */
	REQUEST_INVITE,	      /* POST /session/ID/invite */
	REQUEST_LETTER,	      /* GET /session/ID/letter */
	REQUEST_WELCOMES,     /* GET /welcomes */
	REQUEST_CLAIM,	      /* POST /key-packages/claim */
	REQUEST_STOCK,	      /* GET /key-packages */
	REQUEST_PUBLISH,      /* POST /key-packages */
	REQUEST_ACCOUNT_LOG,  /* GET /users/USER/log */
	REQUEST_LINK,	      /* POST /users/USER/log */
	REQUEST_BRANCH,	      /* POST /users/USER/log/branch */
	REQUEST_ACCOUNT_LOGS, /* POST /users/logs */
	REQUEST_DROP_FILE,    /* DELETE /session/ID/files/FILE */
	REQUEST_KINDS	      /* how many there are */
};

/* Everything is borrowed from the device until it is given the answer. Which
 * members count is said by the kind. */
struct request {
	enum request_kind kind;
	const char *session;	/* the id as text */
	uint64_t after;		/* LOG, HANDSHAKES: entries with a greater seq;
			   ACCOUNT_LOG: links with a greater number;
			   TREE: of the group at that seq */
	uint32_t limit;		/* the same: at most so many */
	uint32_t generation;	/* FIRST_INFO */
	struct span bytes;	/* the envelope, commit, departure or link;
				   BRANCH: opaque link<V> each; INVITE: the
				   letter, or empty */
	const char *file;	/* SEND: the id of one that it names, or NULL;
				   DROP_FILE */
	uint64_t expires_ms;	/* SEND: Unix, when its bytes go; 0: not said */
	struct span salt;	/* LINK; may be empty */
	bool anew;		/* LINK: the name is this log's from now on */
	struct span group_info; /* CREATE, COMMIT, MOVE, JOIN */
	struct span info_part;	/* COMMIT, JOIN: in the place of group_info */
	struct span welcome;	/* COMMIT, MOVE; may be empty */
	const char *algorithm;	/* CREATE, MOVE */
	bool open;		/* CREATE: anybody may join */
	/* CREATE, INVITE: user names; ACCOUNT_LOGS: these, or fingerprints in
	 * hexadecimal, 128 at most */
	const char *const *users;
	size_t user_count;
	const uint64_t *afters; /* ACCOUNT_LOGS: of each, as `after` */
	const char *user;	/* CLAIM, ACCOUNT_LOG, LINK, BRANCH */
	const char *welcome_id; /* TAKE_WELCOME */
	const struct span *key_packages, *last_resorts; /* PUBLISH */
	size_t key_package_count, last_resort_count;
};

/* ---- what a server answers ---- */

/* One entry of a session's log. */
struct answer_entry {
	uint64_t seq;
	uint8_t kind; /* enum chain_kind */
	bool expired; /* its bytes are not kept any more; `hash` is */
	bool bare;    /* its bytes were not asked for; `hash` is there */
	struct span bytes;
	uint8_t hash[32]; /* SHA-256 of the bytes, as the server says */
	uint8_t head[DEVICE_HEAD];
};

struct answer_welcome {
	const char *welcome_id, *session;
	uint64_t seq;
	uint8_t head[DEVICE_HEAD];
	struct span welcome;
};

struct answer_key_package {
	const char *device_id;
	struct span key_package;
};

/* What the server has of this device's KeyPackages of one algorithm. */
struct answer_stock {
	const char *algorithm;
	uint64_t available;
	bool last_resort;
};

struct answer_log {
	const char *username;
	bool has_fingerprint; /* there is a log, namely */
	uint8_t fingerprint[32];
	struct span salt;
	const struct span *links; /* in order */
	size_t link_count;
	bool more; /* there are links after them */
};

/* Everything is borrowed from the caller during device_answer(). */
struct answer {
	/*
	 * ERR_OK for any success; ERR_LOCAL_IO: the server was not reached;
	 * ERR_LOCAL_BUSY: 429 and 5xx; ERR_STATE_EPOCH: 409 epoch-changed;
	 * ERR_STATE_CONFLICT: another 409; ERR_STATE_GONE: 404;
	 * ERR_PEER_DENIED: 401 and 403; ERR_PEER_MALFORMED: no answer of a
	 * Hermetic server; ERR_PEER_INVALID: any other refusal.
	 */
	enum err result;
	char slug[DEVICE_SLUG]; /* of a problem; empty otherwise */
	const char *text;	/* in words, or NULL */
	/* The server's Date less our clock, in milliseconds; 0: not known. */
	int64_t clock_ahead_ms;

	uint64_t
	    seq; /* SEND, COMMIT, MOVE, JOIN, LEAVE; GROUP_INFO, FIRST_INFO */
	bool rotation_due; /* SEND */

	const struct answer_entry *entries; /* LOG, HANDSHAKES: ascending */
	size_t entry_count;
	bool more; /* there are entries, or links, after them */

	struct span group_info; /* GROUP_INFO, FIRST_INFO */
	struct span tree;	/* TREE; GROUP_INFO: where it goes beside */
	struct span places;	/* these and FIRST_INFO: rows (wire/places.h),
				      where the group has their root */
	uint8_t head[DEVICE_HEAD]; /* GROUP_INFO, FIRST_INFO: at `seq` */

	const struct span *letters; /* LETTER: LETTERS_MAX at most */
	size_t letter_count;

	const struct answer_welcome *welcomes; /* WELCOMES */
	size_t welcome_count;
	const struct answer_key_package *key_packages; /* CLAIM */
	size_t key_package_count;
	const struct span *links; /* ACCOUNT_LOG: in order */
	size_t link_count;
	uint64_t last;		       /* ACCOUNT_LOG: its last number */
	bool has_fingerprint;	       /* ACCOUNT_LOG: there is a log, namely */
	uint8_t fingerprint[32];       /* that one's */
	struct span salt;	       /* the same */
	const struct answer_log *logs; /* ACCOUNT_LOGS: of those that there are,
					  in the order of the request */
	size_t log_count;
	const struct answer_stock *stock; /* STOCK */
	size_t stock_count;
};

#endif
