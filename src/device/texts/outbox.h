/*
 * What was said and does not stand in the verified log yet. An item is stored
 * before anything else happens; it is sealed when it may be sent, it leaves
 * when the log shows its envelope, and the order of the items is the order in
 * which they are sent. The items stand in the notes of a membership,
 *
 *   outbox: [{item, key?, queued_at, expires_at?, quiet?, content?, nonce?,
 *             view?, file?, refused?, detail?}…]
 *
 * with `content` until it is sealed; from then on it stands in the outbox of
 * the MLS session, under `nonce`.
 */
#ifndef HERMETIC_DEVICE_TEXTS_OUTBOX_H
#define HERMETIC_DEVICE_TEXTS_OUTBOX_H

#include "base/digest.h"
#include "device/core.h"

/* Stores `content` as the last item of the session that is loaded. expires_ms:
 * Unix, when it goes everywhere, the server included; 0: never. */
MUST_CHECK enum err outbox_put(struct device *d, struct span content,
			       uint64_t expires_ms, const char *key,
			       uint64_t *item);

/* What the device says by itself: nobody is told of it, and the list does not show
 * it. outbox_find_quiet() gives the first one of that kind that waits; NULL: none
 * does; borrowed. outbox_forget_quiet() drops those that were refused in an epoch
 * that is over. */
#define OUTBOX_NAME "name"
#define OUTBOX_RECEIPT "receipt"
void outbox_set_quiet(struct membership *m, uint64_t item, const char *kind);
bool outbox_is_quiet(const json_t *item);
const json_t *outbox_find_quiet(const struct membership *m, const char *kind);
void outbox_forget_quiet(struct membership *m);

/* Adds what the item says to `row`, with what opens a file that it names (attached.h). */
MUST_CHECK enum err outbox_put_content(const struct membership *m,
				       const json_t *item, json_t *row);

/* Has the time of an item come before it was sent? */
bool outbox_is_over(const struct device *d, const json_t *item);

/* The message of that item, which outbox_put() has stored, names a file. */
MUST_CHECK enum err outbox_name_file(struct membership *m, uint64_t item,
				     struct uuid file);

/* What was said under `key`: *item, and *seq when it stands in the log.
 * ERR_STATE_GONE: nothing yet, or it was dropped, or it stood in a history that the
 * person has left. ERR_STATE_CONFLICT: something else was. */
MUST_CHECK enum err outbox_find_key(struct device *d, const char *key,
				    struct span content, uint64_t *item,
				    uint64_t *seq);

/* The first item that waits (was not refused) at or after place *at of the
 * list; *at becomes its place. NULL: there is none. Borrowed. */
json_t *outbox_next(const struct membership *m, size_t *at);
bool outbox_waits(const struct membership *m);
bool outbox_is_empty(const struct membership *m);

/* Its envelope; ERR_STATE_GONE when it is not sealed. *epoch: in which it was
 * sealed. Borrowed until the session changes. */
MUST_CHECK enum err outbox_envelope(const struct membership *m,
				    const json_t *item, struct span *envelope,
				    uint64_t *epoch);

/* The time in the nonce of its envelope, Unix milliseconds; 0: it is not
 * sealed. */
uint64_t outbox_sealed_ms(const struct membership *m, const json_t *item);

/* Seals it (again) under the keys of now: again only when the epoch is another
 * one, since both envelopes of one epoch could come to stand in the log. */
MUST_CHECK enum err outbox_seal(struct device *d, json_t *item);

/* How far the log was read when the item with that nonce was sealed; 0: not known. */
uint64_t outbox_view(const struct membership *m, const uint8_t *nonce);

/* The log shows an own envelope at `seq`: its item leaves. */
MUST_CHECK enum err outbox_sent(struct device *d, const uint8_t *nonce,
				uint64_t seq);

/* Why an item was refused, or NULL. Borrowed. */
const char *outbox_refusal(const struct membership *m, uint64_t item);

/* Where an item stands in the log; 0: it does not, or did long ago. *left: that is in
 * a history that the person has left since. */
uint64_t outbox_place(const struct device *d, uint64_t item, bool *left);

/* Has an item the envelope with that hash? *epoch: that for which it was sealed. At a
 * place of another epoch nobody reads it. */
bool outbox_has_hash(const struct membership *m, struct digest hash,
		     uint64_t *epoch);

/* The log shows only the hash of an entry. When an item has the envelope with
 * that hash (*found), it is kept as the entry `seq` and leaves. */
MUST_CHECK enum err outbox_sent_by_hash(struct device *d, uint64_t seq,
					struct digest hash, bool *found);

/* Members are shown who are new to the person: all that waits now was said before,
 * and is held until the person lets it go. outbox_let_go() is for all that is
 * held; false: nothing was. */
void outbox_hold(struct membership *m);
bool outbox_is_held(const struct membership *m, const json_t *item);
bool outbox_let_go(struct membership *m);

/* It will never be taken: it stays on the list, without its text where its time
 * has come, and holds up nothing. */
MUST_CHECK enum err outbox_refuse(struct device *d, json_t *item,
				  const char *slug, const char *detail);

/* Takes one item (DEVICE_OUTBOX_ALL: all) off the list of `m`; *dropped grows by
 * those that outbox_list() has. */
MUST_CHECK enum err outbox_drop(struct membership *m, uint64_t item,
				size_t *dropped);

/* Appends the items to `list`, as device_outbox() has them. */
MUST_CHECK enum err outbox_list(const struct membership *m, json_t *list);

/* Items that an earlier version sealed are entered into the list. */
MUST_CHECK enum err outbox_adopt(struct membership *m);

#endif
