/* What must hold after each event, and when an order has ended. */
#include "tests/sim/content.h"
#include "tests/sim/devices.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/hash.h"
#include "session/chain.h"

/* ---- entries that a device shows ---- */

static json_t *load_entry(struct slot *slot, const char *session, uint64_t seq)
{
	struct buf text = BUF_INIT;
	json_t *entry = NULL;

	if (device_entry(slot->device, session, seq, &text) == ERR_OK)
		entry = json_loadb((const char *)text.p, text.n, 0, NULL);
	buf_clear(&text);
	return entry;
}

static const char *member_of(const json_t *entry, const char *name)
{
	const char *value = json_string_value(json_object_get(entry, name));

	return value != NULL ? value : "";
}

/* Whose it is: by the account, where there is one, since its name may be learnt
 * later. */
static const char *author_of(const json_t *entry)
{
	return json_object_get(entry, "account") != NULL
		   ? member_of(entry, "account")
		   : member_of(entry, "from");
}

static void hash_shown(const json_t *entry, uint8_t told[32])
{
	const struct span parts[] = { span_str(member_of(entry, "kind")),
				      SPAN_LIT("\n"),
				      span_str(author_of(entry)), SPAN_LIT("/"),
				      span_str(member_of(entry, "device")) };

	sim_must(hash_sha256(parts, 5, told), "hash");
}

static void hash_text(const json_t *entry, uint8_t text[32])
{
	const struct span part = span_str(member_of(entry, "text"));

	sim_must(hash_one(part, text), "hash");
}

/* What was shown before is shown as it was; its text may be gone by now, of which
 * content_judge() says whether it may. */
static bool is_as_before(const struct client *client,
			 const struct seen_entry *seen, const json_t *entry)
{
	uint8_t told[32], text[32];

	hash_shown(entry, told);
	hash_text(entry, text);
	return memcmp(told, seen->told, 32) == 0 &&
	       (memcmp(text, seen->text, 32) == 0 ||
		(client->world->content &&
		 json_object_get(entry, "text") == NULL));
}

/* Which of the things said this text is; SIZE_MAX: none. */
static size_t find_said(const struct world *world, const char *text)
{
	for (size_t i = 0; i < world->said_count; i++)
		if (strcmp(world->said[i].text, text) == 0)
			return i;
	return SIZE_MAX;
}

static bool a_ghost_is(const struct world *world, const char *identity)
{
	for (size_t i = 0; i < world->adversary.ghost_count; i++)
		if (strcmp(world->adversary.ghosts[i].identity, identity) == 0)
			return true;
	return false;
}

static const struct client *find_client(const struct world *world,
					const char *identity)
{
	for (size_t i = 0; i < world->client_count; i++)
		if (strcmp(world->clients[i].identity, identity) == 0)
			return &world->clients[i];
	return NULL;
}

/* A text stands under the name of who said it. */
static void check_author(struct client *client, const json_t *entry,
			 size_t said)
{
	struct world *world = client->world;
	char from[SIM_IDENTITY];
	const struct client *author;

	(void)snprintf(from, sizeof(from), "%s/%s", author_of(entry),
		       member_of(entry, "device"));
	author = find_client(world, from);
	if (author == NULL || a_ghost_is(world, from))
		return;
	if (said == SIZE_MAX ||
	    strcmp(world->clients[world->said[said].client].identity, from) !=
		0)
		world_violate(world, "author",
			      "%s shows a text of %s, who did not say it: %s",
			      client->identity, from, member_of(entry, "text"));
}

/* The sender saw this device as a member when it sealed. A group that it only has
 * staged meanwhile says nothing of that. */
static void check_reader(struct client *client, size_t session,
			 const struct seen_entry *seen)
{
	const struct sealed *sealed = watch_sealed(client->world, seen->hash);
	struct look look;

	if (sealed == NULL || sealed->eye_count == 0 ||
	    strcmp(client->world->clients[sealed->client].identity,
		   client->identity) == 0 ||
	    !look_stored(client, session, &look) || !look.member)
		return;
	for (size_t i = 0; i < look.member_count; i++) {
		if (strcmp(look.members[i].identity, client->identity) != 0)
			continue;
		for (size_t k = 0; k < sealed->eye_count; k++)
			if (memcmp(sealed->eyes[k],
				   watch_eye(client->world, &look.members[i]),
				   16) == 0)
				return;
		world_violate(client->world, "secrecy",
			      "%s reads a message whose sender did not have it "
			      "as a member",
			      client->identity);
	}
}

static void check_once(struct client *client, size_t session,
		       const struct seen_entry *seen)
{
	const struct known *known = &client->known[session];
	const struct world *world = client->world;

	if (seen->said == SIZE_MAX ||
	    world->clients[world->said[seen->said].client].copied)
		return;
	for (size_t i = 0; i < known->entry_count; i++)
		if (&known->entries[i] != seen && known->entries[i].shown &&
		    known->entries[i].said == seen->said)
			world_violate(client->world, "once",
				      "%s shows one text twice: %s",
				      client->identity,
				      world->said[seen->said].text);
	if (world->said[seen->said].dropped)
		world_violate(client->world, "third-thing",
			      "%s shows a text that was neither sent nor kept: "
			      "%s",
			      client->identity, world->said[seen->said].text);
}

static void watch_shown_entry(struct client *client, struct slot *slot,
			      size_t session, uint64_t seq)
{
	struct seen_entry *seen = watch_entry(client, session, seq);
	json_t *entry = load_entry(slot, client->world->sessions[session], seq);
	bool took;

	if (entry == NULL || seen == NULL) {
		world_violate(client->world, "shown-once",
			      "%s tells of an entry %llu that it does not have",
			      client->identity, (unsigned long long)seq);
		json_decref(entry);
		return;
	}
	took = look_took_line(client, session);
	/* A process may tell of what it took before its person went over to
	 * another history by a second one. That history may have no such number
	 * yet: what is shown there now may still change. */
	if (client->known[session].line > 0 &&
	    !look_has_kept(client, session, seq)) {
		json_decref(entry);
		return;
	}
	if (seen->shown && !is_as_before(client, seen, entry) && !took)
		world_violate(client->world, "shown-changes",
			      "%s shows another entry %llu than before",
			      client->identity, (unsigned long long)seq);
	seen->shown = true;
	seen->said = SIZE_MAX;
	hash_shown(entry, seen->told);
	hash_text(entry, seen->text);
	seen->has_text = json_object_get(entry, "text") != NULL;
	seen->readable =
	    seen->has_text && strcmp(member_of(entry, "kind"), "text") == 0;
	content_judge(client, session, seq, entry);
	if (seen->readable) {
		seen->said = find_said(client->world, member_of(entry, "text"));
		check_author(client, entry, seen->said);
		check_reader(client, session, seen);
		check_once(client, session, seen);
	}
	json_decref(entry);
}

/* Nothing that was shown has changed. */
void watch_history(struct client *client)
{
	struct slot *slot = &client->slots[0];

	client_start(client, 0);
	for (size_t s = 0; s < client->world->session_count; s++)
		for (size_t i = 0; i < client->known[s].entry_count; i++) {
			struct seen_entry *seen = &client->known[s].entries[i];
			json_t *entry =
			    seen->shown
				? load_entry(slot, client->world->sessions[s],
					     i + 1)
				: NULL;

			if (!seen->shown)
				continue;
			if (!is_as_before(client, seen, entry) &&
			    !look_took_line(client, s))
				world_violate(client->world, "shown-changes",
					      "%s shows another entry %zu than "
					      "before",
					      client->identity, i + 1);
			content_judge(client, s, i + 1, entry);
			json_decref(entry);
		}
}

/* ---- sent ---- */

static bool is_own_seal(const struct client *client, const uint8_t hash[32])
{
	const struct world *world = client->world;
	const struct sealed *sealed = watch_sealed(world, hash);

	return sealed != NULL && strcmp(world->clients[sealed->client].identity,
					client->identity) == 0;
}

/* A log that it was served has that: the one of now, or one that its person has
 * left. A process tells late of what it sent before that, and a script that
 * repeats a text with its key is told where it was sent then. */
static bool was_served_own(const struct client *client, size_t session,
			   const struct seen_entry *seen, uint64_t seq)
{
	const struct known *known = &client->known[session];

	if (seen == NULL)
		return false;
	if (seen->served && is_own_seal(client, seen->hash))
		return true;
	for (size_t i = 0; i < known->left_count; i++)
		if (known->left[i].seq == seq &&
		    is_own_seal(client, known->left[i].hash))
			return true;
	return false;
}

/* `seq` of the log that this device verified is what it said itself. */
static void check_sent(struct client *client, struct slot *slot, size_t session,
		       size_t said, uint64_t seq)
{
	struct world *world = client->world;
	struct seen_entry *seen = watch_entry(client, session, seq);
	json_t *entry = load_entry(slot, world->sessions[session], seq);

	/* this order may have gone over to the history that its person took */
	(void)look_took_line(client, session);
	if (entry == NULL || !content_is_said(world, entry, said))
		world_violate(world, "sent",
			      "%s says that a text was sent as #%llu; its own "
			      "history shows something else there: %s",
			      client->identity, (unsigned long long)seq,
			      member_of(entry, "text"));
	else if (!was_served_own(client, session, seen, seq))
		world_violate(world, "sent",
			      "%s says that a text was sent as #%llu; no log "
			      "that it was served has that",
			      client->identity, (unsigned long long)seq);
	if (said != SIZE_MAX) {
		world->said[said].reported = true;
		world->said[said].seq = seq;
	}
	json_decref(entry);
}

static size_t said_at(struct client *client, struct slot *slot, size_t session,
		      uint64_t seq)
{
	json_t *entry = load_entry(slot, client->world->sessions[session], seq);
	size_t said = find_said(client->world, member_of(entry, "text"));

	json_decref(entry);
	return said;
}

/* A process may tell of what it sent before its person went over to another history
 * by a second one, where something else stands at that number. */
static void watch_sent(struct client *client, struct slot *slot, size_t session,
		       uint64_t seq)
{
	size_t said = said_at(client, slot, session, seq);

	(void)look_took_line(client, session);
	if (said != SIZE_MAX || client->known[session].line == 0)
		check_sent(client, slot, session, said, seq);
}

/* It was out at some time; it may have been added again since. */
static bool was_out(const struct server_session *session,
		    const struct client *client)
{
	for (size_t i = 0; i < session->former_count; i++)
		if (strcmp(session->former[i].identity, client->identity) == 0)
			return true;
	return false;
}

/* It ended for this device: by a commit, or by its departure. */
static void check_ended(struct client *client, size_t session)
{
	struct world *world = client->world;
	const struct server_session *there = server_session(
	    &world->adversary.homes[0], world->sessions[session]);
	const struct server_member *member =
	    there != NULL ? server_member(there, client->identity) : NULL;

	if (world->adversary.moves == 0 && member != NULL &&
	    !member->departed && !client->copied && !was_out(there, client))
		world_violate(world, "ended",
			      "%s thinks that it is no member any more",
			      client->identity);
}

void watch_events(struct client *client, struct slot *slot)
{
	struct device_event event;

	while (!world_is_broken(client->world) &&
	       device_next_event(slot->device, &event)) {
		size_t session = world_session(client->world, event.session);

		if (session == SIZE_MAX)
			continue;
		world_trace(client->world, "    event %d of %s: #%llu",
			    (int)event.kind, client->identity,
			    (unsigned long long)event.seq);
		if (event.kind == EVENT_ENTRY)
			watch_shown_entry(client, slot, session, event.seq);
		else if (event.kind == EVENT_SENT)
			watch_sent(client, slot, session, event.seq);
		else if (event.kind == EVENT_ENDED)
			check_ended(client, session);
	}
}

/* ---- outcomes ---- */

static void send_ended(struct client *client, struct slot *slot,
		       const struct outcome *outcome)
{
	struct world *world = client->world;

	if (slot->said == SIZE_MAX || slot->session == SIZE_MAX)
		return;
	world->said[slot->said].item = outcome->item;
	if (outcome->result == ERR_OK && !outcome->kept)
		check_sent(client, slot, slot->session, slot->said,
			   outcome->seq);
	else if (outcome->result == ERR_OK)
		world_violate(world, "third-thing",
			      "%s keeps a text, and says no reason",
			      client->identity);
	else if (!outcome->kept)
		world->said[slot->said].dropped = true;
}

static void broken_outcome(struct client *client, const struct slot *slot,
			   const struct outcome *outcome)
{
	if (outcome->result == ERR_LOCAL_BUG ||
	    outcome->result == ERR_LOCAL_CRYPTO ||
	    outcome->result == ERR_LOCAL_MEMORY)
		world_violate(client->world, "crash",
			      "an order of kind %d of %s ends with \"%s\": %s",
			      (int)slot->order, client->identity,
			      err_text(outcome->result),
			      outcome->why != NULL ? outcome->why->text : "");
	if (outcome->result != ERR_OK &&
	    (outcome->why == NULL || outcome->why->text[0] == '\0'))
		world_violate(client->world, "words",
			      "an order of kind %d of %s ends with \"%s\", and "
			      "no word why",
			      (int)slot->order, client->identity,
			      err_text(outcome->result));
}

static void begin_session(struct client *client, struct slot *slot,
			  const struct outcome *outcome)
{
	size_t session;

	if (slot->order != ORDER_CREATE && slot->order != ORDER_JOIN)
		return;
	session = outcome->session[0] != '\0'
		      ? world_session(client->world, outcome->session)
		      : SIZE_MAX;
	if (session != SIZE_MAX && outcome->result == ERR_OK)
		watch_shown(client, session);
}

static void note_told(struct client *client, const struct slot *slot,
		      const struct outcome *outcome)
{
	if (err_class(outcome->result) != ERR_CLASS_PEER ||
	    slot->session == SIZE_MAX)
		return;
	if (outcome->result == ERR_PEER_FORK ||
	    strcmp(outcome->why->slug, "not-in-log") == 0)
		client->known[slot->session].told = true;
	if ((client->world->honest ||
	     (client->world->adversary.lies == 0 && !client->copied)) &&
	    outcome->result == ERR_PEER_FORK)
		world_violate(client->world,
			      client->world->honest ? "false-alarm" : "no-veto",
			      "%s is told that histories differ: %s",
			      client->identity, outcome->why->text);
}

/* Who is told so has a clock that is wrong. */
static void check_clock(struct client *client, const struct slot *slot,
			const struct outcome *outcome)
{
	const char *slug = outcome->why != NULL ? outcome->why->slug : "";

	if (!slot->clock_is_wrong && strcmp(slug, "clock") == 0)
		world_violate(client->world, "clock",
			      "an order of kind %d of %s ends with: %s",
			      (int)slot->order, client->identity,
			      outcome->why->text);
}

/* Whoever departs has departed, by whose word ever. */
static void check_departing(struct client *client, const struct slot *slot,
			    const struct outcome *outcome)
{
	if (client->world->adversary.moves == 0 && !client->copied &&
	    (slot->order == ORDER_LEAVE || slot->order == ORDER_DEPART) &&
	    outcome->result != ERR_OK &&
	    strcmp(outcome->why->slug, "departure-invalid") == 0)
		world_violate(client->world, "done",
			      "an order of kind %d of %s ends with: %s",
			      (int)slot->order, client->identity,
			      outcome->why->text);
}

void watch_outcome(struct client *client, struct slot *slot)
{
	const struct outcome *outcome = device_outcome(slot->device);

	world_trace(client->world, "  order %d of %s: %s%s%s%s%s",
		    (int)slot->order, client->identity,
		    err_text(outcome->result), outcome->kept ? ", kept" : "",
		    outcome->why != NULL ? ", " : "",
		    outcome->why != NULL ? outcome->why->slug : "",
		    outcome->why != NULL ? outcome->why->text : "");
	if (slot->order == ORDER_RESOLVE && slot->session != SIZE_MAX) {
		client->known[slot->session].healthy = SIZE_MAX;
		client->known[slot->session].forked = false;
	}
	broken_outcome(client, slot, outcome);
	check_clock(client, slot, outcome);
	check_departing(client, slot, outcome);
	note_told(client, slot, outcome);
	begin_session(client, slot, outcome);
	acts_judge_hidden(client, slot, outcome);
	if (slot->order == ORDER_SEND)
		send_ended(client, slot, outcome);
	else if (outcome->result == ERR_OK && slot->session != SIZE_MAX)
		watch_done(client, slot, outcome);
}
