/*
 * One device of one account: a state machine without I/O. Whoever drives it
 * hands it an order, then asks device_turn() what to do until the order has
 * ended:
 *
 *   device_start(device, &order);
 *   while ((turn = device_turn(device, &request, &wait_ms)) != DEVICE_DONE)
 *           ask the server and device_answer(), or wait;
 *   outcome = device_outcome(device);
 *
 * Everything that was decided is in the store before a request is handed out,
 * so a device that is killed at any instruction goes on with its next order.
 * One order at a time. One thread.
 */
#ifndef HERMETIC_DEVICE_DEVICE_H
#define HERMETIC_DEVICE_DEVICE_H

#include "base/text.h"
#include "base/uuid.h"
#include "content/attachment.h"
#include "device/group/suites.h"
#include "device/ports.h"
#include "device/texts/said_act.h"
#include "device/why.h"
#include "wire/letter.h"
#include "wire/roles.h"

#define DEVICE_NAME_SIZE (TEXT_USERNAME_MAX + 1) /* with a NUL */
#define DEVICE_CALLED_SIZE (DEVICE_NAME_SIZE + 17)

struct device;

struct device_config {
	const char *username, *device_id; /* copied */
	struct suites offer;		  /* in order of preference */
	/* KeyPackages of each algorithm that lie ready at the server; 0: 50. */
	unsigned stock;
	/* Writes receipts, unless the person wants none
	 * (device_set_receipts()). */
	bool receipts;
};

/* Reads nothing yet. */
MUST_CHECK enum err device_open(const struct device_config *config,
				const struct device_ports *ports,
				struct device **device);
void device_close(struct device *device);

/* From how many leaves on a Welcome goes without the tree, where those who are let
 * in take that: it comes from the server (docs/protocol.md, "Parts of GroupInfos"). */
#define DEVICE_LARGE 64
void device_set_large(struct device *device, uint32_t leaves);

/* ---- orders ---- */

enum order_kind {
	ORDER_REFRESH, /* read what is new, send what waits */
	ORDER_SEND, /* text [, key] [, act, about], or name: the session's from
			  now on */
	ORDER_CREATE,	/* [name], offer, users, open; makes the session's id */
	ORDER_JOIN,	/* by a Welcome that waits, otherwise by a commit */
	ORDER_INVITE,	/* users[0] */
	ORDER_REMOVE,	/* whom: "user" or "user/device" */
	ORDER_ROLE,	/* whom: "user"; role */
	ORDER_BAN,	/* whom: "user", is kept out, or with ban false not any
			  more */
	ORDER_UNINVITE, /* whom: "user" may not come in any more */
	ORDER_ROTATE,	/* new keys */
	ORDER_ASKED, /* new keys because the server asks: done within bounds */
	ORDER_MOVE, /* algorithm; NULL: no other one, to places and, open or not,
			 to a list of who may come in */
	ORDER_LEAVE,   /* this device departs */
	ORDER_DEPART,  /* whom: another device of this user departs */
	ORDER_RESOLVE, /* the person has seen what stopped it, and goes on */
	ORDER_STOCK,   /* publish KeyPackages where there are few; no session */
	ORDER_ACCOUNT, /* read, and begin, this account's log; no session */
	ORDER_MEET,    /* users[0]: read that account's log; no session */
	ORDER_LETTER   /* session: read the letters of an invitation */
};

/* Copied by device_start(). Which members count is said by the kind. */
struct order {
	enum order_kind kind;
	const char *session; /* the id as text */
	struct span text;    /* UTF-8 */
	/* SEND: what the text is to the entry `about`. 0: a text by itself. */
	enum said_act act;
	uint64_t about;
	/* SEND: goes with the text, which may be empty then. The server has it whole
	 * already. NULL: none. */
	const struct attachment *file;
	/* SEND: which of several conversations a text belongs to. NULL: none, or
	 * that of the message `about`. */
	const char *topic;
	/* SEND: what the session is about from now on, and its picture; empty:
	 * none any more. */
	const char *subject;
	bool says_picture;
	struct span picture;
	uint64_t
	    expires_s;	 /* SEND: seconds that the text is kept; 0: for ever */
	const char *key; /* the caller's own id of the text, or NULL */
	const char *name;
	const struct suites *offer;
	const char *const *users;
	size_t user_count;
	bool open;
	const char *whom, *algorithm;
	enum role role;
	/* SEND: members who came in since the person looked last are no reason
	 * to wait. */
	bool to_new_members;
	bool ban;	    /* BAN */
	bool verified_only; /* CREATE: what is said there is for verified people
			       only */
	bool
	    asks; /* INVITE: who is invited comes in only by an act of theirs */
	/* JOIN: to leave at once, so whoever has added this device may be
	 * blocked. */
	bool declines;
	/* REFRESH: what was said before members came in, whom the person was
	 * shown since, goes to them, too. A SEND says that of all before it. */
	bool flush;
	/* REFRESH: and write a receipt, if one is due. */
	bool receipt;
};

/* ERR_STATE_PENDING while another order runs. */
MUST_CHECK enum err device_start(struct device *device,
				 const struct order *order);

enum device_turn {
	DEVICE_ASK,  /* *request: ask the server, then device_answer() */
	DEVICE_WAIT, /* *wait_ms: call again after so long */
	DEVICE_DONE  /* the order has ended: device_outcome() */
};
enum device_turn device_turn(struct device *device, struct request *request,
			     uint32_t *wait_ms);
void device_answer(struct device *device, const struct answer *answer);

/* Who invites, by a letter that a device of that account has signed. */
struct outcome_letter {
	char by[DEVICE_CALLED_SIZE]; /* as members are called */
	const char *trust;	     /* met_trust_text() */
};

/* How an order ended. Borrowed until the next one. */
struct outcome {
	enum err result;
	const struct why *why; /* when `result` is another than ERR_OK */
	char session[TEXT_UUID_SIZE];
	/* SEND: the text is stored and waits; `result` and `why` say for what.
	 * When it is not kept and `result` is ERR_OK, it was seen in the
	 * verified log, at `seq`. All other orders: something that was said
	 * still waits, `item` first, and `why` says for what; what was ordered
	 * is done. */
	bool kept;
	bool
	    passing; /* the same order, given again, may do what this did not */
	/* JOIN, RESOLVE: what was stored of the session is damaged, and counted as
	 * nothing. */
	bool anew;
	uint64_t seq, item;
	/* LETTER: those by people who are not blocked, as the server orders them.
	 * Only who comes in sees whose entry stands in the group. */
	struct outcome_letter letters[LETTERS_MAX];
	size_t letter_count;
	size_t
	    devices; /* INVITE: how many were added; 0: the account is invited
			   to come in */
	/* INVITE: who has invited that user before, as members are called: nothing
	 * was changed. Empty: this account. */
	char inviter[DEVICE_CALLED_SIZE];
};
const struct outcome *device_outcome(const struct device *device);

/* Entries that were pushed, in the log's order. Between orders only:
 * ERR_STATE_PENDING otherwise. ERR_STATE_CONFLICT: some before them are
 * missing, nothing was taken; ORDER_REFRESH reads them. ERR_STATE_GONE: no
 * session of this device. */
MUST_CHECK enum err device_push(struct device *device, const char *session,
				const struct answer_entry *entries,
				size_t count, struct why *why);

/* ---- what happened ---- */

enum event_kind {
	EVENT_ENTRY,   /* the log's entry `seq` is kept now */
	EVENT_SENT,    /* the item `item` of the outbox stands at `seq` */
	EVENT_REFUSED, /* the item `item` was refused for good */
	EVENT_ENDED    /* this device is no member any more */
};

struct device_event {
	enum event_kind kind;
	char session[TEXT_UUID_SIZE];
	uint64_t seq, item;
};

/* The next event, oldest first; false when there is none. An event is told
 * after what it is about is durable. */
bool device_next_event(struct device *device, struct device_event *event);

/* ---- asking; none of these asks a server ----
 *
 * Records come as JSON text (docs/state.md has their members), appended
 * without a NUL. */

/* ["ID"…] of all sessions that this device has or had. */
MUST_CHECK enum err device_sessions(struct device *device, struct buf *json);

/* [{session_id, name?}…] of the same: without what it takes to describe them. */
MUST_CHECK enum err device_names(struct device *device, struct buf *json);

/* {session_id, algorithm, suite, epoch, last_seq, member, forked,
 * safety_number, members: [{leaf_index, username, device_id, role, own, seen,
 * mark, key (its fingerprint), compared, broken_commits?}…], banned?, invited?, stop?, name?,
 * missed?: {algorithm, own, username, device_id}, …};
 * ERR_STATE_GONE: no such session. `missed`: the creator's first algorithm, and the first
 * founder that did not offer it. `broken_commits`: of the last days, for which
 * nothing else can be the cause. */
MUST_CHECK enum err device_describe(struct device *device, const char *session,
				    struct buf *json);

/* What is kept of one entry, with `compared` (as above) of who it is from, unless that
 * is one's own account; ERR_STATE_GONE when nothing is, as before the
 * place where this device joined. A record that cannot be read is given as
 * {seq, kind: "unreadable", reason}. */
MUST_CHECK enum err device_entry(struct device *device, const char *session,
				 uint64_t seq, struct buf *json);

/* The file that the entry names, with what opens it. ERR_STATE_GONE: it names none.
 * The caller clears `file`, also after a failure. */
MUST_CHECK enum err device_file(struct device *device, const char *session,
				uint64_t seq, struct attachment *file);

/* The same of what was said in the session under that key of the caller's, be it in the log
 * or in the outbox. ERR_STATE_GONE: nothing was; ERR_STATE_CONFLICT: it names no file. */
MUST_CHECK enum err device_file_said(struct device *device, const char *session,
				     const char *key, struct attachment *file);

/* The session's picture: appends its bytes. ERR_STATE_GONE: it has none. */
MUST_CHECK enum err device_picture(struct device *device, const char *session,
				   struct buf *bytes);

/* Texts whose time has come go out of the store. Orders, pushes and device_entry()
 * do that, too: this is for who waits in between. */
MUST_CHECK enum err device_sweep(struct device *device);

/* The last entry that is kept; 0 for a session that is not known. */
uint64_t device_last_seq(struct device *device, const char *session);

/* Nothing before that entry is kept of the session. */
uint64_t device_first_seq(struct device *device, const char *session);

/* [{item, session_id, text, state: "waiting" or "refused", queued_at, expires_at?,
 * key?, reason?}…], oldest first; `session` NULL: of all sessions. */
MUST_CHECK enum err device_outbox(struct device *device, const char *session,
				  struct buf *json);

#define DEVICE_OUTBOX_ALL UINT64_MAX /* in place of an item's number */

/* Forgets an item that waits or was refused, or all of them. *dropped counts those
 * that device_outbox() lists. An item that was posted already may still be in the
 * log. */
MUST_CHECK enum err device_outbox_drop(struct device *device,
				       const char *session, uint64_t item,
				       size_t *dropped);

/* The person has read up to that entry. Where the person wants receipts, the next one
 * says so. */
MUST_CHECK enum err device_read_to(struct device *device, const char *session,
				   uint64_t seq);

/* The same of who was shown the entries from `from` to `seq`, and no other. Nothing
 * changes where a text of another user before `from` is not read. */
MUST_CHECK enum err device_read(struct device *device, const char *session,
				uint64_t from, uint64_t seq);

/* What the person has not read: how many texts of other users stand behind the entry
 * `read` and before the entry `before`, counted up to DEVICE_UNREAD_MAX. */
#define DEVICE_UNREAD_MAX 1000
struct device_unread {
	uint64_t read, count;
};
MUST_CHECK enum err device_unread(struct device *device, const char *session,
				  uint64_t before,
				  struct device_unread *unread);

/* When a receipt is to be written in that session, which an ORDER_REFRESH with
 * `receipt` does from then on, Unix milliseconds; UINT64_MAX: none. */
uint64_t device_receipt_at(struct device *device, const char *session);

/* Whether this device writes receipts: it does until the person says otherwise. */
MUST_CHECK enum err device_receipts(struct device *device, bool *on);
MUST_CHECK enum err device_set_receipts(struct device *device, bool on);

/* ---- who types (docs/protocol.md, "Typing") ----
 *
 * Nothing of it is stored. Between orders only: ERR_STATE_PENDING otherwise. */

#define DEVICE_TYPING_EVERY_MS                                                 \
	4000 /* a device says that its person types, at most */
#define DEVICE_TYPING_SHOWN_MS                                                 \
	8000 /* so long others show it, if nothing more comes */
#define DEVICE_TYPING_OFF_MS                                                   \
	60000 /* so far a notice's time may be from the clock */

/* The person types in that session, or does not any more. Appends the notice to post,
 * or nothing where none is to be: the others know, the person does not want it
 * (device_set_typing()), or a text would wait for the person. What the person says ends
 * it without a notice. ERR_STATE_GONE: no session of this device. */
MUST_CHECK enum err device_tell_typing(struct device *device,
				       const char *session, bool types,
				       struct buf *notice);

/* A notice that the server gave. What is none of a member of this epoch, what came before
 * and what is not of now changes nothing: the error says why. */
MUST_CHECK enum err device_hear_typing(struct device *device,
				       const char *session, struct span notice);

/* ["bob"…] of others who type in that session now, as members are called; and when the
 * next one of any session types no more, Unix milliseconds, UINT64_MAX: nobody types. */
MUST_CHECK enum err device_who_types(struct device *device, const char *session,
				     struct buf *json);
uint64_t device_typing_ends_at(const struct device *device);

/* The caller tells an entry of that user, named as device_who_types() names users. So the user
 * no longer counts as typing, also where another process of this device took the entry in. */
void device_has_said(struct device *device, const char *session,
		     const char *user);

/* Whether this device tells that its person types: it does until the person says
 * otherwise. */
MUST_CHECK enum err device_typing(struct device *device, bool *on);
MUST_CHECK enum err device_set_typing(struct device *device, bool on);

/* The person was shown the members with these marks, and no others: what is said
 * from now on may be sealed for them. device_describe() has a mark for each
 * member, device_entry() for whoever came in by an entry. Whoever has come in
 * since stays unseen, and a mark of nobody who is there counts for nothing. */
MUST_CHECK enum err device_shown(struct device *device, const char *session,
				 const char *const *marks, size_t count);

/* [{username, device_id, scheme, known, offered}…]: devices of `user` for which
 * another key was offered than the one that is known, in a session or by a
 * KeyPackage. Nothing is sealed for them, and they are not invited.
 * `known` and `offered` are fingerprints: the first 16 bytes of SHA-256. */
MUST_CHECK enum err device_key_changes(struct device *device, const char *user,
				       struct buf *json);

/* The person was shown these offered keys of `user`, and takes them in place of
 * the known ones. *accepted counts them. */
MUST_CHECK enum err device_accept_keys(struct device *device, const char *user,
				       const char *const *fingerprints,
				       size_t count, size_t *accepted);

/* An account whose log is kept here, one's own or one that was met (ORDER_MEET):
 * {username, fingerprint, digits, number, hash, closed, devices, own, compared: "no", "yes"
 * or "changed", forked, other, other_fingerprint?, other_digits?}; `other`: the
 * server shows another account under that name, with these numbers.
 * ERR_STATE_GONE: none is kept. */
MUST_CHECK enum err device_person(struct device *device, const char *username,
				  struct buf *json);

/* The person has compared the fingerprint with that person. ERR_STATE_GONE. */
MUST_CHECK enum err device_compared(struct device *device,
				    const char *username);

/* The person was shown that account, `other_fingerprint` of device_person(), and
 * says that the name is meant for it. ERR_STATE_GONE: there is no other one.
 * ERR_STATE_CONFLICT: the server has shown yet another one since, and nothing has
 * changed. */
MUST_CHECK enum err device_accept(struct device *device, const char *username,
				  const char *fingerprint);

#endif
