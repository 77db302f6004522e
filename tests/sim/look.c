/* How a device sees a session. */
#include "tests/sim/world.h"

#include <jansson.h>
#include <stdio.h>

#include "crypto/hash.h"
#include "device/group/membership.h"
#include "mls/group_internal.h"
#include "session/session.h"

void look_member_of(struct span identity, struct span signature_key,
		    struct look_member *member)
{
	const struct span parts[] = { identity, SPAN_LIT("\n"), signature_key };
	uint8_t hash[32];

	(void)snprintf(member->identity, SIM_IDENTITY, "%.*s", (int)identity.n,
		       (const char *)identity.p);
	sim_must(hash_sha256(parts, 3, hash), "hash");
	memcpy(member->key, hash, sizeof(member->key));
	sim_must(hash_one(signature_key, hash), "hash");
	memcpy(member->signature, hash, sizeof(member->signature));
}

static void read_session(const struct session *session, struct look *look)
{
	const struct mls_group *group = session_group(session);
	struct mls_member member;
	struct mls_reinit ended;
	struct span context = buf_span(&group->now->encoded_context);
	struct span authenticator = mls_group_epoch_authenticator(group);
	uint32_t leaf = 0;

	look->there = true;
	/* between a ReInit and the group that follows it nothing is sealed */
	look->member = session_member(session);
	look->between = mls_group_ended_by(group, &ended);
	look->forked = session_forked(session);
	look->epoch = session_epoch(session);
	look->seq = session_seq(session);
	memcpy(look->head, session_head(session), DEVICE_HEAD);
	sim_must(hash_one(context, look->context), "hash");
	sim_must(hash_one(authenticator, look->authenticator), "hash");
	(void)snprintf(look->algorithm, sizeof(look->algorithm), "%s",
		       session_suite(session)->algorithm);
	while (mls_group_next_member(group, &leaf, &member) &&
	       look->member_count < MEMBERS) {
		struct look_member *seen = &look->members[look->member_count++];

		look_member_of(member.identity, member.signature_key, seen);
		seen->role = session_role(session, member.identity);
	}
}

static struct slot *any_process(struct client *client, bool idle)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (client->slots[i].process != NULL &&
		    (!idle || !client->slots[i].running))
			return &client->slots[i];
	return NULL;
}

static json_t *load_notes(const struct device_store *store, const char *id)
{
	char name[96];
	struct buf value = BUF_INIT;
	json_t *notes = NULL;

	(void)snprintf(name, sizeof(name), "meta/%s", id);
	if (store->get(store->context, name, &value) == ERR_OK)
		notes = json_loadb((const char *)value.p, value.n, 0, NULL);
	buf_clear(&value);
	return notes;
}

static void read_notes(const json_t *notes, struct look *look)
{
	const json_t *behind;
	const char *todo;

	/* its person has seen the fork */
	if (json_is_true(json_object_get(notes, "lifted")))
		look->forked = false;
	todo = json_string_value(
	    json_object_get(json_object_get(notes, "todo"), "kind"));
	behind = json_object_get(notes, "behind");
	if (behind != NULL) {
		const char *why =
		    json_string_value(json_object_get(behind, "why"));

		(void)snprintf(look->stop, sizeof(look->stop), "%s",
			       why != NULL ? why : "behind");
	}
	look->joining =
	    !look->member && (json_object_get(notes, "base") != NULL ||
			      strcmp(todo != NULL ? todo : "", "join") == 0);
	/* as the device says it (describe.c) */
	if (strcmp(look->stop, "broken") == 0)
		(void)snprintf(look->stop, sizeof(look->stop), "behind");
	if (strcmp(look->stop, "no") == 0)
		look->stop[0] = '\0';
	if (look->forked)
		(void)snprintf(look->stop, sizeof(look->stop), "forked");
}

static void read_stored(struct client *client, const char *id,
			struct looked *looked)
{
	struct sim_process *reader = sim_process_start(client->store);
	const struct device_store *store = sim_process_port(reader);
	json_t *notes = load_notes(store, id);
	struct membership m = { .notes = NULL };

	looked->line =
	    (uint64_t)json_integer_value(json_object_get(notes, "line"));
	memset(&looked->look, 0, sizeof(looked->look));
	if (membership_load(store, id, &m) == ERR_OK) {
		read_session(m.session, &looked->look);
		read_notes(notes, &looked->look);
	}
	membership_clear(&m);
	json_decref(notes);
	sim_process_end(reader);
}

/* Read once, as long as nothing is stored. */
static const struct looked *stored(struct client *client, size_t number)
{
	struct looked *looked = &client->looked[number];
	uint64_t version = sim_store_version(client->store);

	if (!looked->is || looked->version != version)
		read_stored(client, client->world->sessions[number], looked);
	looked->is = true;
	looked->version = version;
	return looked;
}

bool look_stored(struct client *client, size_t number, struct look *look)
{
	*look = stored(client, number)->look;
	return look->there;
}

bool look_has_kept(struct client *client, size_t session, uint64_t seq)
{
	struct sim_process *reader = sim_process_start(client->store);
	const struct device_store *store = sim_process_port(reader);
	const char *id = client->world->sessions[session];
	uint64_t line = stored(client, session)->line;
	struct buf value = BUF_INIT;
	char name[160];
	bool kept;

	if (line == 0)
		(void)snprintf(name, sizeof(name), "message/%s/%llu", id,
			       (unsigned long long)seq);
	else
		(void)snprintf(name, sizeof(name), "message/%s/%llu/%llu", id,
			       (unsigned long long)line,
			       (unsigned long long)seq);
	kept = store->get(store->context, name, &value) == ERR_OK;
	buf_clear(&value);
	sim_process_end(reader);
	return kept;
}

/* Where a person has taken another history, other entries stand at numbers that
 * were shown. */
static void note_line(struct known *known, uint64_t line)
{
	if (line == known->line)
		return;
	known->line = line;
	/* What the person has ordered may be ended by another order, or by
	 * another process on this state. */
	if (known->resolved)
		known->healthy = SIZE_MAX;
	known->resolved = true;
	for (size_t i = 0; i < known->entry_count; i++) {
		if (known->entries[i].served) {
			struct left_entry *left =
			    SIM_ADD(known->left, known->left_count);

			left->seq = i + 1;
			memcpy(left->hash, known->entries[i].hash, 32);
			left->read = i < known->read;
		}
		known->entries[i].shown = false;
		known->entries[i].said = SIZE_MAX;
		if (known->entries[i].last_kind != 0)
			watch_served(&known->entries[i]);
	}
	known->read = 0;
}

bool look_took_line(struct client *client, size_t session)
{
	struct known *known = &client->known[session];
	uint64_t line = stored(client, session)->line;
	bool took = line != known->line;

	note_line(known, line);
	return took;
}

/* What it says itself must be what it stores. */
bool look_at(struct client *client, size_t number, struct look *look)
{
	struct slot *slot = any_process(client, true);
	struct buf text = BUF_INIT;
	json_t *said = NULL;
	const char *stop;
	bool looked = false;

	if (!look_stored(client, number, look) || slot == NULL)
		return look->there;
	if (device_describe(slot->device, client->world->sessions[number],
			    &text) == ERR_OK)
		said = json_loadb((const char *)text.p, text.n, 0, NULL);
	if (said != NULL) {
		looked = true;
		stop = json_string_value(json_object_get(said, "stop"));
		(void)snprintf(look->stop, sizeof(look->stop), "%s",
			       stop != NULL ? stop : "");
		note_line(&client->known[number],
			  (uint64_t)json_integer_value(
			      json_object_get(said, "line")));
		if (json_is_true(json_object_get(said, "member")) !=
			look->member ||
		    (uint64_t)json_integer_value(
			json_object_get(said, "last_seq")) != look->seq)
			world_violate(client->world, "description",
				      "%s describes another state than it "
				      "stores",
				      client->identity);
	} else {
		world_violate(client->world, "description",
			      "%s cannot describe a session that it has",
			      client->identity);
	}
	json_decref(said);
	buf_clear(&text);
	return looked;
}

bool look_is_healthy(const struct look *look)
{
	return look->there && look->member && !look->forked && !look->between &&
	       look->stop[0] == '\0';
}
