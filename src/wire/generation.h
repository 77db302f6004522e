/*
 * A session outlives its MLS groups: when it moves to another algorithm, a new
 * group takes the place of the old one (RFC 9420, 11.2). They are numbered by
 * generation. The group's id is
 *
 *   session_id[16]                       generation 0
 *   session_id[16] || uint32 generation  the later ones
 *
 * and a session's epoch is generation << 32 | the group's epoch: it only grows.
 */
#ifndef HERMETIC_WIRE_GENERATION_H
#define HERMETIC_WIRE_GENERATION_H

#include "base/span.h"

#define GENERATION_SESSION_ID 16
#define GENERATION_GROUP_ID_MAX (GENERATION_SESSION_ID + 4)

/* Writes the id of a session's group and returns its length. */
size_t generation_group_id(const uint8_t session[GENERATION_SESSION_ID],
			   uint32_t generation,
			   uint8_t id[GENERATION_GROUP_ID_MAX]);

/* False when that is not the id of one of this session's groups. */
bool generation_of_group(struct span group_id, struct span session,
			 uint32_t *generation);

uint64_t generation_epoch(uint32_t generation, uint64_t group_epoch);

/* The session's epoch at which a GroupInfo, a commit or a message is. False: of
 * another session, or no epoch that a session can have. */
bool generation_session_epoch(struct span group_id, uint64_t group_epoch,
			      struct span session, uint64_t *epoch);

#endif
