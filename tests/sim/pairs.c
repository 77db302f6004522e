/* What must hold between two devices that report health. */
#include "tests/sim/world.h"

#include "crypto/hash.h"

static void same_place(struct world *world, size_t session,
		       const struct client *a, const struct look *one,
		       const struct client *b, const struct look *two)
{
	if (one->seq != two->seq ||
	    memcmp(one->head, two->head, DEVICE_HEAD) != 0)
		return;
	if (one->epoch != two->epoch ||
	    memcmp(one->context, two->context, 32) != 0 ||
	    memcmp(one->authenticator, two->authenticator, 32) != 0)
		world_violate(world, "determinism",
			      "%s and %s have read the same %llu entries of "
			      "session %zu, and are at epochs %llu and %llu",
			      a->identity, b->identity,
			      (unsigned long long)one->seq, session,
			      (unsigned long long)one->epoch,
			      (unsigned long long)two->epoch);
}

/* `a` has read a text of `b`: up to what `b` had seen then they agree. */
static void heard(struct world *world, size_t session, const struct client *a,
		  const struct client *b)
{
	const struct known *mine = &a->known[session],
			   *other = &b->known[session];
	size_t last = 0;

	for (size_t i = 0; i < mine->entry_count; i++) {
		const struct sealed *sealed =
		    mine->entries[i].shown && mine->entries[i].readable
			? watch_sealed(world, mine->entries[i].hash)
			: NULL;

		if (sealed != NULL && &world->clients[sealed->client] == b &&
		    sealed->view > last)
			last = (size_t)sealed->view;
	}
	for (size_t i = 0; i < last && i < other->entry_count; i++) {
		const struct seen_entry *one = &mine->entries[i],
					*two = &other->entries[i];

		if (!one->shown || !two->shown)
			continue;
		if (memcmp(one->hash, two->hash, 32) != 0 ||
		    (one->readable && two->readable &&
		     (memcmp(one->told, two->told, 32) != 0 ||
		      memcmp(one->text, two->text, 32) != 0)))
			world_violate(
			    world, "agreement",
			    "%s has heard %s, and they have different "
			    "entries #%zu of session %zu",
			    a->identity, b->identity, i + 1, session);
	}
}

static bool has_member(const struct blob *info, const char *identity)
{
	struct seen_group group;
	bool there = false;

	if (info == NULL || !seen_group_read(blob_span(info), &group))
		return false;
	for (uint32_t i = 0; i < group.leaf_count; i++) {
		const struct wire_leaf_node *leaf = seen_group_leaf(&group, i);

		there |= leaf != NULL && span_equal(leaf->credential.identity,
						    span_str(identity));
	}
	seen_group_clear(&group);
	return there;
}

static const struct client *who_posted(const struct world *world,
				       const struct blob *commit)
{
	struct span bytes = blob_span(commit);
	uint8_t hash[32];

	sim_must(hash_one(bytes, hash), "hash");
	for (size_t i = 0; i < world->client_count; i++)
		for (size_t k = 0; k < world->clients[i].commit_count; k++)
			if (memcmp(world->clients[i].commits[k], hash, 32) == 0)
				return &world->clients[i];
	return NULL;
}

const struct client *pairs_let_in_by(const struct client *client, size_t group)
{
	const struct lineage *lineage = &client->world->lineage;

	for (; group != SIZE_MAX; group = lineage->groups[group].parent) {
		const struct lineage_group *g = &lineage->groups[group];

		if (g->commit != NULL &&
		    !has_member(g->before, client->identity))
			return who_posted(client->world, g->commit);
	}
	return NULL;
}

bool pairs_let_in_beside(const struct client *client, size_t session,
			 size_t group)
{
	const struct client *by = pairs_let_in_by(client, group);

	return by != NULL && by != client &&
	       (by->known[session].resolved || by->known[session].beside);
}

static bool went_on(const struct known *known)
{
	return known->resolved || known->beside;
}

void pairs_agree(struct world *world)
{
	static struct look looks[CLIENTS];

	for (size_t s = 0; s < world->session_count; s++) {
		for (size_t i = 0; i < world->client_count; i++)
			(void)look_stored(&world->clients[i], s, &looks[i]);
		for (size_t i = 0; i < world->client_count; i++)
			for (size_t k = 0; k < world->client_count; k++) {
				if (i == k || world->clients[i].copied ||
				    world->clients[k].copied ||
				    !look_is_healthy(&looks[i]) ||
				    !look_is_healthy(&looks[k]))
					continue;
				/* a person may take what all others refuse */
				if (went_on(&world->clients[i].known[s]) ||
				    went_on(&world->clients[k].known[s]))
					continue;
				if (i < k)
					same_place(world, s, &world->clients[i],
						   &looks[i],
						   &world->clients[k],
						   &looks[k]);
				heard(world, s, &world->clients[i],
				      &world->clients[k]);
			}
	}
}
