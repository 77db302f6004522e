#include "tests/sim/lineage.h"

#include <stdlib.h>

#include "crypto/hash.h"
#include "wire/message.h"

void lineage_clear(struct lineage *lineage)
{
	for (size_t i = 0; i < lineage->count; i++) {
		blob_free(lineage->groups[i].before);
		blob_free(lineage->groups[i].commit);
		blob_free(lineage->groups[i].info);
	}
	free(lineage->groups);
	*lineage = (struct lineage){ NULL, 0 };
}

bool lineage_context(struct span group_info, uint8_t context[32])
{
	struct wire_message message;

	if (wire_message_decode(group_info, &message) != ERR_OK ||
	    message.format != WIRE_GROUP_INFO)
		return false;
	sim_must(hash_sha256(&message.group_info.context.encoded, 1, context),
		 "hash");
	return true;
}

size_t lineage_find(const struct lineage *lineage, const uint8_t context[32])
{
	for (size_t i = lineage->count; i-- > 0;)
		if (memcmp(lineage->groups[i].context, context, 32) == 0)
			return i;
	return SIZE_MAX;
}

void lineage_note(struct lineage *lineage, const uint8_t session[16],
		  struct span before, struct span commit, struct span after,
		  uint64_t seq)
{
	struct lineage_group *group;
	struct wire_message message;
	uint8_t context[32], old[32];
	size_t parent = SIZE_MAX;

	if (!lineage_context(after, context) ||
	    lineage_find(lineage, context) != SIZE_MAX)
		return;
	if (before.n > 0 && lineage_context(before, old))
		parent = lineage_find(lineage, old);
	group = SIM_ADD(lineage->groups, lineage->count);
	memcpy(group->context, context, 32);
	memcpy(group->session, session, 16);
	group->parent = parent;
	group->before = before.n > 0 ? blob_make(before) : NULL;
	group->commit = commit.n > 0 ? blob_make(commit) : NULL;
	group->info = blob_make(after);
	group->seq = seq;
	if (wire_message_decode(after, &message) == ERR_OK)
		group->epoch = message.group_info.context.epoch;
}

bool lineage_descends(const struct lineage *lineage, size_t younger,
		      size_t older)
{
	while (younger != SIZE_MAX && younger != older)
		younger = lineage->groups[younger].parent;
	return younger == older && older != SIZE_MAX;
}
