/* What must hold after each request, answer, event and outcome. */
#include "tests/sim/devices.h"

#include "crypto/hash.h"
#include "wire/envelope.h"
#include "wire/message.h"

/* ---- people ---- */

static bool has_key(uint8_t (*keys)[16], size_t count, const uint8_t key[16])
{
	for (size_t i = 0; i < count; i++)
		if (memcmp(keys[i], key, 16) == 0)
			return true;
	return false;
}

static const struct look_member *find_pin(const struct client *client,
					  const char *identity)
{
	for (size_t i = 0; i < client->pins.count; i++)
		if (strcmp(client->pins.list[i].identity, identity) == 0)
			return &client->pins.list[i];
	return NULL;
}

/* A device is met where it stands in a group that this one is in. One whose
 * KeyPackage was only put into a commit that no log took is a first contact
 * still: nobody was shown that key, and nothing was sealed for it. */
void watch_meets(struct client *client, const struct look *look)
{
	for (size_t i = 0; i < look->member_count; i++)
		if (find_pin(client, look->members[i].identity) == NULL)
			*SIM_ADD(client->pins.list, client->pins.count) =
			    look->members[i];
}

void watch_accepted(struct client *client, const char *user)
{
	size_t n = strlen(user), kept = 0;

	for (size_t i = 0; i < client->pins.count; i++)
		if (strncmp(client->pins.list[i].identity, user, n) != 0 ||
		    client->pins.list[i].identity[n] != '/')
			client->pins.list[kept++] = client->pins.list[i];
	client->pins.count = kept;
}

/* A device that it has met never comes with another key by its own act. */
static void watch_pin(struct client *client, const struct slot *slot,
		      const struct look_member *member)
{
	const struct look_member *pin = find_pin(client, member->identity);

	if (pin != NULL && (size_t)(pin - client->pins.list) < slot->pins_met &&
	    memcmp(pin->key, member->key, 16) != 0)
		world_violate(client->world, "pins",
			      "%s adds %s with another key than it knew",
			      client->identity, member->identity);
}

/* Empty: that is no commit. */
static struct span proposals_of(struct span commit)
{
	struct wire_message message;

	return wire_message_decode(commit, &message) == ERR_OK &&
		       message.format == WIRE_PUBLIC_MESSAGE &&
		       message.public_message.content.type ==
			   WIRE_CONTENT_COMMIT
		   ? message.public_message.content.commit.proposals
		   : SPAN_EMPTY;
}

/* Somebody goes by it: what is signed asks for that, and no server. */
static bool takes_out(struct span commit)
{
	struct span rest = proposals_of(commit);
	struct wire_proposal_or_ref item;

	while (wire_proposals_next(&rest, &item))
		if (item.type == WIRE_BY_VALUE &&
		    item.proposal.type == WIRE_PROPOSAL_REMOVE)
			return true;
	return false;
}

static void watch_adds(struct client *client, const struct slot *slot,
		       struct span commit)
{
	struct span rest = proposals_of(commit);
	struct wire_proposal_or_ref item;

	while (wire_proposals_next(&rest, &item)) {
		const struct wire_leaf_node *leaf =
		    &item.proposal.add.leaf_node;
		struct look_member member;

		if (item.type != WIRE_BY_VALUE ||
		    item.proposal.type != WIRE_PROPOSAL_ADD)
			continue;
		look_member_of(leaf->credential.identity, leaf->signature_key,
			       &member);
		watch_pin(client, slot, &member);
	}
}

static void add_person(struct known *known, const uint8_t key[16])
{
	if (!has_key(known->people, known->people_count, key))
		memcpy(*SIM_ADD(known->people, known->people_count), key, 16);
}

/* In a session of before that goes over, the key is what stays. */
static void add_member(struct client *client, size_t session,
		       const struct look_member *member)
{
	add_person(&client->known[session], member->key);
	if (client->world->goes_over)
		add_person(&client->known[session], member->signature);
}

void watch_shown_then(struct client *client, size_t session,
		      const struct look *look)
{
	for (size_t i = 0; i < look->member_count; i++)
		add_member(client, session, &look->members[i]);
	watch_meets(client, look);
}

void watch_shown(struct client *client, size_t session)
{
	struct look look;

	if (look_stored(client, session, &look))
		watch_shown_then(client, session, &look);
}

void watch_sealed_for_new(struct client *client, size_t session)
{
	struct look look;

	if (session == SIZE_MAX || !look_stored(client, session, &look))
		return;
	for (size_t i = 0; i < look.member_count; i++)
		add_person(&client->known[session], look.members[i].key);
}

/* The person has named this member's user, for the first time. */
static bool was_named(const struct world *world, struct known *known,
		      const struct look_member *member)
{
	const char *user =
	    server_user_of(&world->adversary.homes[0], member->identity);

	for (size_t i = 0; i < known->named_count; i++)
		if (strcmp(known->named[i], user) == 0)
			return true;
	return false;
}

static bool is_known(struct client *client, size_t session,
		     const struct look_member *member)
{
	struct known *known = &client->known[session];

	if (strcmp(member->identity, client->identity) == 0 ||
	    has_key(known->people, known->people_count, member->key) ||
	    has_key(known->people, known->people_count, member->signature))
		return true;
	if (!was_named(client->world, known, member))
		return false;
	add_person(known, member->key);
	return true;
}

/* ---- requests ---- */

static void scan(struct client *client, const struct request *request,
		 struct span bytes)
{
	if (bytes.n > 0 &&
	    memmem(bytes.p, bytes.n, WORLD_MARK, strlen(WORLD_MARK)) != NULL)
		world_violate(client->world, "secrecy",
			      "%s puts a plaintext into a request of kind %d",
			      client->identity, (int)request->kind);
}

static void scan_all(struct client *client, const struct request *request)
{
	scan(client, request, request->bytes);
	scan(client, request, request->group_info);
	scan(client, request, request->info_part);
	scan(client, request, request->welcome);
	for (size_t i = 0; i < request->key_package_count; i++)
		scan(client, request, request->key_packages[i]);
	for (size_t i = 0; i < request->last_resort_count; i++)
		scan(client, request, request->last_resorts[i]);
}

static bool is_persons_commit(enum order_kind kind)
{
	return kind != ORDER_SEND && kind != ORDER_REFRESH &&
	       kind != ORDER_ASKED && kind != ORDER_STOCK;
}

/* The same commit again is no other one. */
static bool was_posted(const struct client *client, const uint8_t hash[32])
{
	for (size_t i = client->commit_count; i-- > 0;)
		if (memcmp(client->commits[i], hash, 32) == 0)
			return true;
	return false;
}

static void count_commit(struct client *client, struct slot *slot,
			 const struct request *request)
{
	uint8_t hash[32];

	sim_must(hash_one(request->bytes, hash), "hash");
	if (memcmp(hash, slot->last_commit, 32) == 0)
		return;
	memcpy(slot->last_commit, hash, 32);
	slot->came_again |= request->kind == REQUEST_JOIN;
	if (was_posted(client, hash))
		return;
	memcpy(*SIM_ADD(client->commits, client->commit_count), hash, 32);
	if (++slot->commits > COMMITS_AN_ORDER)
		world_violate(client->world, "bounds",
			      "%s makes more than %d commits for one order",
			      client->identity, COMMITS_AN_ORDER);
	if (!is_persons_commit(slot->order) && !takes_out(request->bytes))
		client->own_commits++;
}

const struct sealed *watch_sealed(const struct world *world,
				  const uint8_t hash[32])
{
	for (size_t i = world->sealed_count; i-- > 0;)
		if (memcmp(world->sealed[i].hash, hash, 32) == 0)
			return &world->sealed[i];
	return NULL;
}

static void ghosts_try(struct client *client, size_t session,
		       struct span envelope)
{
	struct adversary *adversary = &client->world->adversary;

	for (size_t i = 0; i < adversary->ghost_count; i++) {
		struct ghost *ghost = &adversary->ghosts[i];
		struct buf plaintext = BUF_INIT;
		const struct span parts[] = { ghost->me.credential_identity,
					      SPAN_LIT("\n"),
					      ghost->me.signature_public };
		struct look_member row;
		uint8_t hash[32];

		ghost_follow(ghost, &adversary->homes[ghost->home]);
		if (ghost_opens(ghost, envelope, &plaintext)) {
			memcpy(row.identity, ghost->identity, SIM_IDENTITY);
			sim_must(hash_sha256(parts, 3, hash), "hash");
			memcpy(row.key, hash, sizeof(row.key));
			if (!has_key(client->known[session].people,
				     client->known[session].people_count,
				     row.key))
				world_violate(client->world, "secrecy",
					      "the adversary opens a message "
					      "of %s with the key of %s",
					      client->identity,
					      ghost->identity);
		}
		buf_clear(&plaintext);
	}
}

/* Its person said that whoever came in may read it; another process on the
 * same state may be the one that seals it. */
static bool may_be_new(const struct client *client, const struct slot *slot)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (client->slots[i].running && client->slots[i].to_new)
			return true;
	return slot->to_new;
}

const uint8_t *watch_eye(const struct world *world,
			 const struct look_member *member)
{
	return world->goes_over ? member->signature : member->key;
}

/* Who can open it, as its sender sees the group. */
static void note_eyes(struct client *client, const struct slot *slot,
		      size_t session, uint64_t epoch, struct sealed *sealed)
{
	struct look look;

	if (!look_stored(client, session, &look))
		return;
	/* another process may have read on since it was sealed */
	for (size_t i = 0; i < look.member_count && may_be_new(client, slot);
	     i++)
		add_person(&client->known[session], look.members[i].key);
	if (look.epoch != epoch)
		return;
	sealed->eyes = sim_alloc(look.member_count * sizeof(*sealed->eyes));
	for (size_t i = 0; i < look.member_count; i++) {
		memcpy(sealed->eyes[sealed->eye_count++],
		       watch_eye(client->world, &look.members[i]), 16);
		if (client->world->devices) {
			people_judge_seal(client, &look.members[i]);
			if (!slot->before_wish)
				people_judge_verified(client, session,
						      &look.members[i]);
		}
		if (!is_known(client, session, &look.members[i]))
			world_violate(client->world, "shown",
				      "%s seals for %s, who was not shown",
				      client->identity,
				      look.members[i].identity);
	}
}

static uint64_t view_of(struct span said)
{
	struct rd r = rd_init(said);

	(void)rd_u8(&r);
	return rd_u64(&r);
}

static void watch_send(struct client *client, const struct slot *slot,
		       const struct request *request)
{
	struct world *world = client->world;
	size_t session = world_session(world, request->session);
	struct envelope envelope;
	struct wire_message message;
	struct sealed *sealed;
	uint8_t hash[32];

	sim_must(hash_one(request->bytes, hash), "hash");
	if (session == SIZE_MAX || watch_sealed(world, hash) != NULL)
		return;
	if (envelope_decode(request->bytes, 32, &envelope) != ERR_OK ||
	    wire_message_decode(envelope.message, &message) != ERR_OK ||
	    message.format != WIRE_PRIVATE_MESSAGE) {
		world_violate(world, "secrecy", "%s posts what is no envelope",
			      client->identity);
		return;
	}
	sealed = SIM_ADD(world->sealed, world->sealed_count);
	sealed->client = (size_t)(client - world->clients);
	sealed->session = session;
	sealed->view = view_of(message.private_message.authenticated_data);
	memcpy(sealed->hash, hash, 32);
	note_eyes(client, slot, session, envelope.epoch, sealed);
	ghosts_try(client, session, request->bytes);
	if (!seals_hand_out(message.private_message.ciphertext) &&
	    world->adversary.lies == 0)
		world_violate(world, "key-twice",
			      "%s seals two messages under one key",
			      client->identity);
}

/* Its person named them for this session, or for another one that a second
 * process makes at the same time. Its own devices come with it. */
static void name_founders(struct client *client, size_t session)
{
	struct known *known = &client->known[session];
	size_t creating = 0;

	memcpy(*SIM_ADD(known->named, known->named_count), client->user,
	       sizeof(client->user));
	for (size_t i = 0; i < client->founder_count; i++)
		memcpy(*SIM_ADD(known->named, known->named_count),
		       client->founders[i], sizeof(*known->named));
	for (size_t i = 0; i < SLOTS; i++)
		creating += client->slots[i].running &&
			    client->slots[i].order == ORDER_CREATE;
	if (creating < 2)
		client->founder_count = 0;
}

/* A group of one device is there before the server has it. */
static void watch_create(struct client *client, const struct slot *slot,
			 const struct request *request)
{
	size_t session = world_session(client->world, request->session);
	struct uuid id;

	if (session != SIZE_MAX)
		name_founders(client, session);
	if (session != SIZE_MAX && slot->order == ORDER_CREATE)
		client->known[session].verified_only |= slot->verified_only;
	if (uuid_parse(&id, span_str(request->session)) == ERR_OK)
		lineage_note(&client->world->lineage, id.bytes, SPAN_EMPTY,
			     SPAN_EMPTY, request->group_info, 0);
}

/* The group that a commit is of is the one where its device is. */
static void watch_made(struct client *client, const struct request *request)
{
	struct world *world = client->world;
	size_t session = world_session(world, request->session);
	struct look look;

	if (session != SIZE_MAX && look_stored(client, session, &look))
		lineage_note_made(&world->lineage, request->bytes,
				  request->info_part, look.context);
}

void watch_request(struct client *client, struct slot *slot,
		   const struct request *request)
{
	scan_all(client, request);
	if (request->kind == REQUEST_COMMIT || request->kind == REQUEST_MOVE ||
	    request->kind == REQUEST_JOIN)
		count_commit(client, slot, request);
	if (request->kind == REQUEST_COMMIT)
		watch_adds(client, slot, request->bytes);
	if (request->kind == REQUEST_COMMIT || request->kind == REQUEST_MOVE)
		watch_made(client, request);
	if (request->kind == REQUEST_SEND)
		watch_send(client, slot, request);
	if (request->kind == REQUEST_CREATE)
		watch_create(client, slot, request);
}

/* ---- answers ---- */

struct seen_entry *watch_entry(struct client *client, size_t session,
			       uint64_t seq)
{
	struct known *known = &client->known[session];

	if (seq == 0 || seq > 100000)
		return NULL;
	while (known->entry_count < seq)
		SIM_ADD(known->entries, known->entry_count)->said = SIZE_MAX;
	return &known->entries[seq - 1];
}

void watch_served(struct seen_entry *seen)
{
	seen->served = true;
	seen->kind = seen->last_kind;
	memcpy(seen->hash, seen->last, 32);
}

void watch_answer(struct client *client, const struct request *request,
		  const struct answer *answer)
{
	size_t session = request->session != NULL
			     ? world_session(client->world, request->session)
			     : SIZE_MAX;

	if (session == SIZE_MAX)
		return;
	/* what it was served before is of the history that it has left */
	(void)look_took_line(client, session);
	for (size_t i = 0; i < answer->entry_count; i++) {
		const struct answer_entry *entry = &answer->entries[i];
		struct seen_entry *seen =
		    watch_entry(client, session, entry->seq);

		if (seen == NULL)
			continue;
		seen->last_kind = entry->kind;
		memcpy(seen->last, entry->hash, 32);
		if (!entry->bare && !entry->expired)
			sim_must(hash_one(entry->bytes, seen->last), "a hash");
		/* what it has taken already is not changed by an answer that it
		 * refuses, even if nothing was told of it yet */
		if (!seen->shown &&
		    !(seen->served &&
		      look_has_kept(client, session, entry->seq)))
			watch_served(seen);
	}
}
