/* Accounts of the adversary's, and the places that its commits leave. */
#include "tests/sim/ghost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/group_places.h"
#include "session/chain.h"
#include "wire/extension.h"
#include "wire/places.h"

void ghost_begin_account(struct ghost *ghost, const char *user,
			 struct buf *link, uint8_t salt[ACCOUNT_HASH])
{
	struct account_keys *keys = &ghost->keys;
	uint8_t name[ACCOUNT_HASH], fingerprint[ACCOUNT_HASH];
	struct buf text = BUF_INIT;

	sim_must(rng_fill(&ghost->rng, salt, ACCOUNT_HASH), "a salt");
	sim_must(account_keys_make(&ghost->rng, keys), "a ghost's keys");
	sim_must(account_keys_add(keys, ghost->me.suite,
				  ghost->me.signature_private,
				  ghost->me.signature_public),
		 "a ghost's key");
	sim_must(account_name_hash(span_of(salt, ACCOUNT_HASH), span_str(user),
				   name),
		 "a name");
	sim_must(account_sign_begin(SPAN_ARRAY(name), keys, NULL, link),
		 "a ghost's account");
	sim_must(account_link_hash(buf_span(link), fingerprint), "hash");
	places_put_leaf(&text, SPAN_ARRAY(fingerprint), 1);
	(void)snprintf(ghost->identity, SIM_IDENTITY, "%.*s", (int)text.n,
		       (const char *)text.p);
	ghost->me.credential_identity = span_str(ghost->identity);
	buf_clear(&text);
}

/* ---- what is said with a commit ---- */

static void put_said(const struct server_session *session, struct span links,
		     struct span changes, struct buf *said)
{
	buf_put_u8(said, 1);
	buf_put_u64(said, session->log_count);
	buf_put(said,
		span_of(server_head(session, session->log_count), DEVICE_HEAD));
	buf_put_vec(said, links);
	if (changes.n > 0)
		buf_put_vec(said, changes);
}

/* As the server has them, where the group has their root alone. */
static bool find_rows(const struct server_session *session,
		      struct span extensions, struct span *rows)
{
	struct wire_message message;
	struct places places;
	struct span root;

	if (wire_extensions_find(extensions, PLACES_ROOT_EXTENSION, &root))
		return wire_message_decode(blob_span(session->info),
					   &message) == ERR_OK &&
		       message.format == WIRE_GROUP_INFO &&
		       wire_extensions_find(message.group_info.extensions,
					    PLACES_ROOT_EXTENSION, rows) &&
		       places_check_rows(*rows) == ERR_OK;
	if (places_read(extensions, &places) != ERR_OK)
		return false;
	*rows = places.rows;
	return places.there;
}

static const struct server_account *account_of(struct server *server,
					       struct span identity)
{
	char name[2 * ACCOUNT_HASH + 1];

	(void)snprintf(name, sizeof(name), "%.*s", 2 * ACCOUNT_HASH,
		       (const char *)identity.p);
	return server_account(server, name);
}

static void put_log(const struct server_account *account, struct buf *links)
{
	struct buf log = BUF_INIT;
	struct carried carried = { SPAN_ARRAY(account->fingerprint),
				   SPAN_EMPTY };

	server_put_links(account, SIZE_MAX, &log);
	carried.links = buf_span(&log);
	places_put_carried(links, &carried);
	buf_clear(&log);
}

void ghost_say_joining(const struct ghost *ghost, struct server *server,
		       const struct server_session *session,
		       struct span extensions, struct buf *said)
{
	const struct server_account *account =
	    account_of(server, ghost->me.credential_identity);
	struct buf links = BUF_INIT;
	struct place place;
	struct span rows;

	if (!find_rows(session, extensions, &rows) || account == NULL)
		return;
	if (!places_find(rows, SPAN_ARRAY(account->fingerprint), &place))
		put_log(account, &links);
	put_said(session, buf_span(&links), SPAN_EMPTY, said);
	buf_clear(&links);
}

void ghost_add_link(struct ghost *ghost, struct server *server)
{
	const struct server_account *account =
	    account_of(server, ghost->me.credential_identity);
	const struct account_signer me = {
		1, sec_span(&ghost->keys.link.private_key)
	};
	struct buf links = BUF_INIT, link = BUF_INIT;
	struct account_pair recovery = { .suite = NULL };
	struct account_log *log;

	if (account == NULL || ghost->keys.count == 0)
		return;
	sim_must(account_log_new(&log), "a log");
	server_put_links(account, SIZE_MAX, &links);
	sim_must(account_pair_make(&ghost->rng, &recovery), "a key");
	if (account_log_load(log, buf_span(&links)).wrong == NULL &&
	    account_sign_recover(log, &me, &recovery, SPAN_EMPTY, &link) ==
		ERR_OK)
		(void)server_take_link(server, account->user, SPAN_EMPTY,
				       buf_span(&link));
	account_pair_clear(&recovery);
	account_log_free(log);
	buf_clear(&links);
	buf_clear(&link);
}

/* ---- a commit's places ---- */

static bool is_removed(const struct mls_change *change, uint32_t leaf)
{
	for (size_t i = 0; i < change->remove_count; i++)
		if (change->removes[i] == leaf)
			return true;
	return false;
}

static int compare(const void *a, const void *b)
{
	return strncmp(*(char *const *)a, *(char *const *)b, 2 * ACCOUNT_HASH);
}

/* The identities that stay, by account. */
static size_t list(const struct ghost *ghost, const struct mls_change *change,
		   const char **out, size_t most)
{
	struct mls_member member;
	uint32_t leaf = 0;
	size_t count = 0;

	while (mls_group_next_member(ghost->group, &leaf, &member))
		if (!is_removed(change, member.leaf_index) && count < most &&
		    member.identity.n > (size_t)2 * ACCOUNT_HASH)
			out[count++] = (const char *)member.identity.p;
	qsort(out, count, sizeof(*out), compare);
	return count;
}

static void put_place(struct server *server, struct span rows,
		      const char *identity, struct buf *after,
		      struct buf *links)
{
	const struct server_account *account =
	    account_of(server, span_of(identity, 2 * ACCOUNT_HASH));
	struct place place;
	uint8_t hash[ACCOUNT_HASH];

	if (account == NULL)
		return;
	if (!places_find(rows, SPAN_ARRAY(account->fingerprint), &place)) {
		sim_must(account_link_hash(
			     blob_span(account->links[account->link_count - 1]),
			     hash),
			 "hash");
		place = (struct place){ SPAN_ARRAY(account->fingerprint),
					account->link_count, SPAN_ARRAY(hash) };
		put_log(account, links);
	}
	places_put(after, &place);
}

static void put_extensions(struct span extensions, struct span rows,
			   struct buf *out)
{
	struct wire_extension extension;
	struct place_map map = { .there = false };
	uint8_t root[PLACES_ROOT];
	struct span data;

	if (wire_extensions_find(extensions, PLACES_ROOT_EXTENSION, &data)) {
		sim_must(place_map_read(rows, &map), "places");
		sim_must(place_map_root(&map, root), "a root");
		places_put_root(out, SPAN_ARRAY(root));
		place_map_clear(&map);
	} else {
		places_put_extension(out, rows);
	}
	while (wire_extensions_next(&extensions, &extension))
		if (!group_places_is_type(extension.type))
			wire_extension_put(out, extension.type, extension.data);
}

void ghost_plan(const struct ghost *ghost, struct server *server,
		struct mls_change *change, struct ghost_plan *plan)
{
	struct span now = mls_group_extensions(ghost->group);
	const struct server_session *session =
	    server_session(server, ghost->session);
	struct buf after = BUF_INIT, links = BUF_INIT, changes = BUF_INIT;
	const char *identities[64];
	struct span rows, data;
	size_t count;

	if (session == NULL || !find_rows(session, now, &rows))
		return;
	count = list(ghost, change, identities, 64);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || compare(&identities[i], &identities[i - 1]) != 0)
			put_place(server, rows, identities[i], &after, &links);
	if (change->extensions != NULL || !span_equal(buf_span(&after), rows)) {
		put_extensions(change->extensions != NULL ? *change->extensions
							  : now,
			       buf_span(&after), &plan->extensions);
		plan->encoded = buf_span(&plan->extensions);
		change->extensions = &plan->encoded;
	}
	if (wire_extensions_find(now, PLACES_ROOT_EXTENSION, &data))
		group_places_compare(rows, buf_span(&after), &changes);
	put_said(session, buf_span(&links), buf_span(&changes), &plan->said);
	change->authenticated_data = buf_span(&plan->said);
	buf_clear(&changes);
	buf_clear(&after);
	buf_clear(&links);
}

void ghost_plan_clear(struct ghost_plan *plan)
{
	buf_clear(&plan->extensions);
	buf_clear(&plan->said);
}
