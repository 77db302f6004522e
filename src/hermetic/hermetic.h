/*
 * libhermetic: sealed messages from a program of your own.
 *
 * A `struct hermetic` is one device of one account, with a sealed state in a
 * folder. It asks the server, keeps what arrives, and tells it as events:
 *
 *   hermetic_new(&config, &h);
 *   hermetic_exists(h) ? hermetic_open(h) : hermetic_login(h, NULL);
 *   hermetic_send(h, session, "hello", NULL, NULL);
 *   hermetic_listen(h);
 *   for (;;) {
 *           poll(hermetic_fd(h)); hermetic_step(h, 0);
 *           while ((event = hermetic_next_event(h)) != NULL) ...
 *   }
 *
 * docs/example/bot.c is such a program, and docs/embedding.md says more.
 *
 * Results. What can fail returns an enum hermetic_result. hermetic_why() is then
 * a sentence about this failure, hermetic_slug() a word of it for programs, and
 * hermetic_advice() what to do next about results of that kind. On a failure what
 * the caller's pointers point to is as before.
 *
 * Who owns what. Texts that go in are copied, and end with a NUL. What comes out
 * is borrowed: a list until the same function is called again with that handle, an
 * event until the next hermetic_next_event(), all else as it says; at the latest
 * until hermetic_free(). Texts are UTF-8. What others wrote is given as they wrote
 * it: whoever shows it on a terminal has to make it harmless.
 *
 * Threads. One thread at a time uses a handle, and what was borrowed from it.
 * Different handles are used by different threads at once. Two handles, also of two
 * processes, may be of one folder: they take turns. The first hermetic_new() of a
 * process has libcurl started and jansson wipe what it frees, so it comes before
 * other threads of the program use these.
 *
 * Waiting. A function that asks the server waits for its answer: seconds where the
 * network is bad, a minute at most for each request. hermetic_step(h, 0) waits only
 * where something has to be asked. A program that may never wait has the second
 * part of this header: the device without input and output.
 *
 * Structs that are handed in begin with their size, and those that come out are
 * given by pointer: both may grow at their end in later versions.
 */
#ifndef HERMETIC_HERMETIC_HERMETIC_H
#define HERMETIC_HERMETIC_HERMETIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define HERMETIC_VERSION_MAJOR 0
#define HERMETIC_VERSION_MINOR 5
#define HERMETIC_VERSION_PATCH 0

#define HERMETIC_ID_SIZE 37 /* an id as text, and its NUL */

/* "0.5.0", of the library that runs. */
const char *hermetic_version(void);

/* ---- results ---- */

enum hermetic_result {
	HERMETIC_OK = 0,
	HERMETIC_KEPT,	      /* what was said is stored, and waits */
	HERMETIC_USAGE,	      /* this call, or its place, is wrong */
	HERMETIC_PASSPHRASE,  /* it does not open the state, or the account */
	HERMETIC_NO_ACCOUNT,  /* nobody is logged in in that folder */
	HERMETIC_GONE,	      /* there is none of that name or number */
	HERMETIC_CONFLICT,    /* it is there already, or others were first */
	HERMETIC_DENIED,      /* this device may not do that */
	HERMETIC_LOOK,	      /* a person has to look at something first */
	HERMETIC_REFUSED,     /* the server, or a rule, does not take it */
	HERMETIC_UNREACHABLE, /* the server was not reached */
	HERMETIC_BUSY,	      /* not now */
	HERMETIC_LOCAL	      /* this machine: disk, memory */
};

/* What to do next, a sentence or two. */
const char *hermetic_advice(enum hermetic_result result);

struct hermetic;

/* Of the last failure of a call with that handle; "" before there is one. */
const char *hermetic_why(const struct hermetic *h);
const char *hermetic_slug(const struct hermetic *h);

/* ---- a device ---- */

/* What is not said is NULL or 0. */
struct hermetic_config {
	size_t size; /* sizeof(struct hermetic_config) */
	/* The folder of the state, which is made where it is missing. */
	const char *home;
	const char *passphrase;
	const char *server;   /* HOST:PORT or a URL; NULL: the remembered one */
	const char *username; /* NULL: whose state it is */
	const char *device_name; /* in the server's list; NULL: "library" */
	const char *algorithms;	 /* "a,b", best first; NULL: without X-Wing */
	const char *ca;		 /* a file of certificates, for https */
	/* HOST:PORT of a broker to listen at; NULL: WebSocket. */
	const char *mqtt;
	/* The cost of guessing the passphrase of a state that is made: a power of
	 * two from 16384 to 4194304. */
	uint32_t scrypt_n;
	/* KeyPackages of each algorithm at the server, 100 at most. */
	uint32_t stock;
};

/* Reads and asks nothing yet. There is a handle also after HERMETIC_USAGE, for
 * hermetic_why(), and NULL after HERMETIC_LOCAL. */
enum hermetic_result hermetic_new(const struct hermetic_config *config,
				  struct hermetic **h);
/* Says goodbye, and wipes what was secret. Takes NULL. */
void hermetic_free(struct hermetic *h);

/* Is there a state in the folder? */
bool hermetic_exists(const struct hermetic *h);

/* Opens the state of a device that is logged in. Takes as long as guessing the
 * passphrase once. */
enum hermetic_result hermetic_open(struct hermetic *h);

/* Makes the account, with this as its first device. */
enum hermetic_result hermetic_register(struct hermetic *h);

/* How a new device of an account is let in: by one of its other devices. `show` is
 * given the code that a person, and nobody else, carries to that one. */
struct hermetic_approval {
	size_t size;
	void (*show)(void *context, const char *code);
	void *context;
};

/* Logs this device in, or a new one of the account. A new one waits until another
 * device has approved it, and comes into the sessions of that one; without
 * `approval` it is HERMETIC_LOOK, and a later login goes on. */
enum hermetic_result hermetic_login(struct hermetic *h,
				    const struct hermetic_approval *approval);

/* The server forgets the login; the state stays. */
enum hermetic_result hermetic_logout(struct hermetic *h);

/* Once it is open; "" before. */
const char *hermetic_username(const struct hermetic *h);
const char *hermetic_device_id(const struct hermetic *h);

/* ---- sessions ---- */

enum hermetic_standing {
	HERMETIC_MEMBER,
	/* As far as the server says: the account is invited, or this device was
	 * added and has not joined. */
	HERMETIC_INVITED,
	HERMETIC_JOINING, /* begun, and not ended yet */
	/* What was read stays readable; or a newer version has written it, which alone
	 * can read it, or what is stored of it is damaged: then what is asked about it is
	 * refused, "state-version" or "session-damaged". */
	HERMETIC_LEFT
};

struct hermetic_session {
	const char *id, *name /* NULL: none */, *algorithm;
	enum hermetic_standing standing;
	/* HERMETIC_INVITED: who has begun it, says the server. NULL: an account
	 * that does not exist any more. */
	const char *inviter;
	uint64_t last; /* the last number of its log that is kept here */
	/* NULL; or why nothing is sent there until a person has looked:
	 * "forked", "copied", "behind" */
	const char *stop;
	/* Texts of others behind what hermetic_read_to() was told; 1,000 at most. */
	uint64_t unread;
	const char *subject; /* since 0.3: what it is about; NULL: not said */
};

/* Those of this device; and with `invitations`, for which the server is asked,
 * those to which it may come. */
enum hermetic_result hermetic_sessions(
    struct hermetic *h, bool invitations,
    const struct hermetic_session *const **list, size_t *count);

/* The session that a person means by `word`: its id, the beginning of that, or its name,
 * without regard to case and to signs that do not show. HERMETIC_CONFLICT: it may be
 * any of several, and hermetic_why() says which. No unfinished name counts, and no name
 * more than another: members of any session may call it as they like. */
enum hermetic_result hermetic_find(struct hermetic *h, const char *word,
				   char id[HERMETIC_ID_SIZE]);

enum hermetic_comparison {
	HERMETIC_COMPARED_NO,
	HERMETIC_COMPARED_YES,	  /* a person has compared the numbers */
	HERMETIC_COMPARED_CHANGED /* and they are others since */
};

struct hermetic_member {
	const char *username, *device;
	const char *role; /* "member", "admin", "owner" … */
	bool own;	  /* this device */
	bool seen;	  /* hermetic_shown() was told so */
	enum hermetic_comparison compared;
	const char *mark; /* for hermetic_shown() */
};

/* As the verified log has it; refresh first for the present. */
enum hermetic_result hermetic_members(
    struct hermetic *h, const char *session,
    const struct hermetic_member *const **list, size_t *count);

/* The numbers that two people read to each other, to know that nobody is between
 * them: equal at all members. Borrowed like a list. */
enum hermetic_result hermetic_safety_number(struct hermetic *h,
					    const char *session,
					    const char **digits);

/* A person was shown the members with these marks: what is said from now on may be
 * sealed for them. Nothing is sealed for whoever came in since, unless the sender
 * says so (struct hermetic_saying). What was said before and waits for a person to
 * look is sent with hermetic_flush(). */
enum hermetic_result hermetic_shown(struct hermetic *h, const char *session,
				    const char *const *marks, size_t count);

struct hermetic_creation {
	size_t size;
	const char *name;	  /* only members see it */
	const char *const *users; /* who is invited */
	size_t user_count;
	bool open;	    /* whoever knows the id may join */
	bool verified_only; /* nothing is sent while a member is not compared */
};

/* `creation` may be NULL. */
enum hermetic_result hermetic_create(struct hermetic *h,
				     const struct hermetic_creation *creation,
				     char id[HERMETIC_ID_SIZE]);
enum hermetic_result hermetic_join(struct hermetic *h, const char *session);
/* *devices, or NULL: how many were added; 0: the user may join later. */
enum hermetic_result hermetic_invite(struct hermetic *h, const char *session,
				     const char *user, size_t *devices);
/* The user comes in by an act of that user's own, and no device is added. *inviter, or
 * NULL: who had invited that user before, so that nothing was changed; NULL where this
 * account has. Borrowed until the next call. */
enum hermetic_result hermetic_ask(struct hermetic *h, const char *session,
				  const char *user, const char **inviter);
/* The invitation of that user is taken back. HERMETIC_GONE: there is none. */
enum hermetic_result hermetic_uninvite(struct hermetic *h, const char *session,
				       const char *user);

/* Who has signed that this account is invited. */
struct hermetic_letter {
	const char *by;
	enum hermetic_comparison compared;
};

/* Of a session of HERMETIC_INVITED: the letters that its members have given, none of
 * people who are blocked. Which of these people has made the entry in the group is
 * known when this account joins; only that one's letter counts then. */
enum hermetic_result hermetic_letters(
    struct hermetic *h, const char *session,
    const struct hermetic_letter *const **list, size_t *count);

/* "user", or "user/device". */
enum hermetic_result hermetic_remove(struct hermetic *h, const char *session,
				     const char *whom);
enum hermetic_result hermetic_rotate(struct hermetic *h, const char *session);
enum hermetic_result hermetic_leave(struct hermetic *h, const char *session);
/* A person has looked at what stops the session (`stop`), and goes on. */
enum hermetic_result hermetic_resolve(struct hermetic *h, const char *session);
/* Reads what is new there, and sends what waits, except what hermetic_flush() is for. */
enum hermetic_result hermetic_refresh(struct hermetic *h, const char *session);

/* ---- saying something ---- */

enum hermetic_act {
	HERMETIC_SAY,	 /* perhaps as a reply: about */
	HERMETIC_EDIT,	 /* the text stands for the message `about` */
	HERMETIC_DELETE, /* takes the message `about` back */
	HERMETIC_REACT	 /* the text, an emoji, is put to the message `about` */
};

struct hermetic_saying {
	size_t size;
	enum hermetic_act act;
	uint64_t about; /* the number of a message, or 0 */
	/* The caller's own id of the text, to 64 bytes: sent once, however often
	 * the call is made. */
	const char *key;
	bool to_new_members; /* also to members whom no person was shown */
	/* Since 0.3. Which of several conversations a message belongs to, to 128
	 * bytes; NULL: none, or that of the message `about`. */
	const char *topic;
};

struct hermetic_sent {
	uint64_t number; /* HERMETIC_OK: where it stands in the verified log */
	uint64_t item;	 /* HERMETIC_KEPT: of the outbox */
};

/* HERMETIC_KEPT: it is sealed and stored here, and hermetic_why() says for what it
 * waits. It is sent by itself when that has come; what waits for a person to look
 * is sent by hermetic_flush(). `saying` and `sent` may be NULL. */
enum hermetic_result hermetic_send(struct hermetic *h, const char *session,
				   const char *text,
				   const struct hermetic_saying *saying,
				   struct hermetic_sent *sent);

struct hermetic_item {
	const char *session, *text, *key /* NULL: none */;
	uint64_t item;
	uint64_t queued_at; /* Unix milliseconds */
	bool refused;	    /* for good */
	const char *reason; /* NULL: it just waits */
};

/* What waits, and what was refused; `session` NULL: of all sessions. */
enum hermetic_result hermetic_outbox(struct hermetic *h, const char *session,
				     const struct hermetic_item *const **list,
				     size_t *count);
/* Reads what is new in the session, and sends what waits there. What was said before
 * hermetic_shown() goes to the members that were shown, too. HERMETIC_KEPT:
 * something waits still, and hermetic_why() says for what. */
enum hermetic_result hermetic_flush(struct hermetic *h, const char *session);
#define HERMETIC_ALL_ITEMS UINT64_MAX /* in place of an item's number */
/* Forgets an item, or all of the session. One that was posted before may stand in
 * the log all the same. HERMETIC_GONE: there was none; no item has the number 0. */
enum hermetic_result hermetic_drop(struct hermetic *h, const char *session,
				   uint64_t item);

/* ---- what happens ---- */

enum hermetic_event_kind {
	HERMETIC_EVENT_TEXT,
	HERMETIC_EVENT_EDIT,	 /* of the message `about` */
	HERMETIC_EVENT_DELETE,	 /* the same */
	HERMETIC_EVENT_REACTION, /* the same */
	HERMETIC_EVENT_ENTRY,	 /* another entry of the log: see `json` */
	HERMETIC_EVENT_SENT,	 /* `item` of the outbox stands at `number` */
	HERMETIC_EVENT_REFUSED,	 /* `item` was refused for good */
	HERMETIC_EVENT_ENDED,	 /* this device is no member any more */
	HERMETIC_EVENT_INVITED,	 /* the server says: hermetic_join() may work */
	HERMETIC_EVENT_DEVICE_WAITS, /* one of yours wants to be approved */
	HERMETIC_EVENT_CONNECTED,
	HERMETIC_EVENT_DISCONNECTED, /* tried again by itself; text says why */
	/* Since 0.4: others than before type in `session`; `json` has the names of
	 * these, ["bob"…], [] when nobody does. */
	HERMETIC_EVENT_TYPING
};

struct hermetic_event {
	enum hermetic_event_kind kind;
	const char *session; /* "" where it is about none */
	uint64_t number;     /* of the entry of the session's log */
	uint64_t item;
	const char *from, *device; /* who said it; "" where nobody did */
	bool own;		   /* said by this device */
	const char *text;
	uint64_t
	    about; /* the number of the message that it is about; 0: none */
	uint64_t sent_at; /* Unix milliseconds, as the sender says */
	/* All that is kept of an entry, a JSON object (docs/state.md, "What is kept
	 * of an entry"); of HERMETIC_EVENT_TYPING as said there; "" of other events. */
	const char *json;
	/* Since 0.3. */
	const char *topic; /* "": none */
	bool mentioned;	   /* another one names this account in it: "@name" */
};

/* Connects, and follows every session of this device from what is kept here:
 * events are what came since the handle was opened. Invitations that wait are
 * told, too. What the device takes in meanwhile is sent, joined and renewed by
 * hermetic_step(). A connection that is lost later is made again. */
enum hermetic_result hermetic_listen(struct hermetic *h);

/* Tells every entry of that session after number `after`, those that are kept
 * first: before or after hermetic_listen(). A program that must answer each message
 * keeps the last number that it has dealt with, and gives it here. */
enum hermetic_result hermetic_follow(struct hermetic *h, const char *session,
				     uint64_t after);

/* Can be read when hermetic_step() has something to do, or an event waits: for
 * poll(), select(), epoll or an event loop. It stays the same until
 * hermetic_free(), and is not to be read or closed. -1: before hermetic_listen(). */
int hermetic_fd(const struct hermetic *h);

/* Does what there is to do; waits for something up to `timeout_ms`. A lost
 * connection is an event, and no failure. */
enum hermetic_result hermetic_step(struct hermetic *h, int timeout_ms);

/* The oldest that was not taken; NULL: there is none. */
const struct hermetic_event *hermetic_next_event(struct hermetic *h);

/* One entry that is kept, as an event of it; borrowed until the next call of this
 * function. HERMETIC_GONE: nothing is kept of it. */
enum hermetic_result hermetic_entry(struct hermetic *h, const char *session,
				    uint64_t number,
				    const struct hermetic_event **event);

/* What is read back; what is not said is NULL or 0, and then all of it is meant. */
struct hermetic_search {
	size_t size;
	const char *session; /* its id; NULL: all sessions */
	/* All of them stand in the text, its last edit or the name of its file, without
	 * regard to case. */
	const char *words;
	uint64_t after; /* entries with a greater number */
	/* From the first one on that was sent then or later, Unix milliseconds. */
	uint64_t since_ms;
	uint64_t last;	 /* at most so many of each session, the latest */
	uint64_t before; /* entries with a smaller number */
	/* Since 0.3. Only those of that topic. */
	const char *topic;
};

/* Entries that are kept, as events of them, in the order of each session's log, and no
 * receipts. `search` may be NULL. Borrowed like a list. Nothing is asked of a server. */
enum hermetic_result hermetic_search(struct hermetic *h,
				     const struct hermetic_search *search,
				     const struct hermetic_event *const **list,
				     size_t *count);

/* The person has read the session up to that number: what is not read is counted from
 * there, and where the person wants receipts, the next one says so. */
enum hermetic_result hermetic_read_to(struct hermetic *h, const char *session,
				      uint64_t number);

/* Since 0.4. What the session is called, what it is about (to 128 and 512 bytes; an empty
 * subject: nothing any more), and its picture (to 16,384 bytes of PNG, JPEG, GIF or WebP;
 * no bytes: none any more). Each is said to the members as a text is, and the last one in the
 * log counts: HERMETIC_KEPT and `sent` as with hermetic_send(). hermetic_sessions() has the
 * first two. HERMETIC_REFUSED: it may not be so. */
enum hermetic_result hermetic_set_name(struct hermetic *h, const char *session,
				       const char *name,
				       struct hermetic_sent *sent);
enum hermetic_result hermetic_set_subject(struct hermetic *h,
					  const char *session,
					  const char *subject,
					  struct hermetic_sent *sent);
enum hermetic_result hermetic_set_picture(struct hermetic *h,
					  const char *session,
					  const void *bytes, size_t count,
					  struct hermetic_sent *sent);

/* Since 0.4. The picture that counts; borrowed until the next call of this function.
 * HERMETIC_GONE: there is none. */
enum hermetic_result hermetic_picture(struct hermetic *h, const char *session,
				      const void **bytes, size_t *count);

/* Since 0.4. The person types a text in that session, or does not any more: members who
 * are connected are told, at most every four seconds, where the person has not set that off
 * and nothing that is said would wait. Call it as often as something is typed, and not for
 * what is sent. Nothing waits for it, and nothing says whether it was told: HERMETIC_OK. */
enum hermetic_result hermetic_type(struct hermetic *h, const char *session,
				   bool types);

/* ---- people ---- */

struct hermetic_person {
	const char *username;
	const char *digits; /* twelve groups of five, to be compared */
	enum hermetic_comparison compared;
	bool closed; /* the account was */
	bool forked; /* there are two logs of it that contradict each other */
	/* The server shows another account under that name: its digits, or NULL. */
	const char *other_digits;
};

/* Reads that account's log, and verifies it; of one's own name, one's own. */
enum hermetic_result hermetic_verify(struct hermetic *h, const char *user,
				     const struct hermetic_person **person);
/* A person has compared the digits with that person. */
enum hermetic_result hermetic_compared(struct hermetic *h, const char *user);

/* ---- the device without input and output ----
 *
 * The same device for a program with a loop, a network and a store of its own. It is
 * given an order, says what to ask the server, is given the answer, and goes on:
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
 * waits. */

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
};

struct hermetic_core;

/* As hermetic_new() and hermetic_free(). */
enum hermetic_result hermetic_core_new(
    const struct hermetic_core_config *config, struct hermetic_core **core);
void hermetic_core_free(struct hermetic_core *core);
const char *hermetic_core_why(const struct hermetic_core *core);
const char *hermetic_core_slug(const struct hermetic_core *core);

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
	HERMETIC_ORDER_ENROL
};

struct hermetic_order {
	size_t size;
	enum hermetic_order_kind kind;
	const char *session, *text, *whom;
	const struct hermetic_saying *saying;	  /* or NULL */
	const struct hermetic_creation *creation; /* or NULL */
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
 * digits, compared: "no", "yes" or "changed", closed, forked, other, other_digits?…}.
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

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
