/*
 * Broken commits: they stand in the log, signed by another device and right as far
 * as one sees without keys, and this device could not process them. It joins again
 * behind each (rejoin.h), and remembers whose they were:
 *
 *   breaks   [{seq, at, by, blame, fresh, seen}…]: of the last day
 *
 * `blame`: no other member's GroupInfo can be the cause. `fresh`: nor can this
 * device's keys, since it has made a path of its own since it came in (who lets
 * somebody in by a Welcome may give wrong ones). `seen`: this device has joined
 * again behind it, so somebody has vouched for its confirmation tag, which the
 * commit's own signature does not cover. A device that has broken two commits, the
 * last of them a fresh one, is removed by those whose role allows it.
 */
#ifndef HERMETIC_DEVICE_GROUP_BREAKS_H
#define HERMETIC_DEVICE_GROUP_BREAKS_H

#include "device/core.h"
#include "device/group/trail.h"

#define BREAKS_WORDS 320 /* bytes that breaks_say() fills at most */

/* Of a SESSION_REFUSED that is `broken`, by another leaf than ours. */
MUST_CHECK enum err breaks_note(struct device *d,
				const struct session_event *event);

/* This device has made the epoch where the group is now: it knows its GroupInfo,
 * and the keys of its path, to be right. */
void breaks_note_own_epoch(struct device *d);
/* Another has made a new group, and given it its keys. */
void breaks_note_given_epoch(struct device *d);

/* It has joined again; `walked`: over each commit since the broken one. */
void breaks_end(struct device *d, bool walked);

/* Whoever was removed and comes back begins anew: those who are not in the group
 * any more are forgotten, or not in that to which a trail has got. */
void breaks_forget_gone(struct device *d);
void breaks_forget_absent(struct device *d, const struct trail *trail);

/* The identity of a member that is to be removed; NULL: there is none, or this
 * device's role does not allow it. Borrowed until the notes change. */
const char *breaks_culprit(const struct device *d);

/* How many of a member's commits were broken, as far as nothing else can be the
 * cause. */
size_t breaks_count(const struct membership *m, struct span identity);

/* Who signed the one for which this device joins again, as a sentence and a blank
 * before it; "": it joins for another reason. */
void breaks_say(const struct device *d, char *words, size_t size);

/* Whom those remove who may: the signer of that one, where it cannot have been the server's
 * doing. "": nobody. Borrowed from the notes. */
const char *breaks_blamed(const struct device *d);

#endif
