#include "tests/sim/content.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/steps.h"

/* ---- saying ---- */

static const char *string_of(const json_t *entry, const char *name)
{
	const char *value = json_string_value(json_object_get(entry, name));

	return value != NULL ? value : "";
}

static uint64_t number_of(const json_t *entry, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(entry, name));
}

static bool is_kind(const json_t *entry, const char *kind)
{
	return strcmp(string_of(entry, "kind"), kind) == 0;
}

/* A text that this device shows: mostly one of its own person. 0: none. */
static uint64_t find_about(const struct client *client, size_t session,
			   bool any, uint32_t pick)
{
	const struct known *known = &client->known[session];
	const struct world *world = client->world;

	for (size_t n = 0; n < known->entry_count; n++) {
		size_t at = (n + pick) % known->entry_count;
		const struct seen_entry *seen = &known->entries[at];

		if (seen->shown && seen->readable && seen->said != SIZE_MAX &&
		    (any ||
		     strcmp(world->clients[world->said[seen->said].client].user,
			    client->user) == 0))
			return at + 1;
	}
	return 0;
}

void content_plan(struct client *client, const struct step *step,
		  struct order *order, struct said *said)
{
	static const enum said_act acts[] = { SAID_TEXT,    SAID_TEXT,
					      SAID_TEXT,    SAID_TEXT,
					      SAID_EDIT,    SAID_DELETE,
					      SAID_REACTION };
	static const uint64_t ends_s[] = { 40, 3600, 90000 };
	uint32_t pick = step->b >> 8;
	enum said_act act = acts[pick % 7];
	bool any = act == SAID_TEXT || act == SAID_REACTION || pick % 5 == 0;

	if (!client->world->content || said->keyed)
		return;
	if (pick % 7 == 2)
		order->expires_s = ends_s[pick / 7 % 3];
	if (pick % 7 > 2)
		order->about = find_about(client, said->session, any, pick / 7);
	if (order->about > 0)
		order->act = act;
	if (order->act == SAID_DELETE)
		order->text = SPAN_EMPTY;
	said->act = order->act;
	said->about = order->about;
	said->ends = order->expires_s > 0;
}

static bool has_text(const json_t *entry)
{
	return json_object_get(entry, "text") != NULL;
}

bool content_is_said(const struct world *world, const json_t *entry,
		     size_t said)
{
	static const char *const kinds[] = { [SAID_TEXT] = "text",
					     [SAID_EDIT] = "edit",
					     [SAID_DELETE] = "delete",
					     [SAID_REACTION] = "reaction" };

	if (said == SIZE_MAX)
		return world->content && entry != NULL && !has_text(entry);
	if (!world->content)
		return strcmp(string_of(entry, "text"),
			      world->said[said].text) == 0;
	return is_kind(entry, kinds[world->said[said].act]) &&
	       (!has_text(entry) ||
		strcmp(string_of(entry, "text"), world->said[said].text) == 0);
}

void content_has_read(struct client *client, size_t session)
{
	const char *id = client->world->sessions[session];
	struct slot *slot = &client->slots[0];
	uint64_t last;

	if (!client->world->content || slot->running || slot->device == NULL)
		return;
	last = device_last_seq(slot->device, id);
	if (last > 0 && device_read_to(slot->device, id, last) == ERR_OK &&
	    last > client->known[session].read)
		client->known[session].read = last;
}

/* ---- who did it ---- */

static const struct said *find_said(const struct world *world, const char *text)
{
	for (size_t i = 0; i < world->said_count; i++)
		if (strcmp(world->said[i].text, text) == 0)
			return &world->said[i];
	return NULL;
}

static json_t *load(struct client *client, size_t session, uint64_t seq)
{
	struct buf text = BUF_INIT;
	json_t *entry = NULL;

	client_start(client, 0);
	if (device_entry(client->slots[0].device,
			 client->world->sessions[session], seq,
			 &text) == ERR_OK)
		entry = json_loadb((const char *)text.p, text.n, 0, NULL);
	buf_clear(&text);
	return entry;
}

static bool is_by_same(const json_t *entry, const json_t *other)
{
	const char *name =
	    json_object_get(entry, "account") != NULL ? "account" : "from";

	return strcmp(string_of(entry, name), string_of(other, name)) == 0;
}

/* The entry `by` is of that kind, about `seq`, and by the author of `entry`. */
static void judge_change(struct client *client, size_t session, uint64_t seq,
			 const json_t *entry, const char *mark,
			 const char *kind)
{
	uint64_t by = number_of(entry, mark);
	json_t *change = by > 0 ? load(client, session, by) : NULL;

	if (by > 0 &&
	    (!is_kind(change, kind) || number_of(change, "of") != seq ||
	     !is_by_same(change, entry)))
		world_violate(client->world, "content",
			      "%s shows #%llu as changed by #%llu, which is no "
			      "%s of it by its author",
			      client->identity, (unsigned long long)seq,
			      (unsigned long long)by, kind);
	json_decref(change);
}

static void judge_edited(struct client *client, uint64_t seq,
			 const json_t *entry)
{
	const char *text = string_of(entry, "edited_text");
	const struct said *said =
	    text[0] != '\0' ? find_said(client->world, text) : NULL;

	if (text[0] != '\0' && (said == NULL || said->act != SAID_EDIT))
		world_violate(client->world, "content",
			      "%s shows #%llu as changed to what is no edit: "
			      "%s",
			      client->identity, (unsigned long long)seq, text);
}

static void judge_reactions(struct client *client, uint64_t seq,
			    const json_t *entry)
{
	const struct world *world = client->world;
	json_t *all = json_object_get(entry, "reactions"), *users;
	const char *text;

	json_object_foreach(all, text, users)
	{
		const struct said *said = find_said(world, text);

		if (said != NULL && said->act == SAID_REACTION &&
		    json_array_size(users) == 1)
			continue;
		world_violate(client->world, "content",
			      "%s shows a reaction to #%llu that nobody made: "
			      "%s",
			      client->identity, (unsigned long long)seq, text);
	}
}

/* ---- how long it is there ---- */

static uint64_t now_of(const struct client *client)
{
	return client->world->now_ms + (uint64_t)client->skew_ms;
}

static bool is_over(const struct client *client, const json_t *entry)
{
	uint64_t ends = number_of(entry, "expires_at");

	return ends > 0 && ends <= client->latest_ms;
}

/* An edit goes with the message that it changed, and that one with its edits. */
static bool may_be_over(struct client *client, size_t session, uint64_t seq,
			const json_t *entry)
{
	json_t *whole = is_kind(entry, "edit")
			    ? load(client, session, number_of(entry, "of"))
			    : NULL;
	bool over = is_over(client, entry) ||
		    json_object_get(whole, "deleted") != NULL ||
		    (whole != NULL && !has_text(whole));

	(void)seq;
	json_decref(whole);
	return over;
}

static void judge_text(struct client *client, size_t session, uint64_t seq,
		       const json_t *entry)
{
	uint64_t ends = number_of(entry, "expires_at");
	bool deleted = json_object_get(entry, "deleted") != NULL;

	if (has_text(entry) &&
	    (deleted || (ends > 0 && ends <= now_of(client))))
		world_violate(client->world, "content",
			      "%s shows the text of #%llu, which %s: %s",
			      client->identity, (unsigned long long)seq,
			      deleted ? "was deleted" : "is over",
			      string_of(entry, "text"));
	if (!has_text(entry) && !deleted &&
	    (is_kind(entry, "text") || is_kind(entry, "edit")) &&
	    !may_be_over(client, session, seq, entry))
		world_violate(
		    client->world, "content",
		    "%s shows no text of #%llu, which nobody deleted, "
		    "and whose time has not come",
		    client->identity, (unsigned long long)seq);
}

static void judge_end(struct client *client, uint64_t seq, const json_t *entry)
{
	const struct said *said =
	    has_text(entry) ? find_said(client->world, string_of(entry, "text"))
			    : NULL;

	if (said != NULL &&
	    said->ends != (json_object_get(entry, "expires_at") != NULL))
		world_violate(client->world, "content", "%s shows #%llu %s",
			      client->identity, (unsigned long long)seq,
			      said->ends ? "as if it were for ever"
					 : "with a time that nobody set");
}

/* ---- receipts ---- */

/* A device was served that entry, in this history or in one that its person has left,
 * and a person of it has read it. */
static bool has_entry(const struct known *known, const struct left_entry *entry)
{
	const struct seen_entry *seen = known->entry_count >= entry->seq
					    ? &known->entries[entry->seq - 1]
					    : NULL;

	if (seen != NULL && seen->served &&
	    memcmp(seen->hash, entry->hash, 32) == 0 &&
	    (!entry->read || known->read >= entry->seq))
		return true;
	for (size_t i = 0; i < known->left_count; i++)
		if (known->left[i].seq == entry->seq &&
		    memcmp(known->left[i].hash, entry->hash, 32) == 0 &&
		    (!entry->read || known->left[i].read))
			return true;
	return false;
}

static bool has_got(const struct world *world, size_t session, const char *user,
		    const struct left_entry *entry)
{
	for (size_t i = 0; i < world->client_count; i++)
		if (strcmp(world->clients[i].user, user) == 0 &&
		    has_entry(&world->clients[i].known[session], entry))
			return true;
	for (size_t i = 0; i < world->gone_count; i++) {
		const struct gone_entry *gone = &world->gone[i];

		if (strcmp(gone->user, user) == 0 && gone->session == session &&
		    gone->entry.seq == entry->seq &&
		    memcmp(gone->entry.hash, entry->hash, 32) == 0 &&
		    (!entry->read || gone->entry.read))
			return true;
	}
	return false;
}

/* It is one of the people here. Of a ghost under somebody's name nobody knows what it
 * was served; where accounts have logs there is none. */
static bool is_user(const struct world *world, const char *user)
{
	size_t n = strlen(user);

	for (size_t i = 0; i < world->adversary.ghost_count; i++)
		if (strncmp(world->adversary.ghosts[i].identity, user, n) ==
			0 &&
		    world->adversary.ghosts[i].identity[n] == '/')
			return false;
	for (size_t i = 0; i < world->client_count; i++)
		if (strcmp(world->clients[i].user, user) == 0)
			return true;
	return false;
}

static void judge_receipts(struct client *client, size_t session, uint64_t seq,
			   const json_t *entry, const char *list)
{
	const struct known *known = &client->known[session];
	const json_t *all = json_object_get(entry, list), *name;
	struct left_entry meant = { .seq = seq,
				    .read = strcmp(list, "read_by") == 0 };
	size_t i;

	/* a copy has what was served to another one */
	if (seq > known->entry_count || !known->entries[seq - 1].served)
		return;
	memcpy(meant.hash, known->entries[seq - 1].hash, 32);
	json_array_foreach(all, i, name)
	{
		const char *user = json_string_value(name);

		if (is_user(client->world, user) &&
		    !has_got(client->world, session, user, &meant))
			world_violate(client->world, "receipts",
				      "%s shows that %s has %s #%llu",
				      client->identity, user,
				      meant.read ? "read" : "got",
				      (unsigned long long)seq);
	}
}

static void judge(struct client *client, size_t session, uint64_t seq,
		  const json_t *entry)
{
	if (now_of(client) > client->latest_ms)
		client->latest_ms = now_of(client);
	/* of a history that its person has left another entry may have done it
	 * (docs/simulator.md, "Open") */
	if (client->known[session].line == 0) {
		judge_change(client, session, seq, entry, "deleted", "delete");
		judge_change(client, session, seq, entry, "edited", "edit");
	}
	judge_edited(client, seq, entry);
	judge_reactions(client, seq, entry);
	judge_text(client, session, seq, entry);
	judge_end(client, seq, entry);
	judge_receipts(client, session, seq, entry, "delivered_to");
	judge_receipts(client, session, seq, entry, "read_by");
}

void content_judge(struct client *client, size_t session, uint64_t seq,
		   const json_t *entry)
{
	uint64_t of = number_of(entry, "of");
	json_t *about;

	if (!client->world->content || entry == NULL ||
	    world_is_broken(client->world))
		return;
	judge(client, session, seq, entry);
	if (is_kind(entry, "receipt"))
		of = number_of(entry, "delivered");
	about = of > 0 ? load(client, session, of) : NULL;
	if (about != NULL)
		judge(client, session, of, about);
	json_decref(about);
}

/* ---- two devices ---- */

/* Both show the same entries from there to the end. */
static bool same_since(const struct known *one, const struct known *two,
		       size_t at)
{
	if (one->entry_count != two->entry_count)
		return false;
	for (; at < one->entry_count; at++)
		if (!one->entries[at].shown || !two->entries[at].shown ||
		    memcmp(one->entries[at].told, two->entries[at].told, 32) !=
			0)
			return false;
	return true;
}

static bool same_marks(const json_t *one, const json_t *two)
{
	const json_t *reactions = json_object_get(one, "reactions");
	const json_t *others = json_object_get(two, "reactions");

	return number_of(one, "deleted") == number_of(two, "deleted") &&
	       number_of(one, "edited") == number_of(two, "edited") &&
	       json_object_size(reactions) == json_object_size(others);
}

static bool has_ended(const json_t *entry)
{
	return json_object_get(entry, "expired") != NULL;
}

static void compare(struct client *one, struct client *two, size_t session,
		    size_t at)
{
	json_t *a = load(one, session, at + 1), *b = load(two, session, at + 1);

	if (a != NULL && b != NULL && !has_ended(a) && !has_ended(b) &&
	    is_kind(a, "text") && !same_marks(a, b))
		world_violate(one->world, "content",
			      "%s and %s have read the same since, and show "
			      "#%zu of session %zu in two ways",
			      one->identity, two->identity, at + 1, session);
	json_decref(a);
	json_decref(b);
}

static void agree(struct client *one, struct client *two, size_t session)
{
	const struct known *known = &one->known[session];

	for (size_t at = 0; at < known->entry_count; at++)
		if (!world_is_broken(one->world) && known->entries[at].shown &&
		    known->line == 0 && two->known[session].line == 0 &&
		    same_since(known, &two->known[session], at))
			compare(one, two, session, at);
}

void content_agree(struct world *world)
{
	for (size_t s = 0; world->content && s < world->session_count; s++)
		for (size_t i = 0; i < world->client_count; i++)
			for (size_t k = i + 1; k < world->client_count; k++)
				if (!world->clients[i].copied &&
				    !world->clients[k].copied)
					agree(&world->clients[i],
					      &world->clients[k], s);
}
