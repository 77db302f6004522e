#include "tests/sim/lineage.h"

#include <stdlib.h>

#include "check/commit.h"
#include "crypto/hash.h"
#include "tests/sim/seen_group.h"
#include "wire/message.h"

void lineage_clear(struct lineage *lineage)
{
	for (size_t i = 0; i < lineage->count; i++) {
		blob_free(lineage->groups[i].before);
		blob_free(lineage->groups[i].commit);
		blob_free(lineage->groups[i].info);
	}
	for (size_t i = 0; i < lineage->departure_count; i++)
		blob_free(lineage->departures[i].bytes);
	for (size_t i = 0; i < lineage->made_count; i++)
		blob_free(lineage->made[i].part);
	free(lineage->departures);
	free(lineage->groups);
	free(lineage->made);
	*lineage = (struct lineage){ .groups = NULL };
}

bool lineage_context(struct span group_info, uint8_t context[32])
{
	struct wire_message message;

	if (wire_message_decode(group_info, &message) != ERR_OK ||
	    message.format != WIRE_GROUP_INFO)
		return false;
	sim_must(hash_one(message.group_info.context.encoded, context), "hash");
	return true;
}

size_t lineage_find(const struct lineage *lineage, const uint8_t context[32])
{
	for (size_t i = lineage->count; i-- > 0;)
		if (memcmp(lineage->groups[i].context, context, 32) == 0)
			return i;
	return SIZE_MAX;
}

/* RFC 9420, 8.2: the transcript that the commit makes of the group's. */
static bool leads_to(const struct lineage_group *group,
		     const struct wire_public_message *commit,
		     const struct wire_group_info *after)
{
	const struct suite *suite = suite_by_id(after->context.cipher_suite);
	struct wire_message message;
	uint8_t interim[SUITE_HASH_MAX], next[SUITE_HASH_MAX];
	struct buf tag = BUF_INIT, rest = BUF_INIT;
	bool leads = false;

	if (suite == NULL ||
	    wire_message_decode(blob_span(group->info), &message) != ERR_OK)
		return false;
	buf_put_vec(&tag, message.group_info.confirmation_tag);
	buf_put_u16(&rest, WIRE_PUBLIC_MESSAGE);
	buf_put(&rest, commit->content.encoded);
	buf_put_vec(&rest, commit->auth.signature);
	{
		const struct span before[] = {
			message.group_info.context.confirmed_transcript_hash,
			buf_span(&tag)
		};
		const struct span both[] = { span_of(interim, suite->nh),
					     buf_span(&rest) };

		leads = hash_digest(suite, before, 2, interim) == ERR_OK &&
			hash_digest(suite, both, 2, next) == ERR_OK &&
			span_equal(span_of(next, suite->nh),
				   after->context.confirmed_transcript_hash);
	}
	buf_clear(&tag);
	buf_clear(&rest);
	return leads;
}

static const struct lineage_made *find_made(const struct lineage *lineage,
					    struct span commit)
{
	uint8_t hash[32];

	sim_must(hash_one(commit, hash), "hash");
	for (size_t i = 0; i < lineage->made_count; i++)
		if (memcmp(lineage->made[i].commit, hash, 32) == 0)
			return &lineage->made[i];
	return NULL;
}

void lineage_note_made(struct lineage *lineage, struct span commit,
		       struct span part, const uint8_t context[32])
{
	struct lineage_made *made;

	if (find_made(lineage, commit) != NULL)
		return;
	made = SIM_ADD(lineage->made, lineage->made_count);
	sim_must(hash_one(commit, made->commit), "hash");
	made->part = part.n > 0 ? blob_make(part) : NULL;
	made->group = lineage_find(lineage, context);
}

void lineage_note_departure(struct lineage *lineage, const uint8_t session[16],
			    struct span departure)
{
	struct lineage_departure *row =
	    SIM_ADD(lineage->departures, lineage->departure_count);

	row->bytes = blob_make(departure);
	memcpy(row->session, session, 16);
}

/* Which group the commit is of, whatever a server says. Of a ReInit its device
 * has told; of one by the adversary `said` counts. */
static size_t find_parent(const struct lineage *lineage,
			  const uint8_t session[16], struct span commit,
			  const struct wire_group_info *after, size_t said)
{
	const struct lineage_made *made = find_made(lineage, commit);
	struct wire_message message;

	if (wire_message_decode(commit, &message) != ERR_OK ||
	    message.format != WIRE_PUBLIC_MESSAGE)
		return SIZE_MAX;
	if (!span_equal(message.public_message.content.group_id,
			after->context.group_id))
		return made != NULL ? made->group : said;
	for (size_t i = lineage->count; i-- > 0;)
		if (memcmp(lineage->groups[i].session, session, 16) == 0 &&
		    lineage->groups[i].epoch + 1 == after->context.epoch &&
		    leads_to(&lineage->groups[i], &message.public_message,
			     after))
			return i;
	return SIZE_MAX;
}

/* One server took it without the places that go beside, and another one has them. */
static void note_places(struct lineage_group *group, struct span after)
{
	struct seen_group old = { .suite = NULL }, next = { .suite = NULL };

	if (seen_group_read(blob_span(group->info), &old) &&
	    seen_group_read(after, &next) && seen_group_lacks_places(&old) &&
	    !seen_group_lacks_places(&next)) {
		seen_group_clear(&old);
		blob_free(group->info);
		group->info = blob_make(after);
	}
	seen_group_clear(&old);
	seen_group_clear(&next);
}

static void note(struct lineage *lineage, const uint8_t session[16],
		 struct span before, struct span commit, struct span after,
		 uint64_t seq)
{
	struct lineage_group *group;
	struct wire_message message;
	uint8_t context[32], old[32];
	size_t parent = SIZE_MAX, known;

	if (!lineage_context(after, context) ||
	    wire_message_decode(after, &message) != ERR_OK)
		return;
	known = lineage_find(lineage, context);
	if (known != SIZE_MAX) {
		note_places(&lineage->groups[known], after);
		return;
	}
	if (before.n > 0 && lineage_context(before, old))
		parent =
		    find_parent(lineage, session, commit, &message.group_info,
				lineage_find(lineage, old));
	group = SIM_ADD(lineage->groups, lineage->count);
	memcpy(group->context, context, 32);
	memcpy(group->session, session, 16);
	group->parent = parent;
	group->before = before.n > 0 ? blob_make(before) : NULL;
	group->commit = commit.n > 0 ? blob_make(commit) : NULL;
	group->info = blob_make(after);
	group->seq = seq;
	group->epoch = message.group_info.context.epoch;
}

/* The next GroupInfo of the group that a device made the commit for. */
static void note_true(struct lineage *lineage, const uint8_t session[16],
		      const struct lineage_made *made, struct span commit,
		      uint64_t seq)
{
	struct blob *before = blob_share(lineage->groups[made->group].info);
	struct check_walk *walk = NULL;
	struct buf whole = BUF_INIT;

	if (check_group_now(blob_span(before), SPAN_EMPTY, &walk).wrong ==
		NULL &&
	    check_walk_again(walk, commit).wrong == NULL &&
	    check_walk_put_info(walk, blob_span(made->part), &whole).wrong ==
		NULL)
		note(lineage, session, blob_span(before), commit,
		     buf_span(&whole), seq);
	check_walk_free(walk);
	buf_clear(&whole);
	blob_free(before);
}

void lineage_note(struct lineage *lineage, const uint8_t session[16],
		  struct span before, struct span commit, struct span after,
		  uint64_t seq)
{
	const struct lineage_made *made = find_made(lineage, commit);
	uint8_t context[32];

	if (made != NULL && made->part != NULL && made->group != SIZE_MAX &&
	    lineage_context(before, context) &&
	    lineage_find(lineage, context) != made->group)
		note_true(lineage, session, made, commit, seq);
	note(lineage, session, before, commit, after, seq);
}

bool lineage_descends(const struct lineage *lineage, size_t younger,
		      size_t older)
{
	while (younger != SIZE_MAX && younger != older)
		younger = lineage->groups[younger].parent;
	return younger == older && older != SIZE_MAX;
}
