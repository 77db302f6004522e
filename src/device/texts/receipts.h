/*
 * How far each member's devices have got in a session, and how far its person has
 * read: two numbers of the log's order a user (docs/adr/0050). What others say of
 * themselves, and what this device has said, stands in the notes of a membership,
 *
 *   receipts: {of: {USER: {delivered, read, since?}}, last?, read?,
 *              told: {delivered, read, at}}
 *
 * `since` is the entry by which the user came in last: nothing up to there counts.
 * `last` is the last entry of others that a receipt can be about, `read` how far the
 * person here has read, `at` when this device wrote a receipt last.
 */
#ifndef HERMETIC_DEVICE_TEXTS_RECEIPTS_H
#define HERMETIC_DEVICE_TEXTS_RECEIPTS_H

#include "device/core.h"
#include "device/texts/entry.h"

/* A device writes a receipt at most so often: all members together at most once a
 * second, and none more often than every five. */
#define RECEIPTS_LEAST_MS 5000
#define RECEIPTS_EACH_MS 1000
uint64_t receipts_interval_ms(uint32_t members);

/* What an entry of another user says of how far that user is: its view, and with
 * CONTENT_RECEIPT its value. receipts_heard() adds delivered and read to `entry`, or
 * that it is not readable. Both change the notes. */
void receipts_note_view(struct device *d, const struct session_event *event);
void receipts_heard(struct device *d, const struct session_event *event,
		    struct span value, json_t *entry);

/* An entry is kept by which users may have come in. */
void receipts_note_commit(struct device *d, const struct session_event *event,
			  const struct entry_people *people);

/* Something other than a receipt was kept as the entry `seq`, of another user. */
void receipts_note_last(struct device *d, const struct session_event *event);

/* The person takes another history: what was told, heard and read of the one before says
 * nothing of this one, and a receipt that waits is not sent. After
 * reading_begin_line(). */
MUST_CHECK enum err receipts_begin_line(struct device *d);

/* Does the person want them to be written? Inside a transaction. */
MUST_CHECK enum err receipts_wish(struct device *d, bool *on);

/* The person has read up to there: the next receipt says so. False: it was noted
 * already. */
bool receipts_note_read(struct device *d, uint64_t seq);

/* A receipt that waits and is not to be sent any more, since the person wants none
 * now, or since it could not be sent for so long: *item, or 0. Inside a
 * transaction. */
#define RECEIPTS_WAIT_MS 60000
MUST_CHECK enum err receipts_unsent(struct device *d, uint64_t *item);

/* Adds delivered and read of `user` to a member's row. */
void receipts_describe(const struct membership *m, struct span user,
		       json_t *row);

/* Adds to a text of our own who has it (delivered_to), and who has read it
 * (read_by): user names. Outside of a transaction, too. */
MUST_CHECK enum err receipts_show(struct device *d, const char *session,
				  json_t *entry);

#endif
