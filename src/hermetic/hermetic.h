/*
 * libhermetic: sealed messages from a program of your own.
 *
 * A `struct hermetic`, the handle, is one device of one account, with a sealed state in a
 * folder. The library asks the server, keeps what arrives, and tells the program of it by
 * events:
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
 * Results. A function that can fail returns an enum hermetic_result. After a failure
 * hermetic_why() is a sentence about it, hermetic_slug() a word about it for programs, and
 * hermetic_advice() says what to do next about results of that kind. A function that fails
 * leaves what the caller's pointers point to as it was.
 *
 * Who owns what. The library copies the texts that it is given; each ends with a NUL. What the
 * library gives is borrowed: a list until the same function is called again with that handle, an
 * event until the next hermetic_next_event(), anything else as its function says; at the latest
 * until hermetic_free(). Texts are UTF-8. What other people wrote is given as they wrote
 * it: a program that shows it on a terminal has to make it harmless first.
 *
 * Threads. One thread at a time uses a handle and what was borrowed from it.
 * Different threads may use different handles at once. Two handles, also in two
 * processes, may share one folder: they take turns. The first hermetic_new() of a
 * process starts libcurl and makes jansson wipe what it frees, so it comes before
 * other threads of the program use these two libraries. A function of the program that
 * the library calls may not use the handle that has called it: HERMETIC_USAGE ("in-callback").
 *
 * Waiting. A function that asks the server waits for its answer: seconds where the
 * network is bad, a minute at most for each request. hermetic_step(h, 0) waits only
 * where it has to ask something. A program that must never wait uses
 * hermetic/core.h: the device without input and output.
 *
 * This header includes hermetic/members.h (the people of a session), hermetic/lists.h (more
 * ways to look at sessions), hermetic/account.h (one's other devices, and other people) and
 * hermetic/core.h.
 *
 * A struct that the program fills in begins with its own size, and one that the library fills
 * in is given by pointer: later versions may add members at the end of both.
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

/* The version of the library that runs: the three as text, with dots. */
const char *hermetic_version(void);

/* ---- results ---- */

enum hermetic_result {
	HERMETIC_OK = 0,
	HERMETIC_KEPT,	/* what was said is stored here, and waits */
	HERMETIC_USAGE, /* an argument is wrong, or the call comes too early */
	HERMETIC_PASSPHRASE,  /* it does not open the state, or the account */
	HERMETIC_NO_ACCOUNT,  /* the folder has no device that is logged in */
	HERMETIC_GONE,	      /* nothing has that name or number */
	HERMETIC_CONFLICT,    /* it exists already, or somebody was faster */
	HERMETIC_DENIED,      /* this device may not do that */
	HERMETIC_LOOK,	      /* a person has to look at something first */
	HERMETIC_REFUSED,     /* the server, or a rule, does not allow it */
	HERMETIC_UNREACHABLE, /* the server was not reached */
	HERMETIC_BUSY,	      /* another attempt later may succeed */
	HERMETIC_LOCAL	      /* this machine has failed: disk, memory */
};

/* What to do next, a sentence or two. */
const char *hermetic_advice(enum hermetic_result result);

struct hermetic;

/* Since 0.8. What the last call with that handle has given, as JSON: an array for a list, an
 * object for a struct, with the members that `hermetic` prints with --json besides; for other
 * calls, what the comment of the function says. After a failure it has what was found until
 * then. NULL: the call gives nothing, or memory is out. Borrowed until the next call with the
 * handle. */
const char *hermetic_json(struct hermetic *h);

/* The sentence and the word about the last failure of a call with that handle; "" before the
 * first one. */
const char *hermetic_why(const struct hermetic *h);
const char *hermetic_slug(const struct hermetic *h);

/* Since 0.8. What hermetic_why() is about, as a JSON object of these members, as far as they
 * apply: "session", an id; "name", of a user, or of a device ("user/device"); "item",
 * the number of an item of the outbox that was refused. From the slug and this object a program
 * makes its own advice: hermetic_why() names no command and no button. NULL: memory is out.
 * Borrowed until the next call with the handle. */
const char *hermetic_about(struct hermetic *h);

/* ---- a device ---- */

/* A member that the program leaves out is NULL or 0. */
struct hermetic_config {
	size_t size; /* sizeof(struct hermetic_config) */
	/* The folder of the state; the library makes it if it is missing. Since 0.8 it may be
	 * NULL: such a handle opens no device, and serves hermetic_check_log() alone. */
	const char *home;
	/* Since 0.8 it may be NULL: then hermetic_set_passphrase() gives it before a call
	 * needs it. */
	const char *passphrase;
	const char *server;   /* HOST:PORT or a URL; NULL: the remembered one */
	const char *username; /* NULL: the user whose state the folder has */
	const char *device_name; /* in the server's list; NULL: "library" */
	const char *algorithms;	 /* "a,b", best first; NULL: without X-Wing */
	const char *ca;		 /* a file of certificates, for https */
	/* HOST:PORT of the MQTT broker to listen at; NULL: WebSocket. */
	const char *mqtt;
	/* scrypt's N for the passphrase of a state that this handle makes: a power of
	 * two from 16384 to 4194304. */
	uint32_t scrypt_n;
	/* How many KeyPackages of each algorithm the server shall have, 100 at most. */
	uint32_t stock;
	/* Since 0.6. The device writes receipts: up to where messages have come here, and, after
	 * hermetic_read_to(), up to where the person has read; unless the person wants none
	 * (hermetic_set_wish()). */
	bool receipts;
	/* Since 0.8. hermetic_open() takes the keys of the state from the agent that holds
	 * them for this user (`hermetic agent`), if one does. Then hermetic_open() needs no
	 * passphrase, and computes no scrypt. */
	bool agent;
	/* Since 0.8. hermetic_listen() succeeds also while the server cannot be reached: the
	 * library goes on trying, as after a connection that was lost. */
	bool patient;
};

/* Neither reads the folder nor asks the server. After HERMETIC_USAGE *h is a handle for
 * hermetic_why() and hermetic_free(); after HERMETIC_LOCAL it is NULL. */
enum hermetic_result hermetic_new(const struct hermetic_config *config,
				  struct hermetic **h);
/* Closes the connection, and wipes what was secret. NULL is allowed. */
void hermetic_free(struct hermetic *h);

/* Since 0.8. The handle uses this passphrase from now on: `size` bytes, without a NUL at their
 * end, which are copied. The passphrase of the state and of the account stays as it is:
 * hermetic_change_passphrase() changes that. */
enum hermetic_result hermetic_set_passphrase(struct hermetic *h,
					     const char *passphrase,
					     size_t size);

/* Since 0.8. While a call waits for an answer of the server, the library calls `is_over` at
 * least each second, and when a signal has come, and says how long it has waited: `true` ends
 * the waiting as if the server could not be reached. NULL, as at the beginning: nothing is
 * called. */
void hermetic_set_patience(struct hermetic *h,
			   bool (*is_over)(void *context, uint64_t waited_ms),
			   void *context);

/* Whether the folder has a state. */
bool hermetic_exists(const struct hermetic *h);

/* Opens the state of a device that is logged in. Takes as long as one scrypt of the
 * passphrase. HERMETIC_PASSPHRASE ("passphrase-needed"): the handle has no passphrase, and no
 * agent holds the keys. Every function that logs in fails in the same way without a
 * passphrase. */
enum hermetic_result hermetic_open(struct hermetic *h);

/* Makes the account, and this device its first one. */
enum hermetic_result hermetic_register(struct hermetic *h);

/* How a new device comes into an account: one of the account's other devices lets it in. The
 * library gives `show` the code that a person, and nobody else, carries to that device. */
struct hermetic_approval {
	size_t size;
	void (*show)(void *context, const char *code);
	void *context;
	/* Since 0.8. If it is not NULL, the library calls it in the place of `show`. It returns
	 * the recovery key as the person typed it, which the library borrows until the login has
	 * ended; or NULL: the person has none. */
	const char *(*recovery_key)(void *context);
};

/* Logs in the device of the folder, or a new one if the folder has none. A new device waits
 * until another device has approved it, and then comes into the sessions of that device.
 * Without `approval` the result is HERMETIC_LOOK, and a later login goes on from there.
 * hermetic_json() after every function that logs in: {username, user_id, device_id, server,
 * algorithms, sessions: [{session_id, error?, detail?}…]}; `sessions` are those that the device
 * was to come into, with an error where it did not. */
enum hermetic_result hermetic_login(struct hermetic *h,
				    const struct hermetic_approval *approval);

/* The server forgets the login; the state stays. */
enum hermetic_result hermetic_logout(struct hermetic *h);

/* Known once the handle is open, and while `show` is called; "" before. */
const char *hermetic_username(const struct hermetic *h);
const char *hermetic_device_id(const struct hermetic *h);

/* Whether the person has compared the digits of another account. */
enum hermetic_comparison {
	HERMETIC_COMPARED_NO,
	HERMETIC_COMPARED_YES,
	HERMETIC_COMPARED_CHANGED /* yes, and the digits have changed since */
};

/* ---- sessions ---- */

enum hermetic_standing {
	HERMETIC_MEMBER,
	/* The server says so: the account is invited, or this device was
	 * added and has not joined. */
	HERMETIC_INVITED,
	HERMETIC_JOINING, /* a join has begun, and has not ended */
	/* The device has left or was removed: `state` of hermetic_json() after
	 * hermetic_sessions() is "left" or "removed". What was read before stays readable. Or
	 * the session cannot be read here: a newer version of the library has written it, or
	 * what is stored of it is damaged. Calls about such a session are refused,
	 * "state-version" or "session-damaged". */
	HERMETIC_LEFT
};

struct hermetic_session {
	const char *id, *name /* NULL: none */, *algorithm;
	enum hermetic_standing standing;
	/* For HERMETIC_INVITED: the user who, as the server says, has created the session;
	 * NULL: that account does not exist any more. */
	const char *inviter;
	uint64_t last; /* the number of the last entry that is kept here */
	/* NULL; or why nothing is sent there until a person has looked:
	 * "forked", "copied", "behind" */
	const char *stop;
	/* How many texts of others come after what hermetic_read_to() was told; 1,000 at
	 * most. */
	uint64_t unread;
	const char *subject; /* since 0.3: what it is about; NULL: not said */
};

/* The sessions of this device; with `invitations` also those that it may join, for which the
 * library asks the server. */
enum hermetic_result hermetic_sessions(
    struct hermetic *h, bool invitations,
    const struct hermetic_session *const **list, size_t *count);

/* The session that a person means by `word`: its id, the beginning of its id, or its name,
 * without regard to case and to signs that do not show. HERMETIC_CONFLICT: the word fits
 * several sessions, and hermetic_why() names them. The beginning of a name does not count, and
 * no name counts more than another: members may call their session as they like. */
enum hermetic_result hermetic_find(struct hermetic *h, const char *word,
				   char id[HERMETIC_ID_SIZE]);

/* Since 0.8. Among which sessions hermetic_find_at() looks. */
enum hermetic_where {
	HERMETIC_WHERE_HERE, /* those of this device, as hermetic_find() */
	/* Those that the server tells of and this device is not in, by their ids; a
	 * full id is taken as it is. The library asks the server. */
	HERMETIC_WHERE_INVITED,
	HERMETIC_WHERE_IDS, /* both, by their ids */
	HERMETIC_WHERE_ALL  /* both, by their ids, and this device's by name */
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
	bool open;	    /* anybody who knows the id may join */
	bool verified_only; /* nothing is sent while a member is not compared */
	/* Since 0.8. "a,b", best first: the session uses the first one that all its members
	 * offer; NULL: those of this device. */
	const char *algorithms;
};

/* `creation` may be NULL. */
enum hermetic_result hermetic_create(struct hermetic *h,
				     const struct hermetic_creation *creation,
				     char id[HERMETIC_ID_SIZE]);
enum hermetic_result hermetic_join(struct hermetic *h, const char *session);
/* *devices, if `devices` is not NULL: how many devices of the user were added; 0: the user may
 * join later. hermetic_json(): {devices, invited_by?}. */
enum hermetic_result hermetic_invite(struct hermetic *h, const char *session,
				     const char *user, size_t *devices);
enum hermetic_result hermetic_rotate(struct hermetic *h, const char *session);
enum hermetic_result hermetic_leave(struct hermetic *h, const char *session);
/* The person has looked at what stops the session (`stop`), and goes on. */
enum hermetic_result hermetic_resolve(struct hermetic *h, const char *session);
/* Since 0.6. Whether the last hermetic_join() or hermetic_resolve() has given up what was stored
 * of the session, because it was damaged: what was said before is lost here. */
bool hermetic_began_anew(const struct hermetic *h);
/* Reads what is new in the session, and sends what waits, except what waits for a person:
 * hermetic_flush() sends that. */
enum hermetic_result hermetic_refresh(struct hermetic *h, const char *session);

/* ---- saying something ---- */

enum hermetic_act {
	HERMETIC_SAY,	 /* a text; a reply to the message `about`, if not 0 */
	HERMETIC_EDIT,	 /* the text replaces that of the message `about` */
	HERMETIC_DELETE, /* takes the message `about` back */
	HERMETIC_REACT,	 /* the text, an emoji, is put to the message `about` */
	/* Since 0.8. As hermetic_set_name(), hermetic_set_subject() and
	 * hermetic_set_picture(), but with the other members of `saying`. Only hermetic_send()
	 * takes these. */
	HERMETIC_NAME,
	HERMETIC_SUBJECT,
	HERMETIC_PICTURE /* `bytes` has the picture, and the text is NULL */
};

#define HERMETIC_TOPIC_MAX 128

struct hermetic_saying {
	size_t size;
	enum hermetic_act act;
	uint64_t about; /* the number of a message, or 0 */
	/* The caller's own id of the text, 128 bytes at most: a text with that id is sent once,
	 * however often the call is made. */
	const char *key;
	bool to_new_members; /* also to members whom the person was not shown */
	/* Since 0.3. Which of several conversations the message belongs to,
	 * HERMETIC_TOPIC_MAX bytes at most; NULL: none, or that of the message `about`. */
	const char *topic;
	/* Since 0.8. So many seconds after the message was said, by their own clocks, members
	 * forget it; 0: never. */
	uint64_t expires_s;
	const void *bytes; /* since 0.8: the picture of HERMETIC_PICTURE */
	size_t count;	   /* how many bytes; 0 takes the picture away */
};

struct hermetic_sent {
	uint64_t number; /* HERMETIC_OK: of the entry in the verified log */
	uint64_t item;	 /* HERMETIC_KEPT: of the item in the outbox */
};

/* Since 0.8. By how many milliseconds the server's clock was ahead of this machine's at its last
 * answer, as the server says. When a message expires, each member decides by its own clock. */
int64_t hermetic_clock_ahead(const struct hermetic *h);

/* Since 0.8. From now on this handle sends messages by one connection, WebSocket or MQTT, until
 * hermetic_free(). It is for a handle that does not listen: without this call each message is a
 * request of its own. */
enum hermetic_result hermetic_connect(struct hermetic *h);

/* HERMETIC_KEPT: the text is sealed and stored here, and hermetic_why() says what it
 * waits for. Once that has come the library sends it by itself; hermetic_flush() sends what
 * waits until a person has looked. `saying` and `sent` may be NULL. */
enum hermetic_result hermetic_send(struct hermetic *h, const char *session,
				   const char *text,
				   const struct hermetic_saying *saying,
				   struct hermetic_sent *sent);

/* ---- files ----
 *
 * Since 0.6. A file is sealed once, stored beside the log and named by a message. A transfer
 * that was cut off goes on with the next call for the same file. These functions wait as long
 * as bytes pass. */

struct hermetic_watch {
	size_t size;
	/* Is called about every second and at the end, with how many bytes have passed; false
	 * ends the transfer: HERMETIC_LOCAL, "interrupted". */
	bool (*watch)(void *context, uint64_t done, uint64_t total);
	void *context;
	/* Since 0.8. Is called while the file is sealed; false ends the call, too. May be NULL. */
	bool (*goes_on)(void *context);
};

/* `text`, `saying`, `watch` and `sent` may be NULL. With a key in `saying` the same file under
 * the same name is sent once, however often the call is made; without a key each call sends
 * it. */
enum hermetic_result hermetic_send_file(struct hermetic *h, const char *session,
					const char *path, const char *text,
					const struct hermetic_saying *saying,
					const struct hermetic_watch *watch,
					struct hermetic_sent *sent);

/* Saves the file that an entry names in that folder, once all of it was verified. *name, if
 * `name` is not NULL, is what the file is called there: the name that its sender chose, made
 * harmless and different from every other file's; borrowed until the next call of this function.
 * hermetic_json(): {saved, size, name, type}; `name` and `type` are the sender's words. */
enum hermetic_result hermetic_save_file(struct hermetic *h, const char *session,
					uint64_t number, const char *folder,
					const struct hermetic_watch *watch,
					const char **name);

/* ---- the outbox ---- */

struct hermetic_item {
	const char *session, *text, *key /* NULL: none */;
	uint64_t item;
	uint64_t queued_at; /* Unix milliseconds */
	bool refused;	    /* the item will never be sent */
	const char *reason; /* why it waits or was refused; NULL: no reason */
};

/* The items that wait, and those that were refused; `session` NULL: of all sessions. */
enum hermetic_result hermetic_outbox(struct hermetic *h, const char *session,
				     const struct hermetic_item *const **list,
				     size_t *count);
/* Reads what is new in the session, and sends what waits there. A text that was said before
 * hermetic_shown() goes to the members whom that call named, too. HERMETIC_KEPT:
 * something still waits, and hermetic_why() says what for; hermetic_json(): {item}. */
enum hermetic_result hermetic_flush(struct hermetic *h, const char *session);
#define HERMETIC_ALL_ITEMS UINT64_MAX /* in place of an item's number */
/* Forgets an item, or all items of the session. An item that was posted before may stand in
 * the log all the same. HERMETIC_GONE: there was no such item; none has the number 0.
 * hermetic_json(): {dropped}, how many were forgotten. */
enum hermetic_result hermetic_drop(struct hermetic *h, const char *session,
				   uint64_t item);

/* ---- what happens ---- */

enum hermetic_event_kind {
	HERMETIC_EVENT_TEXT,
	HERMETIC_EVENT_EDIT, /* the text replaces that of the message `about` */
	HERMETIC_EVENT_DELETE,	 /* the message `about` was taken back */
	HERMETIC_EVENT_REACTION, /* the text, an emoji, is put to `about` */
	HERMETIC_EVENT_ENTRY,	 /* another entry of the log: see `json` */
	HERMETIC_EVENT_SENT,	/* `item` of the outbox is entry `number` now */
	HERMETIC_EVENT_REFUSED, /* `item` was refused, and will never be sent */
	HERMETIC_EVENT_ENDED,	/* this device is no member any more */
	HERMETIC_EVENT_INVITED, /* the server says: hermetic_join() may work */
	/* The server says: a device of this account asks to be approved. */
	HERMETIC_EVENT_DEVICE_WAITS,
	HERMETIC_EVENT_CONNECTED,
	/* The library connects again by itself; the text says why the connection ended. `json`,
	 * since 0.8: {"slug"}, if the reason has one. */
	HERMETIC_EVENT_DISCONNECTED,
	/* Since 0.4: who types in `session` has changed; `json` has the names of those who
	 * do now, ["bob"…], or []. */
	HERMETIC_EVENT_TYPING,
	/* Since 0.6: `from` has the log of `session` up to `delivered` of `json`, and has
	 * read up to `read` of it. The own account's other devices are told of, too. */
	HERMETIC_EVENT_RECEIPT,
	/* Since 0.8: the library was to send `item` of the outbox by itself, and this item, or
	 * one before it, waits for a person now; the text says why. `json`: "slug", as
	 * hermetic_slug() has it, and the members of hermetic_about(). */
	HERMETIC_EVENT_WAITS
};

struct hermetic_event {
	enum hermetic_event_kind kind;
	const char *session; /* "": the event is about no session */
	uint64_t number;     /* of the entry of the session's log */
	uint64_t item;
	const char *from, *device; /* who said it; "": nobody did */
	bool own;		   /* this device said it */
	const char *text;
	uint64_t
	    about; /* the number of the message that it is about; 0: none */
	uint64_t sent_at; /* Unix milliseconds, as the sender says */
	/* For an entry, all that is kept of it, a JSON object (docs/state.md, "What is kept
	 * of an entry"); for other events what their comment above says, or "". */
	const char *json;
	/* Since 0.3. */
	const char *topic; /* "": none */
	bool mentioned;	   /* somebody else names this account: "@name" */
};

/* Connects, and follows every session of this device from what is kept here on. The events
 * tell what came since the handle was opened, and, with each connection, invitations
 * and devices that wait, each once. hermetic_step() sends what waits in the outbox, joins
 * and renews keys where that is due, and connects again when the connection was lost. */
enum hermetic_result hermetic_listen(struct hermetic *h);

/* Since 0.8. The same, but only for the sessions that hermetic_follow() was called for before.
 * Fails if one of these cannot be followed. */
enum hermetic_result hermetic_listen_to_followed(struct hermetic *h);

/* Has events tell every entry of that session after number `after`, first those that are kept
 * here. May be called before or after hermetic_listen(). A program that must answer each
 * message stores the number of the last entry that it has dealt with, and passes it here. */
enum hermetic_result hermetic_follow(struct hermetic *h, const char *session,
				     uint64_t after);

/* A file descriptor for poll(), select(), epoll or an event loop: it is readable when
 * hermetic_step() has something to do or an event waits. It stays the same until
 * hermetic_free(); the program neither reads nor closes it. -1: before hermetic_listen(). */
int hermetic_fd(const struct hermetic *h);

/* Does what there is to do, and waits up to `timeout_ms` if there is nothing yet. A lost
 * connection is an event, and no failure. */
enum hermetic_result hermetic_step(struct hermetic *h, int timeout_ms);

/* Takes the oldest event; NULL: there is none. Since 0.8 a handle that does not listen has
 * events, too: of what its own calls have read. */
const struct hermetic_event *hermetic_next_event(struct hermetic *h);

/* One entry that is kept here, in the form of its event; borrowed until the next call of this
 * function. HERMETIC_GONE: nothing is kept of that entry. */
enum hermetic_result hermetic_entry(struct hermetic *h, const char *session,
				    uint64_t number,
				    const struct hermetic_event **event);

/* Since 0.7. Another account that says that it has received a message. */
struct hermetic_receipt {
	const char *username;
	bool read;
};

/* Since 0.7. Who has received a text that this device said: one row for each account that
 * said so. */
enum hermetic_result hermetic_receipts(
    struct hermetic *h, const char *session, uint64_t number,
    const struct hermetic_receipt *const **list, size_t *count);

/* Which entries hermetic_search() gives. A member that is NULL or 0 leaves none out. */
struct hermetic_search {
	size_t size;
	const char *session; /* its id; NULL: all sessions */
	/* All of these words are in the text, in its last edit or in the name of its file,
	 * without regard to case. */
	const char *words;
	uint64_t after; /* entries with a greater number */
	/* From the first entry on that was sent then or later, Unix milliseconds. */
	uint64_t since_ms;
	uint64_t last;	 /* the last so many of each session */
	uint64_t before; /* entries with a smaller number */
	/* Since 0.3. Only messages of that topic. */
	const char *topic;
};

/* Entries that are kept here, in the form of their events and in the order of each session's
 * log, without receipts. `search` may be NULL. Borrowed like a list. The server is not
 * asked. */
enum hermetic_result hermetic_search(struct hermetic *h,
				     const struct hermetic_search *search,
				     const struct hermetic_event *const **list,
				     size_t *count);

/* The person has read the session up to that number: `unread` counts from there, and the next
 * receipt says so, if the person wants receipts. */
enum hermetic_result hermetic_read_to(struct hermetic *h, const char *session,
				      uint64_t number);

/* Since 0.4. Set the name of the session (128 bytes at most), its subject (512 bytes at most;
 * an empty one takes it away) and its picture (16,384 bytes at most, PNG, JPEG, GIF or WebP;
 * no bytes take it away). The members are told as they are told a text, and the last one in the
 * log counts: HERMETIC_KEPT and `sent` are as in hermetic_send(). hermetic_sessions() has name
 * and subject. HERMETIC_REFUSED: a rule does not allow what was given. */
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

/* Since 0.4. The session's picture; borrowed until the next call of this function.
 * HERMETIC_GONE: there is none. */
enum hermetic_result hermetic_picture(struct hermetic *h, const char *session,
				      const void **bytes, size_t *count);

/* Since 0.6. What the person lets this device tell others: receipts, and that the person types.
 * Both are on until hermetic_set_wish() says otherwise. */
enum hermetic_wish { HERMETIC_WISH_RECEIPTS, HERMETIC_WISH_TYPING };
enum hermetic_result hermetic_wish(struct hermetic *h, enum hermetic_wish wish,
				   bool *on);
enum hermetic_result hermetic_set_wish(struct hermetic *h,
				       enum hermetic_wish wish, bool on);

/* Since 0.4. The person types a text in that session, or has stopped. Members who are connected
 * are told, every four seconds at most, unless the person has switched that off, or a text said
 * now would wait. A program calls this function whenever something is typed, and does not call
 * it when a text is sent. The result is HERMETIC_OK also if nobody was told. */
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
