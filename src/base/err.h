/* The one result type. Its class, not its value, decides the consequence. */
#ifndef HERMETIC_BASE_ERR_H
#define HERMETIC_BASE_ERR_H

#define MUST_CHECK __attribute__((warn_unused_result))

/*
 * Three classes:
 *   peer   what we were given is wrong: drop it, answer 400;
 *   state  it was right for a state that has moved on: resynchronise, 409;
 *   local  we failed: log it, answer 500.
 */
enum err {
	ERR_OK = 0,

	ERR_PEER_MALFORMED = 0x100, /* does not decode */
	ERR_PEER_TOO_LARGE,	    /* a length over its limit */
	ERR_PEER_UNSUPPORTED,	    /* version, suite or type not known here */
	ERR_PEER_INVALID,	    /* decodes, but breaks a rule */
	ERR_PEER_CRYPTO,    /* decrypt or verify failed; never says why */
	ERR_PEER_DENIED,    /* not allowed to do that */
	ERR_PEER_DOWNGRADE, /* a better algorithm was withheld */
	ERR_PEER_FORK,	    /* its history differs from ours */

	ERR_STATE_EPOCH = 0x200, /* another epoch than the current one */
	ERR_STATE_REPLAY,	 /* seen before */
	ERR_STATE_GONE,		 /* key or object deleted */
	ERR_STATE_PENDING,     /* a staged change waits for merge or discard */
	ERR_STATE_CONFLICT,    /* somebody else was first */
	ERR_STATE_EXPIRED,     /* it was there, and is not kept any more */
	ERR_STATE_UNCOMMITTED, /* proposals wait for a commit */
	ERR_STATE_ACCOUNTS,    /* an account's log has to be read first */

	ERR_LOCAL_MEMORY = 0x300,
	ERR_LOCAL_CRYPTO, /* the library failed, not the input */
	ERR_LOCAL_IO,
	ERR_LOCAL_CONFIG,
	ERR_LOCAL_BUG,	    /* we called ourselves wrongly */
	ERR_LOCAL_DATABASE, /* what it holds breaks a rule */
	ERR_LOCAL_BUSY	    /* a bounded queue is full: 503 */
};

enum err_class {
	ERR_CLASS_OK,
	ERR_CLASS_PEER,
	ERR_CLASS_STATE,
	ERR_CLASS_LOCAL
};

enum err_class err_class(enum err e);

/* A short English clause for logs and people, never NULL. */
const char *err_text(enum err e);

/* The one control macro: needs a local `enum err e` and a label `out`. */
#define TRY(call)                                                              \
	do {                                                                   \
		e = (call);                                                    \
		if (e != ERR_OK)                                               \
			goto out;                                              \
	} while (0)

/* TRY for a condition. */
#define ENSURE(condition, otherwise)                                           \
	do {                                                                   \
		if (!(condition)) {                                            \
			e = (otherwise);                                       \
			goto out;                                              \
		}                                                              \
	} while (0)

#endif
