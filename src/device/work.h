/*
 * An order that runs, and the steps that carry it out (steps.h). Each turn is
 * one transaction: the answer to the last request is taken, then every step
 * that needs no server is done, then the session is written once and the next
 * request is handed out.
 */
#ifndef HERMETIC_DEVICE_WORK_H
#define HERMETIC_DEVICE_WORK_H

#include "device/device.h"
#include "device/group/guests.h"
#include "device/record.h"

struct account_reading;
struct apart;
struct awaited;
struct device;
struct meeting;
struct own_log;
struct rejoin;

/*
 * One step of a table: it is due in a certain state, and either does something
 * by itself (`run`), or asks the server (`ask`, then `take` with the answer).
 * All are called inside a transaction, but `ask`, which only reads. They change
 * d->open and say so by work_changed(). An error ends the order and undoes the
 * turn; work_halt() ends the order and keeps what the turn did.
 */
struct step {
	const char *name;
	/* Does `take` of this answer touch nothing but d->work? Then it is
	 * taken without a transaction. NULL: it never does. */
	bool (*light)(const struct answer *answer);
	bool (*due)(struct device *d);
	enum err (*run)(struct device *d);
	enum err (*ask)(struct device *d, struct request *request);
	enum err (*take)(struct device *d, const struct answer *answer);
};

struct work {
	bool running, begun;
	struct order order;  /* with copies, owned */
	struct suites offer; /* what order.offer points to */
	struct outcome outcome;
	struct why why;
	const struct step *asked; /* whose answer is awaited; or NULL */
	bool asked_open;	  /* d->open was there when it was asked */
	bool asked_own;		  /* `own` was there then */
	uint64_t asked_todos;	  /* membership_todos() then */
	struct request request;	  /* what it asked */
	bool changed;		  /* d->open is to be written */
	bool stored;		  /* the first turn is durable */
	bool halted;		  /* no step is due any more */
	bool planned;		  /* what was ordered stands in the notes */
	uint64_t todo;		  /* its id there; 0: nothing was to do */
	bool filling;		  /* STOCK: a part of it was published */
	bool fresh;		  /* the log was read to its end */
	bool named;		  /* INVITE: the server was told the name */
	bool written;	 /* INVITE, CREATE: a letter for users[lettered], into
			    `bytes` */
	size_t lettered; /* the users before it have one, or need none */
	struct letter_read *letter; /* owned: JOIN, LETTER (letters.h) */
	bool renew;		    /* the server wants new keys */
	bool required;		    /* and takes nothing before */
	bool pins_hold;		    /* whom the commit adds has its known key */
	bool repeated;		    /* to say the name again was tried */
	bool unanswered;	    /* for files, too, the server is away */
	bool ousted;		    /* a removal for broken commits was tried */
	bool replaced;		    /* another leaf of its own was tried */
	unsigned requests;
	unsigned barren;    /* of them so many since something came of one */
	unsigned posts;	    /* of one todo, in a row */
	uint32_t wait_ms;   /* before the next request */
	uint64_t post_item; /* the item that was posted last */
	const struct step *doubting; /* whose refusal was doubted; or NULL */
	uint64_t doubted;	     /* and of which item */
	uint64_t posted;	     /* items up to this one were posted */
	uint64_t posted_ever;	     /* the same, whatever was read since */
	uint64_t read_from; /* the end of the log when its next page was asked
			       for */
	unsigned passes;    /* how often something was sealed */
	unsigned idle;	    /* readings that showed nothing new, in a row */
	uint64_t idle_seq;  /* the end of the log at the last of them */
	uint64_t
	    post_epoch;	  /* in which post_item was sealed, as it was posted */
	uint64_t expired; /* the item whose nonce the server calls too old */
	uint64_t expired_epoch;	 /* in which it was sealed */
	int64_t clock_ahead_ms;	 /* what the server's Date said with that */
	struct guests guests;	 /* claimed KeyPackages */
	size_t claimed;		 /* of order.users, or of the members' users */
	json_t *users;		 /* owned: whose KeyPackages a move claims */
	uint64_t gathered;	 /* the log was looked through for departures */
	bool welcomes_read;	 /* JOIN: Welcomes were looked for */
	struct awaited *awaited; /* owned: JOIN: a Welcome (welcome.h) */
	struct awaited *treeless; /* owned: JOIN: one whose tree is lacking */
	bool resolving;		  /* the person goes on without a trail */
	struct rejoin *rejoin;	  /* owned: the walk to the group of today */
	struct own_log *own;	  /* owned: ACCOUNT: this account's log */
	struct meeting *meeting;  /* owned: MEET: another account's log */
	struct account_reading *reading; /* owned: accounts to be read */
	json_t *places; /* owned: where sessions stand (branches.c), or NULL */
	struct apart *apart; /* owned: LEAVE: without logs (apart.h) */
	bool met;	     /* whom the order names was read */
	/* What requests borrow. */
	struct buf bytes, group_info, welcome;
	struct span *spans; /* owned array */
	const char **names; /* owned array */
	json_t *lists[2];   /* owned: what PUBLISH encodes */
};

void work_clear(struct work *work);

/* The open session is forgotten if it was not known before this order, and holds no
 * message that waits. */
MUST_CHECK enum err work_forget_new(struct device *d, bool *forgotten);

/* order.c: what an order does before its first step, and what it has come to.
 * The first is called inside a transaction. */
MUST_CHECK enum err order_begin(struct device *d);
void order_end(struct device *d);

/* Such an order changes the group of an open session. */
bool order_changes_group(enum order_kind kind);

/* rejoin.c */
void rejoin_free(struct rejoin *rejoin);

/* d->open was changed: it is written at the end of the turn. */
void work_changed(struct device *d);

/* The log has to be read again before anything else. */
void work_stale(struct device *d);

/* Ends the order after this turn, with a reason. */
void work_halt(struct device *d, enum err e, const char *slug,
	       const char *format, ...) __attribute__((format(printf, 4, 5)));

/* What was said waits, and `why` says for what. That ends a SEND and a REFRESH;
 * what else was ordered has been done. */
void work_hold(struct device *d, enum err e, const char *slug,
	       const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same of what is about a user or a device (why_set_about()). */
void work_halt_about(struct device *d, struct span name, enum err e,
		     const char *slug, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void work_hold_about(struct device *d, struct span name, enum err e,
		     const char *slug, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* work_halt() with what a server answered as the reason. */
void work_halt_refused(struct device *d, const struct answer *answer);
void work_hold_refused(struct device *d, const struct answer *answer);

/* Will the same request fare better later, or was it refused for good? */
bool work_is_passing(const struct answer *answer);

/* Something came of a request: entries that are new, a step of a list that has an
 * end. Without it an order gives up soon. */
void work_news(struct device *d);

/* A page of the log was taken; `news`: with entries that are new. True: another
 * one is to be asked for. The order ends where a server names another one
 * without end (page.h). */
bool work_page(struct device *d, const struct answer *answer, bool news);

/* What a server said, in words. */
const char *work_words(const struct answer *answer);

/*
 * A refusal is a hint: perhaps the log has what was posted all the same, or
 * shows what it came too late for. True: the step that asked is to post it once
 * more, when the log has been read. False: it was doubted before, so it counts.
 * `item` tells apart what one step posts. For `take` only.
 */
bool work_doubts(struct device *d, uint64_t item);

/* For `light`: the server says that it took what was posted. */
bool work_is_taken(const struct answer *answer);

static inline bool work_is(const struct work *work, enum order_kind kind)
{
	return work->order.kind == kind;
}

#endif
