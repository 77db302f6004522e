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
 * where something has to be asked. A program that may never wait has
 * hermetic/core.h: the device without input and output.
 *
 * This header includes hermetic/members.h, which has the people of a session,
 * hermetic/lists.h, which has more ways to look at sessions, hermetic/account.h, which has
 * one's other devices and other people, and hermetic/core.h.
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
#define HERMETIC_VERSION_MINOR 8
#define HERMETIC_VERSION_PATCH 0

#define HERMETIC_ID_SIZE 37 /* an id as text, and its NUL */

/* The three as text, with dots, of the library that runs. */
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

/* Since 0.8. What the last call with that handle has given, as JSON: of a list its rows, of a
 * struct its members, and those that `hermetic` prints with --json besides; of other calls
 * what stands there. After a failure it is that as far as it came. NULL: it has given nothing,
 * or memory is out. Borrowed until the next call with the handle. */
const char *hermetic_json(struct hermetic *h);

/* Of the last failure of a call with that handle; "" before there is one. */
const char *hermetic_why(const struct hermetic *h);
const char *hermetic_slug(const struct hermetic *h);

/* Since 0.8. What hermetic_why() is about, as a JSON object; a member is missing where it is
 * about none: "session", an id; "name", of a user, or of a device as members are called; "item",
 * of the outbox, where it stands as refused. With the slug it is what a program makes its own
 * next step of: hermetic_why() names no command and no button. NULL: memory is out. Borrowed
 * until the next call with the handle. */
const char *hermetic_about(struct hermetic *h);

/* ---- a device ---- */

/* What is not said is NULL or 0. */
struct hermetic_config {
	size_t size; /* sizeof(struct hermetic_config) */
	/* The folder of the state, which is made where it is missing. Since 0.8 it may be
	 * NULL: such a handle opens no device, and is for hermetic_check_log(). */
	const char *home;
	/* Since 0.8 it may be NULL: hermetic_set_passphrase() comes before it is needed. */
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
	/* Since 0.6. Writes receipts: what has come here, and with hermetic_read_to() what
	 * the person has read; unless the person wants none (hermetic_set_wish()). */
	bool receipts;
	/* Since 0.8. hermetic_open() takes the keys of the state from the agent that holds
	 * them for this user (`hermetic agent`), where one does. Then no passphrase is
	 * needed, and none is guessed. */
	bool agent;
	/* Since 0.8. hermetic_listen() wants no server that can be reached now: a connection
	 * that cannot be made is one that was lost. */
	bool patient;
};

/* Reads and asks nothing yet. There is a handle also after HERMETIC_USAGE, for
 * hermetic_why(), and NULL after HERMETIC_LOCAL. */
enum hermetic_result hermetic_new(const struct hermetic_config *config,
				  struct hermetic **h);
/* Says goodbye, and wipes what was secret. Takes NULL. */
void hermetic_free(struct hermetic *h);

/* Since 0.8. In the place of the one before: `size` bytes, without a NUL at their end. It is
 * copied. Of a state that is open it changes nothing: hermetic_change_passphrase() does. */
enum hermetic_result hermetic_set_passphrase(struct hermetic *h,
					     const char *passphrase,
					     size_t size);

/* Since 0.8. While a call waits for an answer of the server, `is_over` is asked now and then, at
 * least each second and when a signal has come, with how long the answer has been awaited:
 * `true` ends the waiting as if the server could not be reached. NULL, as at the beginning:
 * nobody is asked. */
void hermetic_set_patience(struct hermetic *h,
			   bool (*is_over)(void *context, uint64_t waited_ms),
			   void *context);

/* Is there a state in the folder? */
bool hermetic_exists(const struct hermetic *h);

/* Opens the state of a device that is logged in. Takes as long as guessing the
 * passphrase once. HERMETIC_PASSPHRASE ("passphrase-needed"), as of all that logs in: there
 * is none; and of this call, no agent holds the keys. */
enum hermetic_result hermetic_open(struct hermetic *h);

/* Makes the account, with this as its first device. */
enum hermetic_result hermetic_register(struct hermetic *h);

/* How a new device of an account is let in: by one of its other devices. `show` is
 * given the code that a person, and nobody else, carries to that one. */
struct hermetic_approval {
	size_t size;
	void (*show)(void *context, const char *code);
	void *context;
	/* Since 0.8. In the place of `show`, or NULL: has the recovery key, as it was typed,
	 * when it is needed; borrowed until the login has ended. NULL: there is none. */
	const char *(*recovery_key)(void *context);
};

/* Logs this device in, or a new one of the account. A new one waits until another
 * device has approved it, and comes into the sessions of that one; without
 * `approval` it is HERMETIC_LOOK, and a later login goes on. hermetic_json(), as of all
 * that logs in: {username, user_id, device_id, server, algorithms, sessions: [{session_id,
 * error?, detail?}…]}; `sessions` are those that it had to come into, with an error where
 * it has not. */
enum hermetic_result hermetic_login(struct hermetic *h,
				    const struct hermetic_approval *approval);

/* The server forgets the login; the state stays. */
enum hermetic_result hermetic_logout(struct hermetic *h);

/* Once it is open, and while `show` is called; "" before. */
const char *hermetic_username(const struct hermetic *h);
const char *hermetic_device_id(const struct hermetic *h);

/* Has a person compared the numbers of somebody else? */
enum hermetic_comparison {
	HERMETIC_COMPARED_NO,
	HERMETIC_COMPARED_YES,
	HERMETIC_COMPARED_CHANGED /* yes, and they are others since */
};

/* ---- sessions ---- */

enum hermetic_standing {
	HERMETIC_MEMBER,
	/* As far as the server says: the account is invited, or this device was
	 * added and has not joined. */
	HERMETIC_INVITED,
	HERMETIC_JOINING, /* begun, and not ended yet */
	/* By itself or removed (hermetic_json() of hermetic_sessions() has `state`, "left"
	 * or "removed"). What was read stays readable; or a newer version has written it, which alone
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

/* Since 0.8. The same in other places. */
enum hermetic_where {
	HERMETIC_WHERE_HERE, /* as hermetic_find() */
	/* The ids of sessions that the server tells of, and that this device is not in: a
	 * full id counts as it is. The server is asked. */
	HERMETIC_WHERE_INVITED,
	HERMETIC_WHERE_IDS, /* the ids of this device's, and of those */
	HERMETIC_WHERE_ALL  /* these ids, and the names of this device's */
};
enum hermetic_result hermetic_find_at(struct hermetic *h,
				      enum hermetic_where where,
				      const char *word,
				      char id[HERMETIC_ID_SIZE]);

struct hermetic_creation {
	size_t size;
	const char *name;	  /* only members see it */
	const char *const *users; /* who is invited */
	size_t user_count;
	bool open;	    /* whoever knows the id may join */
	bool verified_only; /* nothing is sent while a member is not compared */
	/* Since 0.8. "a,b", best first, of which the first one counts that all can; NULL:
	 * those of this device. */
	const char *algorithms;
};

/* `creation` may be NULL. */
enum hermetic_result hermetic_create(struct hermetic *h,
				     const struct hermetic_creation *creation,
				     char id[HERMETIC_ID_SIZE]);
enum hermetic_result hermetic_join(struct hermetic *h, const char *session);
/* *devices, or NULL: how many were added; 0: the user may join later. hermetic_json():
 * {devices, invited_by?}. */
enum hermetic_result hermetic_invite(struct hermetic *h, const char *session,
				     const char *user, size_t *devices);
enum hermetic_result hermetic_rotate(struct hermetic *h, const char *session);
enum hermetic_result hermetic_leave(struct hermetic *h, const char *session);
/* A person has looked at what stops the session (`stop`), and goes on. */
enum hermetic_result hermetic_resolve(struct hermetic *h, const char *session);
/* Since 0.6. What was stored of the session was damaged, so the last hermetic_join() or
 * hermetic_resolve() has counted it as nothing: what was said before is lost here. */
bool hermetic_began_anew(const struct hermetic *h);
/* Reads what is new there, and sends what waits, except what hermetic_flush() is for. */
enum hermetic_result hermetic_refresh(struct hermetic *h, const char *session);

/* ---- saying something ---- */

enum hermetic_act {
	HERMETIC_SAY,	 /* perhaps as a reply: about */
	HERMETIC_EDIT,	 /* the text stands for the message `about` */
	HERMETIC_DELETE, /* takes the message `about` back */
	HERMETIC_REACT,	 /* the text, an emoji, is put to the message `about` */
	/* Since 0.8. As hermetic_set_name(), hermetic_set_subject() and
	 * hermetic_set_picture(), with the rest of `saying`: for hermetic_send() alone. */
	HERMETIC_NAME,
	HERMETIC_SUBJECT,
	HERMETIC_PICTURE /* `bytes`; the text is NULL */
};

#define HERMETIC_TOPIC_MAX 128

struct hermetic_saying {
	size_t size;
	enum hermetic_act act;
	uint64_t about; /* the number of a message, or 0 */
	/* The caller's own id of the text, to 64 bytes: sent once, however often
	 * the call is made. */
	const char *key;
	bool to_new_members; /* also to members whom no person was shown */
	/* Since 0.3. Which of several conversations a message belongs to, to
	 * HERMETIC_TOPIC_MAX bytes; NULL: none, or that of the message `about`. */
	const char *topic;
	/* Since 0.8. Members forget it so many seconds after it was said, by their clocks; 0:
	 * never. */
	uint64_t expires_s;
	const void *bytes; /* since 0.8: of HERMETIC_PICTURE */
	size_t count;	   /* of these; 0: no picture any more */
};

struct hermetic_sent {
	uint64_t number; /* HERMETIC_OK: where it stands in the verified log */
	uint64_t item;	 /* HERMETIC_KEPT: of the outbox */
};

/* Since 0.8. How far the server's clock was ahead of this machine's at its last answer, as it
 * says; milliseconds. Members hold the end of a message against their own clocks. */
int64_t hermetic_clock_ahead(const struct hermetic *h);

/* Since 0.8. What is said goes by one connection, WebSocket or MQTT, until hermetic_free(): for
 * a handle that does not listen. Without it each message is a request. */
enum hermetic_result hermetic_connect(struct hermetic *h);

/* HERMETIC_KEPT: it is sealed and stored here, and hermetic_why() says for what it
 * waits. It is sent by itself when that has come; what waits for a person to look
 * is sent by hermetic_flush(). `saying` and `sent` may be NULL. */
enum hermetic_result hermetic_send(struct hermetic *h, const char *session,
				   const char *text,
				   const struct hermetic_saying *saying,
				   struct hermetic_sent *sent);

/* ---- files ----
 *
 * Since 0.6. A file is sealed once, stored beside the log and named by a message. What was
 * cut off goes on with the next call for the same file. These wait as long as bytes pass. */

struct hermetic_watch {
	size_t size;
	/* How far it is, about every second and at the end; false ends it: HERMETIC_LOCAL,
	 * "interrupted". */
	bool (*watch)(void *context, uint64_t done, uint64_t total);
	void *context;
	/* Since 0.8. Is asked while the file is sealed; false ends it, too. May be NULL. */
	bool (*goes_on)(void *context);
};

/* `text`, `saying`, `watch` and `sent` may be NULL. Without a key the file is one; with one,
 * the same file, called the same, is sent once. */
enum hermetic_result hermetic_send_file(struct hermetic *h, const char *session,
					const char *path, const char *text,
					const struct hermetic_saying *saying,
					const struct hermetic_watch *watch,
					struct hermetic_sent *sent);

/* The file that an entry names, into that folder, once all of it was verified. *name, or
 * NULL, is what it is called there: what its sender chose, made harmless, and no other
 * file's; borrowed until the next call of this function. hermetic_json(): {saved, size, name,
 * type}; `name` and `type` as its sender says them. */
enum hermetic_result hermetic_save_file(struct hermetic *h, const char *session,
					uint64_t number, const char *folder,
					const struct hermetic_watch *watch,
					const char **name);

/* ---- the outbox ---- */

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
 * something waits still, and hermetic_why() says for what; hermetic_json(): {item}. */
enum hermetic_result hermetic_flush(struct hermetic *h, const char *session);
#define HERMETIC_ALL_ITEMS UINT64_MAX /* in place of an item's number */
/* Forgets an item, or all of the session. One that was posted before may stand in
 * the log all the same. HERMETIC_GONE: there was none; no item has the number 0.
 * hermetic_json(): {dropped}, how many. */
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
	/* Tried again by itself; text says why. `json`, since 0.8: {"slug"}, of a reason that
	 * has one. */
	HERMETIC_EVENT_DISCONNECTED,
	/* Since 0.4: others than before type in `session`; `json` has the names of
	 * these, ["bob"…], [] when nobody does. */
	HERMETIC_EVENT_TYPING,
	/* Since 0.6: `from` has the log of `session` up to `delivered` of `json`, and has
	 * read up to its `read`. Of the own account's other devices, too. */
	HERMETIC_EVENT_RECEIPT,
	/* Since 0.8: `item` of the outbox, or what stood before it, was to go by itself, and
	 * waits for a person now; text says why. `json`: "slug", as hermetic_slug() has it, and
	 * beside it what hermetic_about() has. */
	HERMETIC_EVENT_WAITS
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
	 * of an entry"); of some other events as said there; "" of all others. */
	const char *json;
	/* Since 0.3. */
	const char *topic; /* "": none */
	bool mentioned;	   /* another one names this account in it: "@name" */
};

/* Connects, and follows every session of this device from what is kept here:
 * events are what came since the handle was opened. With each connection the
 * invitations and devices that wait are told, too, each once. What the device takes in
 * meanwhile is sent, joined and renewed by hermetic_step(). A connection that is lost
 * later is made again. */
enum hermetic_result hermetic_listen(struct hermetic *h);

/* Since 0.8. The same of the sessions alone that hermetic_follow() was told before. One that
 * cannot be followed is a failure. */
enum hermetic_result hermetic_listen_to_followed(struct hermetic *h);

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

/* The oldest that was not taken; NULL: there is none. Since 0.8 a handle that does not listen
 * has the events of what its own calls took in. */
const struct hermetic_event *hermetic_next_event(struct hermetic *h);

/* One entry that is kept, as an event of it; borrowed until the next call of this
 * function. HERMETIC_GONE: nothing is kept of it. */
enum hermetic_result hermetic_entry(struct hermetic *h, const char *session,
				    uint64_t number,
				    const struct hermetic_event **event);

/* Since 0.7. Another account that has a message, as it says. */
struct hermetic_receipt {
	const char *username;
	bool read;
};

/* Since 0.7. Of a text that was said by this device: no row where nobody has told. */
enum hermetic_result hermetic_receipts(
    struct hermetic *h, const char *session, uint64_t number,
    const struct hermetic_receipt *const **list, size_t *count);

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

/* Since 0.6. What this device tells others of itself, as its person wants it: both, until
 * hermetic_set_wish() says otherwise. */
enum hermetic_wish { HERMETIC_WISH_RECEIPTS, HERMETIC_WISH_TYPING };
enum hermetic_result hermetic_wish(struct hermetic *h, enum hermetic_wish wish,
				   bool *on);
enum hermetic_result hermetic_set_wish(struct hermetic *h,
				       enum hermetic_wish wish, bool on);

/* Since 0.4. The person types a text in that session, or does not any more: members who
 * are connected are told, at most every four seconds, where the person has not set that off
 * and nothing that is said would wait. Call it as often as something is typed, and not for
 * what is sent. Nothing waits for it, and nothing says whether it was told: HERMETIC_OK. */
enum hermetic_result hermetic_type(struct hermetic *h, const char *session,
				   bool types);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#include "hermetic/account.h"
#include "hermetic/core.h"
#include "hermetic/lists.h"
#include "hermetic/members.h"

#endif
