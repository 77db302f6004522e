#include "tests/sim/adversary.h"

#include <stdio.h>
#include <stdlib.h>

static void watched(void *context, const struct server_session *session,
		    struct span before, struct span commit, struct span after)
{
	lineage_note(context, session->id, before, commit, after,
		     session->log_count);
}

static void departed(void *context, const struct server_session *session,
		     struct span departure)
{
	lineage_note_departure(context, session->id, departure);
}

void adversary_init(struct adversary *adversary, struct lineage *lineage,
		    uint64_t seed)
{
	*adversary = (struct adversary){ .lineage = lineage,
					 .chance = chance_of(seed, 2),
					 .home_count = 1 };
	server_init(&adversary->homes[0], seed);
	adversary->homes[0].watch =
	    (struct server_watch){ watched, departed, lineage };
}

void adversary_clear(struct adversary *adversary)
{
	for (size_t i = 0; i < adversary->home_count; i++)
		server_clear(&adversary->homes[i]);
	for (size_t i = 0; i < adversary->snapshot_count; i++)
		server_clear(&adversary->snapshots[i]);
	for (size_t i = 0; i < adversary->past_count; i++)
		server_clear(&adversary->past[i]);
	free(adversary->past);
	for (size_t i = 0; i < adversary->ghost_count; i++)
		ghost_clear(&adversary->ghosts[i]);
	for (size_t i = 0; i < adversary->kept_count; i++)
		reply_free(&adversary->kept[i].reply);
}

size_t adversary_split(struct adversary *adversary, size_t from)
{
	size_t home = adversary->home_count;

	if (home == HOMES)
		return from;
	server_copy(&adversary->homes[home], &adversary->homes[from]);
	adversary->homes[home].lax = true;
	adversary->home_count++;
	return home;
}

struct server_session *adversary_session(struct adversary *adversary,
					 size_t home, uint32_t pick)
{
	struct server *server = &adversary->homes[home];

	return server->session_count == 0
		   ? NULL
		   : &server->sessions[pick % server->session_count];
}

size_t adversary_add_device(struct adversary *adversary, const char *user,
			    const char *id)
{
	size_t number = 0;

	for (size_t i = 0; i < adversary->home_count; i++)
		number = server_add_device(&adversary->homes[i], user, id);
	for (size_t i = 0; i < adversary->snapshot_count; i++)
		(void)server_add_device(&adversary->snapshots[i], user, id);
	return number;
}

void adversary_name_device(struct adversary *adversary, size_t device,
			   const char *identity)
{
	for (size_t i = 0; i < adversary->home_count; i++)
		server_name_device(&adversary->homes[i], device, identity);
	for (size_t i = 0; i < adversary->snapshot_count; i++)
		server_name_device(&adversary->snapshots[i], device, identity);
}

static size_t register_everywhere(struct adversary *adversary,
				  const char *identity)
{
	char user[33];

	(void)snprintf(user, sizeof(user), "%.*s", (int)strcspn(identity, "/"),
		       identity);
	return adversary_add_device(adversary, user, strchr(identity, '/') + 1);
}

struct ghost *adversary_ghost(struct adversary *adversary, const char *identity,
			      uint64_t now_ms)
{
	struct ghost *ghost;

	if (adversary->ghost_count == GHOSTS)
		return NULL;
	ghost = &adversary->ghosts[adversary->ghost_count++];
	ghost_init(ghost, identity, chance_next(&adversary->chance), now_ms);
	/* Its requests pass whatever it is called: this is a server's own. */
	ghost->account = register_everywhere(adversary, identity);
	for (size_t i = 0; i < adversary->home_count; i++)
		if (strncmp(identity, "mallory/", 8) != 0)
			adversary->homes[i].devices[ghost->account].user[0] =
			    '\0';
	return ghost;
}

void adversary_begin_account(struct adversary *adversary, struct ghost *ghost,
			     const char *user)
{
	uint8_t salt[ACCOUNT_HASH];
	struct buf link = BUF_INIT;

	if (adversary->homes[0].without_logs)
		return;
	ghost_begin_account(ghost, user, &link, salt);
	for (size_t i = 0; i < adversary->home_count; i++) {
		(void)server_take_link(&adversary->homes[i], user,
				       SPAN_ARRAY(salt), buf_span(&link));
		server_name_device(&adversary->homes[i], ghost->account,
				   ghost->identity);
	}
	for (size_t i = 0; i < adversary->snapshot_count; i++) {
		(void)server_take_link(&adversary->snapshots[i], user,
				       SPAN_ARRAY(salt), buf_span(&link));
		server_name_device(&adversary->snapshots[i], ghost->account,
				   ghost->identity);
	}
	buf_clear(&link);
}

struct ghost *adversary_member(struct adversary *adversary, const char *user,
			       const char *device, uint64_t now_ms)
{
	char identity[SIM_IDENTITY];
	struct ghost *ghost;
	struct span packages[4];
	struct request request = { .kind = REQUEST_PUBLISH,
				   .key_packages = packages,
				   .key_package_count = 4 };
	struct reply reply = { .parts = NULL };

	(void)snprintf(identity, sizeof(identity), "%s/%s", user, device);
	ghost = adversary_ghost(adversary, identity, now_ms);
	if (ghost == NULL)
		return NULL;
	adversary_begin_account(adversary, ghost, user);
	for (size_t i = 0; i < 4; i++)
		packages[i] = ghost_key_package(ghost);
	server_ask(&adversary->homes[0], ghost->account, now_ms, &request,
		   &reply);
	reply_free(&reply);
	return ghost;
}

void adversary_stop(struct adversary *adversary)
{
	for (size_t i = 0; i < SIM_DEVICES; i++)
		adversary->route[i] = 0;
	adversary->homes[0].lax = false;
	adversary->rotation_lie = adversary->more_lie = false;
	adversary->key_lies = 0;
}

static void keep_answer(struct adversary *adversary,
			const struct request *request,
			const struct answer *answer)
{
	struct kept_answer *kept;

	if (adversary->kept_count < KEPT_ANSWERS)
		kept = &adversary->kept[adversary->kept_count++];
	else
		kept =
		    &adversary
			 ->kept[chance_below(&adversary->chance, KEPT_ANSWERS)];
	reply_free(&kept->reply);
	kept->kind = request->kind;
	reply_copy(&kept->reply, answer);
}

void adversary_answer(struct adversary *adversary, enum forgery forgery,
		      uint32_t pick, size_t device, uint64_t now_ms,
		      const struct request *request, struct reply *reply)
{
	struct server *server = &adversary->homes[adversary->route[device]];
	bool unseen;

	if (forgery == FORGE_NOTHING && adversary->key_lies > 0 &&
	    request->kind == REQUEST_CLAIM) {
		adversary->key_lies--;
		forgery = FORGE_SWAP_PACKAGE;
	}
	unseen = forgery == FORGE_STATUS || forgery == FORGE_SUCCESS ||
		 forgery == FORGE_REPLAY;

	if (!unseen)
		server_ask(server, device, now_ms, request, reply);
	if (adversary->rotation_lie)
		reply->answer.rotation_due = true;
	if (adversary->more_lie)
		reply->answer.more = true;
	if (forgery == FORGE_NOTHING) {
		if (adversary->moves > 0)
			keep_answer(adversary, request, &reply->answer);
		return;
	}
	adversary->moves++;
	adversary->lies++;
	adversary_forge(adversary, forgery, pick, device, now_ms, request,
			reply);
}
