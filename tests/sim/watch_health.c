/* What must hold of a device that reports health, and of what it warns of. */
#include <stdio.h>

#include "device/group/signer.h"
#include "tests/sim/devices.h"

static void walk_rights(struct client *client, size_t young, size_t old)
{
	struct world *world = client->world;

	for (size_t g = young; g != SIZE_MAX && g != old;
	     g = world->lineage.groups[g].parent) {
		const char *wrong = judge_commit(world, g);

		if (wrong != NULL)
			world_violate(
			    world, "rights",
			    "%s takes a commit into epoch %llu: %s",
			    client->identity,
			    (unsigned long long)world->lineage.groups[g].epoch,
			    wrong);
	}
}

/* It reads a change of the algorithm so late that the key of the KeyPackage which the
 * change was sent to is gone: it comes in again by itself. */
static bool comes_again(const struct client *client, const struct look *look)
{
	return strcmp(look->stop, "behind") == 0 &&
	       client->world->now_ms >
		   WORLD_START_MS + SIGNER_LIFETIME * UINT64_C(1000);
}

static void note_alarm(struct client *client, size_t session,
		       const struct look *look)
{
	struct world *world = client->world;
	struct known *known = &client->known[session];

	if (look->stop[0] == '\0')
		return;
	if (!known->alarmed)
		world_trace(world, "    %s is told: %s", client->identity,
			    look->stop);
	known->alarmed = true;
	(void)snprintf(known->alarm, sizeof(known->alarm), "%s", look->stop);
	if (world->honest && !client->copied && !comes_again(client, look))
		world_violate(world, "false-alarm", "%s is told: %s",
			      client->identity, look->stop);
	/* behind a broken commit it comes in again by itself (ending.c) */
	if (!world->honest && world->adversary.lies == 0 && !client->copied &&
	    strcmp(look->stop, "behind") != 0)
		world_violate(world, "no-veto",
			      "%s is stopped, and the server is honest: %s",
			      client->identity, look->stop);
	if (world->honest && strcmp(look->stop, "forked") == 0)
		world_violate(world, "false-alarm",
			      "%s, whose state was put back, is told of a fork",
			      client->identity);
}

/* Who reports health and has read all of the honest log is in its group. */
static void check_group(struct client *client, size_t session,
			const struct look *look)
{
	struct world *world = client->world;
	const struct server_session *there = server_session(
	    &world->adversary.homes[0], world->sessions[session]);
	uint8_t context[32];

	if (there == NULL || look->seq != there->log_count ||
	    memcmp(look->head, server_head(there, look->seq), DEVICE_HEAD) !=
		0 ||
	    client->known[session].resolved ||
	    !lineage_context(blob_span(there->info), context))
		return;
	if (memcmp(context, look->context, 32) != 0)
		world_violate(world, "determinism",
			      "%s has read all %zu entries, and is at epoch "
			      "%llu of another group than the log",
			      client->identity, there->log_count,
			      (unsigned long long)look->epoch);
}

/* A person who went on all the same adds others to what it then has. */
static bool anybody_resolved(const struct world *world, size_t session)
{
	for (size_t i = 0; i < world->client_count; i++)
		if (world->clients[i].known[session].resolved)
			return true;
	return false;
}

void watch_health(struct client *client, size_t session)
{
	struct world *world = client->world;
	struct known *known = &client->known[session];
	struct look look;
	size_t group;

	if (world_is_broken(world) || !look_at(client, session, &look))
		return;
	note_alarm(client, session, &look);
	if (look.member)
		watch_meets(client, &look);
	if (look.forked)
		known->forked = true;
	if (!look_is_healthy(&look))
		return;
	check_group(client, session, &look);
	if (known->forked)
		world_violate(world, "fork-forgotten",
			      "%s has found a fork, and goes on as if it had "
			      "not",
			      client->identity);
	group = lineage_find(&world->lineage, look.context);
	if (group == known->healthy && group != SIZE_MAX)
		return;
	if (group == SIZE_MAX)
		world_violate(world, "ancestry",
			      "%s is in a group that no commit led to, at "
			      "epoch %llu",
			      client->identity, (unsigned long long)look.epoch);
	else if (known->healthy != SIZE_MAX &&
		 !lineage_descends(&world->lineage, group, known->healthy))
		world_violate(world, "ancestry",
			      "%s is in a group that does not come from the "
			      "one where it was, at epoch %llu",
			      client->identity, (unsigned long long)look.epoch);
	else if (known->healthy != SIZE_MAX ||
		 !anybody_resolved(world, session))
		walk_rights(client, group, known->healthy);
	if (known->healthy == SIZE_MAX && !known->beside)
		known->beside = pairs_let_in_beside(client, session, group);
	known->healthy = group;
}
