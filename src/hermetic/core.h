/*
 * libhermetic: the device without input and output, for a program with a loop, a network
 * and a store of its own. It is given an order, says what to ask the server, is given the
 * answer, and goes on:
 *
 *   hermetic_core_start(core, &order);
 *   while ((turn = hermetic_core_turn(core, &request, &ms)) != HERMETIC_TURN_DONE)
 *           ask, and hermetic_core_answer(); or wait for `ms`;
 *   result = hermetic_core_outcome(core, &outcome);
 *
 * The program registers and logs in by itself (docs/protocol.md: POST /auth/register,
 * /auth/login, with hermetic_password()), sends each request with its access token,
 * and renews that. What was decided is in the store before a request is handed
 * out, so a program that is killed goes on with its next order. The first orders of
 * a new device are HERMETIC_ORDER_ACCOUNT and HERMETIC_ORDER_STOCK. Nothing here
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

/* The password that the server is given for a passphrase, into 64 bytes with the
 * NUL. Takes as long as guessing one. */
#define HERMETIC_PASSWORD_SIZE 64
enum hermetic_result hermetic_password(const char *username,
				       const char *passphrase,
				       char password[HERMETIC_PASSWORD_SIZE]);

/* Records by name. They hold the device's keys: who stores them seals them. begin()
 * keeps other processes out until commit(), after which all that was put is
 * durable, or rollback(). */
struct hermetic_store {
	size_t size;
	/* *changed: another process has written since our last transaction. */
	enum hermetic_result (*begin)(void *context, bool *changed);
	enum hermetic_result (*commit)(void *context);
	void (*rollback)(void *context);
	/* Calls give(to, …) once, or returns HERMETIC_GONE. */
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
	uint64_t (*now_ms)(
	    void *clock); /* Unix milliseconds; NULL: this clock */
	void *clock;
	uint32_t stock;
	/* Since 0.6. Other than 0: as struct hermetic_config has it. */
	uint64_t receipts;
};

struct hermetic_core;
struct hermetic_file; /* below */

/* As hermetic_new() and hermetic_free(). */
enum hermetic_result hermetic_core_new(
    const struct hermetic_core_config *config, struct hermetic_core **core);
void hermetic_core_free(struct hermetic_core *core);
const char *hermetic_core_why(const struct hermetic_core *core);
const char *hermetic_core_slug(const struct hermetic_core *core);
/* Since 0.8. As hermetic_about(); borrowed until it is called again. */
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
	HERMETIC_ORDER_MEET,	 /* whom: read that account's log; no session */
	HERMETIC_ORDER_FLUSH,	 /* as hermetic_flush() */
	HERMETIC_ORDER_ASK,	 /* whom: as hermetic_ask() */
	HERMETIC_ORDER_UNINVITE, /* whom */
	/* Since 0.5. New keys because the server asks for them. */
	HERMETIC_ORDER_ASKED,
	/* Since 0.5. A new device comes into the log of its account; no session. It is
	 * HERMETIC_LOOK, with a code that a person carries to another device, until that
	 * one has approved it: give the order again after a second or so. Then the
	 * program gets another access token (POST /auth/refresh), gives
	 * HERMETIC_ORDER_STOCK, and joins what hermetic_core_hear() says. */
	HERMETIC_ORDER_ENROL,
	/* Since 0.6. As the functions of that name (hermetic/account.h, hermetic.h); what
	 * they give is `json` of the outcome:
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
	/* Since 0.6. Both are kept and sent as texts are. */
	HERMETIC_ORDER_NAME,	/* text: what the session is called */
	HERMETIC_ORDER_SUBJECT, /* text: what it is about */
	/* Since 0.6. Writes a receipt (hermetic_core_due()). */
	HERMETIC_ORDER_RECEIPT,
	/* Since 0.6. What a member may do there; HERMETIC_DENIED: this one may not. */
	HERMETIC_ORDER_ROLE,  /* whom; text: "owner", "admin" or "member" */
	HERMETIC_ORDER_BAN,   /* whom: is removed, and kept out */
	HERMETIC_ORDER_UNBAN, /* whom */
	/* Since 0.6. The recovery key, which adds a device where no other one is left; no
	 * session. `whom` is the one that stands, or NULL: "recovery-key-stands" then.
	 * RECOVERY_KEY  {recovery_key}: a new one, which does not count yet
	 * RECOVERY      text: a key, as the person has typed it, counts from now on
	 * RECOVER       in the place of ENROL: text: the key. Then as after ENROL. */
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
	/* Since 0.6. SEND: it goes with the text, which may be empty then, and the server has
	 * it whole. It is copied; NULL: none. */
	const struct hermetic_file *file;
};

/* Copied. One order at a time. */
enum hermetic_result hermetic_core_start(struct hermetic_core *core,
					 const struct hermetic_order *order);

enum hermetic_turn {
	HERMETIC_TURN_ASK,
	HERMETIC_TURN_WAIT, /* *wait_ms: call again after so long */
	HERMETIC_TURN_DONE
};

/* Borrowed until it is answered. */
struct hermetic_request {
	const char *method, *path; /* "POST", "/session/create" */
	const char *body;	   /* JSON, or NULL */
};

enum hermetic_turn hermetic_core_turn(struct hermetic_core *core,
				      const struct hermetic_request **request,
				      uint32_t *wait_ms);

/* What came of it: the HTTP status, or 0 when the server was not reached; the body,
 * or NULL; the header Date less our clock in milliseconds, or 0. */
void hermetic_core_answer(struct hermetic_core *core, int status,
			  const char *body, size_t size,
			  int64_t clock_ahead_ms);

struct hermetic_outcome {
	const char *session;
	uint64_t number, item; /* as struct hermetic_sent */
	size_t devices;	       /* INVITE: how many were added */
	const char *code;      /* since 0.5. ENROL, HERMETIC_LOOK: else NULL */
	/* Since 0.6. NULL where the order gives nothing. */
	const char *json;
	bool anew; /* since 0.6: JOIN, RESOLVE, as hermetic_began_anew() */
};

/* How the order ended; borrowed until the next one. HERMETIC_KEPT as
 * hermetic_send(). */
enum hermetic_result hermetic_core_outcome(
    struct hermetic_core *core, const struct hermetic_outcome **outcome);

/* A message that the server pushed by WebSocket: its JSON. Between orders only.
 * HERMETIC_CONFLICT: some before it are missing, and HERMETIC_ORDER_REFRESH reads
 * them. */
enum hermetic_result hermetic_core_push(struct hermetic_core *core,
					const char *json, size_t size);

/* Since 0.5. Whatever the server pushed by WebSocket, or answered to a subscription: as
 * hermetic_core_push(), or an event. *order is to be given then, borrowed until the next
 * call of this function; NULL: none. A program that connects also hands over
 * {"type": "welcome", "session_id": ID} for each of hermetic_core_invitations(). */
enum hermetic_result hermetic_core_hear(struct hermetic_core *core,
					const char *json, size_t size,
					const struct hermetic_order **order);

/* As hermetic_next_event(). */
const struct hermetic_event *hermetic_core_next_event(
    struct hermetic_core *core);

/* JSON, borrowed until the next call of any of these: ["ID"…] of all sessions; what
 * the device knows of one; an entry that is kept. */
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

/* Since 0.5. JSON as above. The outbox, of all sessions with NULL: [{item, session_id,
 * text, state: "waiting" or "refused", queued_at, expires_at?, key?, reason?}…]. An
 * account that HERMETIC_ORDER_MEET has read, or one's own: {username, fingerprint,
 * digits, compared: "no", "yes" or "changed", closed, forked, other, other_digits?…}; of one's
 * own, since 0.6, recovery: whether it has a recovery key.
 * Of the server's answer to GET /invitations those about which a person is asked:
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

/* Since 0.6. What is due by itself: *order is to be given now, borrowed until the next
 * call of this function, or NULL; *at_ms, Unix milliseconds, is when there may be something
 * to do next, an event also: call this function and hermetic_core_next_event() then, and
 * after whatever was pushed or ordered. UINT64_MAX: not before that. */
enum hermetic_result hermetic_core_due(struct hermetic_core *core,
				       uint64_t *at_ms,
				       const struct hermetic_order **order);

/* Since 0.6. As hermetic_type(): *json is to be sent by WebSocket, borrowed like JSON above,
 * or NULL. hermetic_core_hear() has to be given what answered the subscription. */
enum hermetic_result hermetic_core_type(struct hermetic_core *core,
					const char *session, bool types,
					const char **json);

/* Since 0.6. How many texts of others stand behind the entry *read, up to which the person
 * has read; 1,000 at most. */
enum hermetic_result hermetic_core_unread(struct hermetic_core *core,
					  const char *session, uint64_t *read,
					  uint64_t *count);

/* Since 0.6. As hermetic_search(): JSON, [{session, entries: […]}…]. */
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
 * The ciphertext is the bytes and the tag. One that others sent is opened with the same
 * functions in the other order: what an answer brings is passed at once, all but the tag at
 * its end. What comes out is shown to nobody before hermetic_core_file_end() has verified
 * it. None of these functions is an order of the device. */

#define HERMETIC_FILE_TAG 16 /* bytes */

struct hermetic_file_wish {
	size_t size;
	const char *session, *name;
	const char *type; /* NULL: by the name's end */
	/* The caller's own id of this sending, and of the text that names the file, in the place of
	 * that of struct hermetic_saying: of at most 64 bytes, or a longer one, for which its
	 * SHA-256 stands. A sending that was cut off, also by the end of the program, goes on under
	 * the same key: the bytes are sealed again, and are known at the server. What was said
	 * under it is said once: the same bytes under the same name and type are not stored again,
	 * and the order SEND gives the number of before. HERMETIC_CONFLICT ("key-reused"):
	 * something else was said under it. */
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
/* Wipes its key. Takes NULL. */
void hermetic_file_free(struct hermetic_file *file);

/* Borrowed from the file. Who sent it chose the name and the type. */
struct hermetic_file_facts {
	const char *id, *name, *type;
	uint64_t size; /* of the file itself; sealing: of what was passed */
	uint64_t sealed_size; /* at the server */
};
const struct hermetic_file_facts *hermetic_file_facts(
    const struct hermetic_file *file);

/* `size` bytes out, which may be where those that go in are. */
enum hermetic_result hermetic_core_file_pass(struct hermetic_core *core,
					     struct hermetic_file *file,
					     const void *in, size_t size,
					     void *out);
/* Sealing: writes the tag. HERMETIC_CONFLICT ("file-changed"): under that key other bytes
 * were sealed before; what was sealed now is to be thrown away, and sealed again from the
 * beginning. Opening: reads the tag. HERMETIC_REFUSED: it is not the file that the message
 * names. */
enum hermetic_result hermetic_core_file_end(
    struct hermetic_core *core, struct hermetic_file *file,
    unsigned char tag[HERMETIC_FILE_TAG]);

/* Borrowed until it is answered. */
struct hermetic_transfer {
	const char *method, *path;
	const char *const *headers; /* "Name: value"; NULL ends them */
	/* Bytes of the ciphertext: those of the body, or what the answer has, as 206. */
	uint64_t from, count;
};

enum hermetic_turn hermetic_core_file_turn(
    struct hermetic_core *core, struct hermetic_file *file,
    const struct hermetic_transfer **transfer, uint32_t *wait_ms);

/* The HTTP status, or 0; the body of a problem, or NULL; the header Upload-Offset, or
 * HERMETIC_NO_OFFSET; and how many bytes of the file came. */
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
