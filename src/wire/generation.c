#include "wire/generation.h"

#include <string.h>

#include "base/rd.h"

size_t generation_group_id(const uint8_t session[GENERATION_SESSION_ID],
			   uint32_t generation,
			   uint8_t id[GENERATION_GROUP_ID_MAX])
{
	memcpy(id, session, GENERATION_SESSION_ID);
	if (generation == 0)
		return GENERATION_SESSION_ID;
	for (unsigned i = 0; i < 4; i++)
		id[GENERATION_SESSION_ID + i] =
		    (uint8_t)(generation >> (24 - 8 * i));
	return GENERATION_GROUP_ID_MAX;
}

bool generation_of_group(struct span group_id, struct span session,
			 uint32_t *generation)
{
	struct rd r = rd_init(group_id);
	struct span start = rd_take(&r, GENERATION_SESSION_ID);

	*generation = 0;
	if (!rd_ok(&r) || !span_equal(start, session))
		return false;
	if (rd_left(&r) == 0)
		return true;
	*generation = rd_u32(&r);
	return rd_end(&r) == ERR_OK && *generation > 0;
}

uint64_t generation_epoch(uint32_t generation, uint64_t group_epoch)
{
	return (uint64_t)generation << 32 | group_epoch;
}

bool generation_session_epoch(struct span group_id, uint64_t group_epoch,
			      struct span session, uint64_t *epoch)
{
	uint32_t generation;

	/* a database's bigint has a sign */
	if (!generation_of_group(group_id, session, &generation) ||
	    generation > INT32_MAX || group_epoch >= UINT32_MAX)
		return false;
	*epoch = generation_epoch(generation, group_epoch);
	return true;
}
