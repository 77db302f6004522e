/*
 * What happens, as it happens: a channel that is opened again when it ends,
 * and goes on after what this device has. The device takes in what arrives and
 * keeps it before it is told; the log is read over REST where a push is
 * missing.
 */
#ifndef HERMETIC_REACH_LIVE_H
#define HERMETIC_REACH_LIVE_H

#include "reach/account.h"

struct live;

struct live_listener {
	/* What is kept of a place of the log. False: stop. */
	bool (*entry)(void *context, const char *id, const json_t *entry);
	/* Something else that the device tells: EVENT_SENT, EVENT_REFUSED,
	 * EVENT_ENDED. May be NULL. */
	void (*event)(void *context, const struct device_event *event);
	/* A Welcome waits; may be NULL. */
	void (*welcome)(void *context, const char *id);
	/* A device of this account waits to be approved; may be NULL. */
	void (*waits)(void *context);
	/* Who types in a session that is followed, other members than before: their
	 * names, [] for nobody; may be NULL. */
	void (*typing)(void *context, const char *id, const json_t *names);
	/* The connection was lost (false) or is back; may be NULL. `slug`: of a reason that
	 * has one, or "". */
	void (*connected)(void *context, bool connected, const char *reason,
			  const char *slug);
	/* live_open() does not want a server that can be reached: a connection that cannot
	 * be made is one that was lost. */
	bool patient;
	void *context;
};

/* Connects. The account and the listener must outlive it. Until live_close()
 * the account's envelopes go over the connection while it is open. */
MUST_CHECK enum err live_open(struct account *a,
			      const struct live_listener *listener,
			      struct live **out);
void live_close(struct live *live);

/* From now on, tells every place of this session's log after `after`: first
 * those that are kept already. One that is followed goes on as it did. */
MUST_CHECK enum err live_follow(struct live *live, const char *id,
				uint64_t after);

/* Tells a session that is followed from there on: what was told may be told again. */
void live_tell_after(struct live *live, const char *id, uint64_t after);

/* The person has read further in that session, outside of the listener: a receipt may be due
 * that was not when the last entry was told. */
void live_note_read(struct live *live, const char *id);

/* The person types in that session, or does not any more: the members who are connected
 * are told now and then, where the person wants that. */
void live_type(struct live *live, const char *id, bool types);

/* Tells what the device has and was not told yet, for instance because another
 * process read it. *stopped: the listener wants no more. */
MUST_CHECK enum err live_tell(struct live *live, bool *stopped);

/* As channel_fd(); -1 while it is not connected: then live_retry_ms() is how long
 * until it wants time to connect again. */
int live_fd(const struct live *live);
uint64_t live_retry_ms(const struct live *live);

/* Gives time to it, up to timeout_ms. A lost connection is no failure: it is tried again,
 * slower and slower. */
MUST_CHECK enum err live_wait(struct live *live, int timeout_ms, bool *stopped);

#endif
