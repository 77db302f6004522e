/*
 * libhermetic: the device without input and output, for a program with a loop, a network
 * and a store of its own. The program gives the device an order, the device says what to ask the
 * server, the program gives it the answer, and the device goes on:
 *
 *   hermetic_core_start(core, &order);
 *   while ((turn = hermetic_core_turn(core, &request, &ms)) != HERMETIC_TURN_DONE)
 *           ask, and hermetic_core_answer(); or wait for `ms`;
 *   result = hermetic_core_outcome(core, &outcome);
 *
 * The program registers and logs in by itself (docs/protocol.md: POST /auth/register,
 * /auth/login, with hermetic_password()), sends each request with its access token,
 * and renews the token. The device stores what it has decided before it hands out a
 * request, so a program that was killed goes on with its next order. The first orders of
 * a new device are HERMETIC_ORDER_ACCOUNT and HERMETIC_ORDER_STOCK. No function here
 * waits.
 *
 * Results, who owns what, and threads are as in hermetic/hermetic.h, which has the structs
 * of both.
 */
#ifndef HERMETIC_HERMETIC_CORE_H
#define HERMETIC_HERMETIC_CORE_H

#include "hermetic/hermetic.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Makes the password that the server is given from the passphrase; 64 bytes at most with the
 * NUL. Takes as long as one scrypt. */
#define HERMETIC_PASSWORD_SIZE 64
enum hermetic_result hermetic_password(const char *username,
				       const char *passphrase,
				       char password[HERMETIC_PASSWORD_SIZE]);

/* A store of records by name. Records hold the device's keys, so the program must seal what it
 * stores. begin() keeps other processes out until commit() or rollback(); after commit()
 * everything that was put is durable. */
struct hermetic_store {
	size_t size;
	/* *changed: another process has written since our last transaction. */
	enum hermetic_result (*begin)(void *context, bool *changed);
	enum hermetic_result (*commit)(void *context);
	void (*rollback)(void *context);
	/* Calls give(to, …) once, or returns HERMETIC_GONE: there is no such record. */
	enum hermetic_result (*get)(void *context, const char *name,
				    void (*give)(void *to, const void *bytes,
						 size_t size),
				    void *to);
	enum hermetic_result (*put)(void *context, const char *name,
				    const void *bytes, size_t size);
	enum hermetic_result (*remove)(void *context, const char *name);
	void *context;
};

struct hermetic_core_config {
	size_t size;
	const char *username, *device_id; /* as the login's answer says */
	const char *algorithms;		  /* NULL: those without X-Wing */
	const struct hermetic_store *store;
	/* Unix milliseconds; NULL: this machine's clock. */
	uint64_t (*now_ms)(void *clock);
	void *clock;
	uint32_t stock; /* as in struct hermetic_config */
	/* Since 0.6. Not 0: the device writes receipts, as in struct hermetic_config. */
	uint64_t receipts;
};

struct hermetic_core;
struct hermetic_file; /* below */

/* As hermetic_new(), hermetic_free(), hermetic_why() and hermetic_slug(). */
enum hermetic_result hermetic_core_new(
    const struct hermetic_core_config *config, struct hermetic_core **core);
void hermetic_core_free(struct hermetic_core *core);
const char *hermetic_core_why(const struct hermetic_core *core);
const char *hermetic_core_slug(const struct hermetic_core *core);
/* Since 0.8. As hermetic_about(); borrowed until this function is called again. */
const char *hermetic_core_about(struct hermetic_core *core);

enum hermetic_order_kind {
	HERMETIC_ORDER_REFRESH,
	HERMETIC_ORDER_SEND,   /* text, saying */
	HERMETIC_ORDER_CREATE, /* creation; makes the session's id */
	HERMETIC_ORDER_JOIN,
	HERMETIC_ORDER_INVITE, /* whom */
	HERMETIC_ORDER_REMOVE, /* whom */
	HERMETIC_ORDER_ROTATE,
	HERMETIC_ORDER_LEAVE,
	HERMETIC_ORDER_RESOLVE,
	HERMETIC_ORDER_STOCK, /* publish KeyPackages; no session */
	HERMETIC_ORDER_ACCOUNT, /* read, and begin, this account's log; no session */
	HERMETIC_ORDER_MEET,  /* read the log of account `whom`; no session */
	HERMETIC_ORDER_FLUSH, /* as hermetic_flush() */
	HERMETIC_ORDER_ASK,   /* whom: as hermetic_ask() */
	HERMETIC_ORDER_UNINVITE, /* whom */
	/* Since 0.5. Renew this device's keys, because the server asks for that. */
	HERMETIC_ORDER_ASKED,
	/* Since 0.5. Bring this new device into the log of its account; no session. The result
	 * is HERMETIC_LOOK, with a code that a person carries to another device, until that
	 * device has approved this one: give the order again after a second or so. After
	 * HERMETIC_OK get another access token (POST /auth/refresh), give
	 * HERMETIC_ORDER_STOCK, and join what hermetic_core_hear() says. */
	HERMETIC_ORDER_ENROL,
	/* Since 0.6. As the functions of the same name in hermetic/account.h and
	 * hermetic/members.h. `json` of the outcome has what they give:
	 * DEVICES  [{device_id, name, number?, own, pending, waits, ready, stands}…]
	 * APPROVE  {device_id, name, number}; LINK  [{session_id, devices, missing}…]
	 * BLOCKS   [{username, fingerprint?, here}…]; BLOCK  {known}
	 * LETTERS  [{by, compared}…] */
	HERMETIC_ORDER_DEVICES,
	HERMETIC_ORDER_APPROVE, /* text: the code */
	HERMETIC_ORDER_LINK,	/* whom: a device's number, or NULL */
	HERMETIC_ORDER_REFUSE,	/* whom: a device */
	HERMETIC_ORDER_REVOKE,	/* whom: a device */
	HERMETIC_ORDER_BLOCKS,
	HERMETIC_ORDER_BLOCK,	/* whom */
	HERMETIC_ORDER_UNBLOCK, /* whom */
	HERMETIC_ORDER_LETTERS,
	HERMETIC_ORDER_DECLINE,
	/* Since 0.6. Both are stored and sent as texts are. */
	HERMETIC_ORDER_NAME,	/* text: the session's name */
	HERMETIC_ORDER_SUBJECT, /* text: the session's subject */
	/* Since 0.6. Writes a receipt (hermetic_core_due()). */
	HERMETIC_ORDER_RECEIPT,
	/* Since 0.6. As hermetic_set_role(), hermetic_ban() and hermetic_unban(). */
	HERMETIC_ORDER_ROLE,  /* whom; text: "owner", "admin" or "member" */
	HERMETIC_ORDER_BAN,   /* whom */
	HERMETIC_ORDER_UNBAN, /* whom */
	/* Since 0.6. The recovery key, with which a new device comes into the account when no
	 * other one is left; no session. In the first two `whom` is the account's present key;
	 * without it the result is "recovery-key-stands" if there is one.
	 * RECOVERY_KEY  makes a new key, which does not count yet: {recovery_key}
	 * RECOVERY      sets the key in `text`, as the person has typed it
	 * RECOVER       in the place of ENROL, with the key in `text`; go on as after ENROL */
	HERMETIC_ORDER_RECOVERY_KEY,
	HERMETIC_ORDER_RECOVERY,
	HERMETIC_ORDER_RECOVER
};

struct hermetic_order {
	size_t size;
	enum hermetic_order_kind kind;
	const char *session, *text, *whom;
	const struct hermetic_saying *saying;	  /* or NULL */
	const struct hermetic_creation *creation; /* or NULL */
	/* Since 0.6. SEND: the file that the message names; the server has all of it, and
	 * the text may be empty. What the order needs of it is copied. NULL: no file. */
	const struct hermetic_file *file;
};

/* Copies the order and begins it. A device carries out one order at a time. */
enum hermetic_result hermetic_core_start(struct hermetic_core *core,
					 const struct hermetic_order *order);

enum hermetic_turn {
	HERMETIC_TURN_ASK,  /* ask the server, and give the answer */
	HERMETIC_TURN_WAIT, /* call again after *wait_ms */
	HERMETIC_TURN_DONE  /* the order has ended */
};

/* What to ask the server. Borrowed until it is answered. */
struct hermetic_request {
	const char *method, *path; /* "POST", "/session/create" */
	const char *body;	   /* JSON, or NULL */
};

enum hermetic_turn hermetic_core_turn(struct hermetic_core *core,
				      const struct hermetic_request **request,
				      uint32_t *wait_ms);

/* The answer to the request: the HTTP status, or 0 if the server was not reached; the body,
 * or NULL; and by how many milliseconds the header Date is ahead of this machine's clock, or
 * 0. */
void hermetic_core_answer(struct hermetic_core *core, int status,
			  const char *body, size_t size,
			  int64_t clock_ahead_ms);

struct hermetic_outcome {
	const char *session;
	uint64_t number, item; /* as struct hermetic_sent */
	size_t devices;	       /* INVITE: how many were added */
	/* Since 0.5. After HERMETIC_LOOK of ENROL, the code; else NULL. */
	const char *code;
	/* Since 0.6. What the order gives; NULL: nothing. */
	const char *json;
	/* Since 0.6. JOIN and RESOLVE: as hermetic_began_anew(). */
	bool anew;
};

/* How the order has ended; borrowed until the next order. HERMETIC_KEPT as in
 * hermetic_send(). */
enum hermetic_result hermetic_core_outcome(
    struct hermetic_core *core, const struct hermetic_outcome **outcome);

/* Takes in a message that the server pushed by WebSocket, as its JSON, while no order runs.
 * HERMETIC_CONFLICT: earlier messages are missing, and HERMETIC_ORDER_REFRESH reads
 * them. */
enum hermetic_result hermetic_core_push(struct hermetic_core *core,
					const char *json, size_t size);

/* Since 0.5. Takes in whatever the server pushed by WebSocket or answered to a subscription: a
 * message, as hermetic_core_push() does, or anything else, of which events tell. *order is the
 * order that the program has to give next, borrowed until the next call of this function; NULL:
 * none. A program that has connected also passes {"type": "welcome", "session_id": ID} for each
 * of hermetic_core_invitations(). Since 0.8 one that asks for this list after each Welcome that
 * is pushed adds "pushed": true to what was pushed: then only the list tells of invitations. */
enum hermetic_result hermetic_core_hear(struct hermetic_core *core,
					const char *json, size_t size,
					const struct hermetic_order **order);

/* As hermetic_next_event(). */
const struct hermetic_event *hermetic_core_next_event(
    struct hermetic_core *core);

/* These give JSON, borrowed until the next call of any of them: all sessions, ["ID"…]; what
 * the device knows of a session; an entry that is kept here. */
enum hermetic_result hermetic_core_sessions(struct hermetic_core *core,
					    const char **json);
enum hermetic_result hermetic_core_describe(struct hermetic_core *core,
					    const char *session,
					    const char **json);
enum hermetic_result hermetic_core_entry(struct hermetic_core *core,
					 const char *session, uint64_t number,
					 const char **json);
/* As hermetic_shown(). */
enum hermetic_result hermetic_core_shown(struct hermetic_core *core,
					 const char *session,
					 const char *const *marks,
					 size_t count);

/* Since 0.5. These give JSON, borrowed as above.
 * The outbox of a session, or, with NULL, of all: [{item, session_id, text, state: "waiting" or
 * "refused", queued_at, expires_at?, key?, reason?}…].
 * An account that HERMETIC_ORDER_MEET has read, or one's own: {username, fingerprint,
 * digits, compared: "no", "yes" or "changed", closed, forked, other, other_digits?…}; for one's
 * own, since 0.6, also `recovery`: whether it has a recovery key.
 * From the server's answer to GET /invitations, those that a person is to be asked about:
 * [{session_id, inviter, algorithm…}…]. */
enum hermetic_result hermetic_core_outbox(struct hermetic_core *core,
					  const char *session,
					  const char **json);
enum hermetic_result hermetic_core_person(struct hermetic_core *core,
					  const char *user, const char **json);
enum hermetic_result hermetic_core_invitations(struct hermetic_core *core,
					       const char *answer, size_t size,
					       const char **json);
/* Since 0.5. As hermetic_drop(), hermetic_compared() and hermetic_read_to(). */
enum hermetic_result hermetic_core_drop(struct hermetic_core *core,
					const char *session, uint64_t item);
enum hermetic_result hermetic_core_compared(struct hermetic_core *core,
					    const char *user);
enum hermetic_result hermetic_core_read_to(struct hermetic_core *core,
					   const char *session,
					   uint64_t number);

/* Since 0.6. What is due without anybody asking for it. *order is the order that the program has
 * to give now, borrowed until the next call of this function, or NULL. At *at_ms, Unix
 * milliseconds, an order or an event may be due next: call this function and
 * hermetic_core_next_event() then, and also after each push and each order. UINT64_MAX: nothing
 * is due before the next push or order. */
enum hermetic_result hermetic_core_due(struct hermetic_core *core,
				       uint64_t *at_ms,
				       const struct hermetic_order **order);

/* Since 0.6. As hermetic_type(). The program sends *json by WebSocket; it is borrowed as above,
 * or NULL: nothing is to be sent. Works only once hermetic_core_hear() was given the server's
 * answer to the subscription. */
enum hermetic_result hermetic_core_type(struct hermetic_core *core,
					const char *session, bool types,
					const char **json);

/* Since 0.6. *read: the number up to which the person has read. *count: how many texts of
 * others come after it; 1,000 at most. */
enum hermetic_result hermetic_core_unread(struct hermetic_core *core,
					  const char *session, uint64_t *read,
					  uint64_t *count);

/* Since 0.6. As hermetic_search(), as JSON: [{session, entries: […]}…]. */
enum hermetic_result hermetic_core_search(struct hermetic_core *core,
					  const struct hermetic_search *search,
					  const char **json);

/* Since 0.6. As hermetic_find(), hermetic_accept(), hermetic_wish() and
 * hermetic_set_wish(). */
enum hermetic_result hermetic_core_find(struct hermetic_core *core,
					const char *word,
					char id[HERMETIC_ID_SIZE]);
enum hermetic_result hermetic_core_accept(struct hermetic_core *core,
					  const char *user,
					  const char *fingerprint);
enum hermetic_result hermetic_core_wish(struct hermetic_core *core,
					enum hermetic_wish wish, bool *on);
enum hermetic_result hermetic_core_set_wish(struct hermetic_core *core,
					    enum hermetic_wish wish, bool on);

/* ---- files ----
 *
 * Since 0.6. A file is sealed piece by piece, its ciphertext is stored at the server, then an
 * order SEND names it:
 *
 *   hermetic_core_file_seal(core, &wish, &file);
 *   hermetic_core_file_pass() for all bytes; hermetic_core_file_end(), which gives the tag;
 *   while ((turn = hermetic_core_file_turn(…)) != HERMETIC_TURN_DONE)
 *           ask, with the bytes from `from` on as the body, and hermetic_core_file_answer();
 *   hermetic_core_file_outcome(); the order; hermetic_file_free()
 *
 * The ciphertext is as long as the file, and the tag follows it. A file that somebody else has
 * sent is opened with the same functions in the other order: the program passes the bytes of
 * each answer at once, all but the tag at the end. It shows what comes out to nobody before
 * hermetic_core_file_end() has verified it. Only naming the file is
 * an order, SEND. */

#define HERMETIC_FILE_TAG 16 /* bytes */

struct hermetic_file_wish {
	size_t size;
	const char *session, *name;
	const char *type; /* NULL: the type that the end of the name says */
	/* The caller's own id of this sending, and of the text that names the file, in the place of
	 * that of struct hermetic_saying: at most 64 bytes, or a longer one, for which its SHA-256
	 * stands. A transfer that was cut off, also by the end of the program, goes on under the
	 * same key: the program seals the bytes again, and the server knows how many it has. What
	 * was said under the key is said once: the program passes the same bytes under the same name
	 * and type, nothing is transferred, and the order SEND gives the number of before.
	 * HERMETIC_CONFLICT ("key-reused"): something else was said under it. */
	const char *key;
};

enum hermetic_result hermetic_core_file_seal(
    struct hermetic_core *core, const struct hermetic_file_wish *wish,
    struct hermetic_file **file);
/* The file that an entry names. HERMETIC_GONE: it names none. */
enum hermetic_result hermetic_core_file_open(struct hermetic_core *core,
					     const char *session,
					     uint64_t number,
					     struct hermetic_file **file);
/* Frees the file, and wipes its key. NULL is allowed. */
void hermetic_file_free(struct hermetic_file *file);

/* Borrowed from the file. Its sender chose the name and the type. */
struct hermetic_file_facts {
	const char *id, *name, *type;
	uint64_t
	    size; /* of the file itself; while sealing, of what was passed */
	uint64_t sealed_size; /* of what the server stores */
};
const struct hermetic_file_facts *hermetic_file_facts(
    const struct hermetic_file *file);

/* Seals or opens the next `size` bytes; `in` and `out` may be the same. */
enum hermetic_result hermetic_core_file_pass(struct hermetic_core *core,
					     struct hermetic_file *file,
					     const void *in, size_t size,
					     void *out);
/* Sealing: writes the tag. HERMETIC_CONFLICT ("file-changed"): other bytes were sealed under
 * that key before; throw away what was sealed now, and seal the file again from the
 * beginning. Opening: reads the tag. HERMETIC_REFUSED: this is not the file that the message
 * names. */
enum hermetic_result hermetic_core_file_end(
    struct hermetic_core *core, struct hermetic_file *file,
    unsigned char tag[HERMETIC_FILE_TAG]);

/* What to ask the server about a file. Borrowed until it is answered. */
struct hermetic_transfer {
	const char *method, *path;
	const char *const *headers; /* "Name: value"; NULL ends them */
	/* Which bytes of the ciphertext the body has, or the answer, a 206. */
	uint64_t from, count;
};

enum hermetic_turn hermetic_core_file_turn(
    struct hermetic_core *core, struct hermetic_file *file,
    const struct hermetic_transfer **transfer, uint32_t *wait_ms);

/* The answer: the HTTP status, or 0 if the server was not reached; the body of a problem, or
 * NULL; the header Upload-Offset, or HERMETIC_NO_OFFSET; and how many bytes of the file the
 * answer brought. */
#define HERMETIC_NO_OFFSET UINT64_MAX
void hermetic_core_file_answer(struct hermetic_core *core,
			       struct hermetic_file *file, int status,
			       const char *body, size_t size,
			       uint64_t upload_offset, uint64_t fetched);

enum hermetic_result hermetic_core_file_outcome(struct hermetic_core *core,
						struct hermetic_file *file);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
