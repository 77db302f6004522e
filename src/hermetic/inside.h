/* The inside of the library, for its own sources. */
#ifndef HERMETIC_HERMETIC_INSIDE_H
#define HERMETIC_HERMETIC_INSIDE_H

#include "hermetic/arguments.h"
#include "hermetic/told.h"
#include "reach/account.h"
#include "reach/live.h"
#include "reach/past.h"

#include <jansson.h>

/* A list that was handed out: `pointers` into `rows`, whose texts are those of
 * `source`. All are owned. */
struct inside_list {
	json_t *source;
	void *rows;
	const void **pointers;
	size_t count;
};

/* Events that are a list; owned. */
struct inside_found {
	struct told_event **events;
	const struct hermetic_event **pointers;
	size_t count;
};
void inside_found_clear(struct inside_found *found);

/* What the server is to be asked for who listens (greeting.c). */
enum {
	GREETING_STOCK = 1,
	GREETING_INVITATIONS = 2,
	GREETING_DEVICES = 4,
	GREETING_ALL = 7
};

struct greeting {
	bool each_connection;
	unsigned due;		   /* of these; none: nothing */
	uint64_t at;		   /* not before; steady clock */
	json_t *invited, *devices; /* {ID: stamp}: what was told; or NULL */
};

struct hermetic {
	struct account a;
	bool open;
	bool agent;	       /* one may hold the keys */
	bool patient;	       /* hermetic_listen() waits for a server */
	bool anew;	       /* hermetic_began_anew() */
	struct buf passphrase; /* without a NUL */
	/* owned, or NULL */
	char *home, *server, *username, *device_name, *algorithms, *ca, *mqtt;
	struct password_cost cost;
	bool (*is_over)(void *context, uint64_t waited_ms); /* or NULL */
	void *is_over_with;
	unsigned within; /* a function of the program is called now */
	struct why last; /* of the last failure */
	struct why odd;	 /* what hermetic_verify() shows to be looked at */
	enum err failed; /* what it was */

	struct inside_list sessions, members, letters, outbox, people, devices,
	    blocks, key_changes, receipts, invitations, labels;
	struct buf label; /* of hermetic_label() */
	char safety[128];
	struct buf recovery_key; /* of hermetic_recovery_key() */
	struct buf json, about;	 /* of views.c */
	json_t *given;		 /* what hermetic_json() shows, or NULL */
	struct buf picture;	 /* of hermetic_picture() */
	struct buf saved;	 /* of hermetic_save_file() */

	struct agent *holds; /* reach/agent.h; or NULL */

	struct live_listener listener;
	struct live *live;
	struct live *way; /* of hermetic_connect(); NULL: by requests */
	json_t *follow;	  /* {ID: after}: what to follow once it is listened */
	json_t *unsent; /* {ID: flush}: the sessions in which something waits */
	uint64_t again_at, again_ms; /* when that is tried next; steady clock */
	struct greeting greeting;
	struct told told;
	struct told_event *entry;	   /* of hermetic_entry() */
	struct inside_found found;	   /* of hermetic_search() */
	int poll_fd, timer_fd, channel_fd; /* -1: none */
};

/* Copies a struct that begins with its size: members that the caller does not know
 * are 0. False: it has members that this library does not know, or no size. */
bool inside_take(void *to, size_t size, const void *from);

/* The libraries below, once for the process. */
MUST_CHECK enum err inside_start(void);

/* False: there is no such act. */
bool inside_act(enum hermetic_act act, enum said_act *out);

/* Fills what a struct hermetic_saying says of an order; it may be NULL. False: it has no
 * size, or no act that there is. */
bool inside_saying(const void *given, struct order *order);

/* Ends the call if its argument is not of that kind. */
#define INSIDE_TAKES(h, is, given)                                             \
	do {                                                                   \
		enum err wrong =                                               \
		    arguments_take(&(h)->a.why, is, #given, given);            \
		if (wrong != ERR_OK)                                           \
			return inside_result(h, wrong);                        \
	} while (0)
/* The same for the two pointers of a function that gives a list. */
#define INSIDE_TAKES_LIST(h, list, count)                                      \
	do {                                                                   \
		INSIDE_TAKES(h, ARGUMENT_POINTER, list);                       \
		INSIDE_TAKES(h, ARGUMENT_POINTER, count);                      \
	} while (0)

/* The beginning of each call on an open device. */
#define INSIDE_OPEN(h)                                                         \
	do {                                                                   \
		if (inside_is_barred(h))                                       \
			return HERMETIC_USAGE;                                 \
		if (!(h)->open)                                                \
			return inside_refuse(h, "not-open",                    \
					     "The device is not open: "        \
					     "hermetic_open(), "               \
					     "hermetic_register() or "         \
					     "hermetic_login() comes first."); \
		inside_begin(h);                                               \
	} while (0)
void inside_begin(struct hermetic *h);
/* From now on waiting asks this handle's program whether it goes on. */
void inside_pause(struct hermetic *h);

/* What hermetic_why() says of a handle that is NULL. */
#define INSIDE_NO_HANDLE                                                       \
	"There is no handle: the function that makes it has given none."

/* Whether the call must be refused: the handle is NULL, or another call with this handle has
 * called a function of the program, from which this call comes. */
bool inside_is_barred(struct hermetic *h);

/* What the call gives, for hermetic_json(). NULL: nothing. */
void inside_give(struct hermetic *h, const json_t *value);

/* HERMETIC_USAGE with that reason. */
enum hermetic_result inside_refuse(struct hermetic *h, const char *slug,
				   const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The end of each call: the result, with its reason kept. The second one is for what
 * has no handle: the reason goes from `why` to `last`. */
enum hermetic_result inside_result(struct hermetic *h, enum err e);
enum hermetic_result inside_conclude(struct why *why, struct why *last,
				     enum err e);

/* Nothing of the outbox was dropped. */
MUST_CHECK enum err inside_no_item(struct why *why, const char *session);

/* The same failure. Gives ERR_STATE_GONE a reason if it has none: this device does not have
 * the session, or nothing of it that `what` names is kept. */
MUST_CHECK enum err inside_missing(struct why *why, struct device *device,
				   enum err e, const char *session,
				   const char *what);

/* A person has compared that account's digits. */
MUST_CHECK enum err inside_compared(struct why *why, struct device *device,
				    const char *user);

/* Nothing is kept of that user's account. */
MUST_CHECK enum err inside_no_log(struct why *why, const char *user);

/* A list of `count` rows of `size` bytes, all zero, in place of the one that was. It holds
 * `source`, of which the rows' texts are. */
MUST_CHECK enum err inside_list_make(struct inside_list *list, json_t *source,
				     size_t count, size_t size);
/* Fills in a row of zeros. */
typedef void inside_row(const json_t *from, void *row);
/* The same with one row for each of the array `rows`, which read() fills in. */
MUST_CHECK enum err inside_list_read(struct inside_list *list, json_t *source,
				     const json_t *rows, size_t size,
				     inside_row *read);
/* What the program is given of it: pointers to the rows. */
void *inside_list_give(const struct inside_list *list, size_t *count);
void inside_list_clear(struct inside_list *list);

/* A member's text; NULL where there is none. */
const char *inside_text_or_null(const json_t *object, const char *name);
enum hermetic_comparison inside_comparison(const json_t *object);

/* What a reason is about, as hermetic_about() has it. NULL: out of memory. */
json_t *inside_about(const struct why *why);

/* What struct hermetic_search asks for; borrows from it. */
struct past inside_past(const struct hermetic_search *search);

/* ERR_PEER_INVALID: there is no such wish. */
MUST_CHECK enum err inside_wish(struct why *why, struct device *device,
				enum hermetic_wish wish, bool *on);
MUST_CHECK enum err inside_set_wish(struct why *why, struct device *device,
				    enum hermetic_wish wish, bool on);

/* ---- handle.c ---- */

/* The beginning of each call that opens a device: HERMETIC_OK, or why it may not. The second
 * one: is there a state, and a passphrase where it is not open? */
enum hermetic_result handle_may_open(struct hermetic *h);
MUST_CHECK enum err handle_can_open(struct hermetic *h);

/* ---- saying.c ---- */

/* What came of view_send(), as hermetic_send() gives it: HERMETIC_KEPT has its reason told;
 * of a failure that is left to inside_result(). */
enum hermetic_result saying_kept(struct hermetic *h, const struct order *order,
				 enum err e, const struct outcome *outcome,
				 struct hermetic_sent *sent);

/* ---- events.c ---- */

/* This device is in the session now, which had `before` entries here. That the
 * session could not be followed is no failure of what was done: it is tried again
 * with the next connection. */
void events_entered(struct hermetic *h, const char *session, uint64_t before);
/* hermetic_fd() can be read: the next step has something to write. */
void events_wake(struct hermetic *h);
/* Something waits there that may go later; `flush` as hermetic_flush() does it. */
void events_note_unsent(struct hermetic *h, const char *session, bool flush);

/* ---- greeting.c ---- */

/* The requests of devices that wait to be approved, as the server lists them: an array, the
 * caller's. */
MUST_CHECK enum err inside_ask_requests(struct hermetic *h, json_t **requests);

void greeting_note(struct hermetic *h, unsigned what);
/* *at: not before that time of the steady clock. */
bool greeting_is_due(const struct hermetic *h, uint64_t *at);
/* Does what is due, if it is time. What has failed for now is due some seconds later, and what
 * is refused with the next connection: that keeps nothing else back. */
MUST_CHECK enum err greeting_go_on(struct hermetic *h);
void greeting_clear(struct hermetic *h);

#endif
