/*
 * What was decided here and must still be told to the server: the notes'
 * `todo`, an object by kind. It is stored before anything is sent, so it
 * survives a crash at any instruction, and each kind can be told again:
 *
 *   create    {body, add?}: make the session, then the change `add`
 *   change    (change.h): stage a commit, then `commit`
 *   commit    {group_info, welcome?, redo, first?}: post the staged commit; `redo`
 *             is the change to come back to when another commit was first, and
 *             with `first` also when this one is done: that made the group ready
 *   announce  {}: say the session's name to those whom a commit added
 *   join      {group_info}: post the staged external commit
 *   welcome   {welcome_id}: tell that a Welcome was used
 *   leave     {departure, whom?}: post the signed departure of a device's leaf;
 *             without `whom`, one's own
 *
 * A change or a departure that was ordered has an `id`. It goes along where the
 * device comes in again, and is made there.
 */
#ifndef HERMETIC_DEVICE_TODO_H
#define HERMETIC_DEVICE_TODO_H

#include "device/core.h"

/* The log showed our staged commit, or another in its place. */
void todo_commit_done(struct device *d);
void todo_commit_lost(struct device *d);

/* The device that a departure was to be told of. Borrowed. */
const char *todo_departs(const struct device *d);

/* The log shows that this device is out: by the same bytes, by another departure,
 * or by a commit. */
void todo_settle_departure(struct device *d);

/* Whether the departure that is to be told names the leaf node that stands now.
 * A commit changes it, and so does another algorithm. */
bool todo_departure_fits(struct device *d);

/* A commit was staged for `change`: the next thing is to post it. `first`: the
 * change itself is to be staged when it is done. */
MUST_CHECK enum err todo_set_commit(struct device *d, json_t *change,
				    const struct mls_commit *commit,
				    bool first);

/* The commit that is to be posted ends the group: it goes with its successor. */
bool todo_commit_moves(const struct device *d);

/* The todo is given up; a staged commit with it. */
void todo_drop(struct device *d);

/* The person wants this device to be in: its own departure, ordered before, is given
 * up, unless the log shows it. */
void todo_stay(struct device *d);

/* What became of that which an order began. An order ends with the right reason
 * also where another process on this state went on with it. */
enum todo_fate { TODO_IS_DONE, TODO_WAITS, TODO_WAS_DROPPED };
/* 0: nothing that has an id is to do. */
uint64_t todo_id(const struct membership *m);
/* The next todo's, to be put into it. */
uint64_t todo_new_id(const struct membership *m);
enum todo_fate todo_fate(const struct membership *m, uint64_t id);

#endif
