/* The GroupInfo that goes with a staged commit. Most of it the server knows, since it
 * follows the group; so its part is posted (docs/protocol.md, "Parts of GroupInfos"),
 * and the whole of it to a server of before. */
#ifndef HERMETIC_DEVICE_GROUP_STAGED_INFO_H
#define HERMETIC_DEVICE_GROUP_STAGED_INFO_H

#include "device/device.h"
#include "mls/group.h"

#include <jansson.h>

/* Notes it in the todo of the commit: its part, or all of it. */
MUST_CHECK enum err staged_info_note(json_t *todo,
				     const struct mls_commit *commit,
				     bool whole);

/* Fills the request that posts the commit: group_info or info_part. */
MUST_CHECK enum err staged_info_ask(struct device *d, struct request *request);

/* A server of before does not read what it was sent: it gets the whole one from now
 * on, and the same is posted again. That is the server's word, which costs bytes. */
bool staged_info_refused(struct device *d, const struct answer *answer);

#endif
