/* What must hold between two devices that report health. */
#include "tests/sim/world.h"

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
		     memcmp(one->told, two->told, 32) != 0))
			world_violate(
			    world, "agreement",
			    "%s has heard %s, and they have different "
			    "entries #%zu of session %zu",
			    a->identity, b->identity, i + 1, session);
	}
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
				if (world->clients[i].known[s].resolved ||
				    world->clients[k].known[s].resolved)
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
