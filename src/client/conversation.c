#include "client/conversation.h"

#include "client/actor.h"
#include "client/change.h"
#include "client/content.h"
#include "client/guests.h"
#include "client/join.h"
#include "client/sync.h"
#include "client/tokens.h"
#include "crypto/rng.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- creating ---- */

/* RFC 9562 section 5.4: version 4. */
static enum err random_id(char id[TEXT_UUID_SIZE])
{
	uint8_t uuid[SESSION_ID];
	enum err e = rng_fill(rng_system(), uuid, sizeof(uuid));

	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40);
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
	text_uuid(id, uuid);
	return e;
}

static enum err make_create_todo(const struct conversation_plan *plan,
				 const struct negotiation_plan *agreed,
				 const char *id, struct span group_info,
				 json_t **todo)
{
	const struct change_plan change = {
		.key_packages = agreed->key_packages,
		.key_package_count = agreed->count,
	};
	json_t *invites = json_array(), *add = NULL, *body = NULL;
	enum err e;

	for (size_t i = 0; i < plan->invite_count; i++)
		(void)json_array_append_new(invites,
					    json_string(plan->invites[i]));
	TRY(change_make(&change, &add));
	body = json_pack("{s:s, s:s, s:s, s:O}", "session_id", id, "algorithm",
			 agreed->suite->algorithm, "join_policy",
			 plan->open ? "open" : "invited", "invite", invites);
	ENSURE(body != NULL, ERR_LOCAL_MEMORY);
	TRY(record_set_bytes(body, "group_info", group_info));
	*todo = json_pack("{s:s, s:O, s:O}", "kind", "create", "body", body,
			  "add", add);
	ENSURE(*todo != NULL, ERR_LOCAL_MEMORY);
out:
	json_decref(invites);
	json_decref(add);
	json_decref(body);
	return e;
}

/* The KeyPackages' signatures are verified before anything is created. */
static enum err check_guests(struct client *c, struct page *page,
			     const json_t *add)
{
	enum err e = change_try(c, page, add);

	if (err_class(e) == ERR_CLASS_PEER)
		return why_set(&c->why, e, "bad-key-package",
			       "The server delivered a KeyPackage that its "
			       "device did not sign so: %s. Nothing was "
			       "created.",
			       err_text(e));
	return e;
}

static enum err write_new(struct client *c,
			  const struct conversation_plan *plan,
			  const struct negotiation_plan *agreed, const char *id)
{
	struct buf group_info = BUF_INIT;
	struct actor actor = { 0 };
	struct page page = { 0 };
	json_t *todo = NULL;
	enum err e;

	TRY(page_new(&page, id, &plan->offer));
	TRY(state_begin(c->state));
	TRY(actor_init(&actor, c, agreed->suite, &plan->offer));
	TRY(session_create(&actor.me, page.raw_id, agreed, &page.session,
			   &group_info));
	TRY(make_create_todo(plan, agreed, id, buf_span(&group_info), &todo));
	if (agreed->count > 0)
		TRY(check_guests(c, &page, json_object_get(todo, "add")));
	page_set_todo(&page, json_incref(todo));
	if (plan->name != NULL)
		(void)json_object_set_new(page.meta, "name",
					  json_string(plan->name));
	TRY(book_save(c, &page));
	TRY(state_commit(c->state));
out:
	state_rollback(c->state);
	json_decref(todo);
	page_clear(&page);
	actor_clear(&actor);
	buf_clear(&group_info);
	return e;
}

static enum err check_name(struct client *c, const char *name)
{
	if (name == NULL || (content_is_utf8(span_str(name)) &&
			     strlen(name) <= CONTENT_NAME_MAX))
		return ERR_OK;
	return why_set(&c->why, ERR_PEER_INVALID, "name",
		       "A session's name is UTF-8 of at most %d bytes.",
		       CONTENT_NAME_MAX);
}

/* Whoever is named twice is claimed once. */
static enum err claim_all(struct client *c,
			  const struct conversation_plan *plan,
			  struct guests *guests)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < plan->invite_count; i++) {
		bool repeated = false;
		size_t added;

		for (size_t k = 0; k < i; k++)
			repeated |=
			    strcmp(plan->invites[i], plan->invites[k]) == 0;
		if (!repeated)
			TRY(guests_claim(c, plan->invites[i], guests, &added));
	}
out:
	return e;
}

enum err conversation_create(struct client *c,
			     const struct conversation_plan *plan,
			     char id[TEXT_UUID_SIZE])
{
	struct negotiation_plan agreed = { 0 };
	struct guests guests = { 0 };
	enum err e;

	TRY(check_name(c, plan->name));
	TRY(claim_all(c, plan, &guests));
	TRY(guests_plan(c, &guests, &plan->offer, &agreed));
	TRY(random_id(id));
	TRY(write_new(c, plan, &agreed, id));
	TRY(settle_session(c, id));
out:
	negotiation_plan_clear(&agreed);
	guests_clear(&guests);
	return e;
}

/* ---- joining ---- */

struct standing {
	bool known, member;
	uint64_t epoch;
};

static enum err look_up(struct client *c, const char *id,
			struct standing *standing)
{
	struct page page = { 0 };
	enum err e;

	memset(standing, 0, sizeof(*standing));
	TRY(state_begin(c->state));
	e = book_load(c, id, &page);
	standing->known = e == ERR_OK;
	if (e == ERR_STATE_GONE) {
		e = ERR_OK;
		goto out;
	}
	TRY(e);
	standing->member = session_member(page.session);
	standing->epoch = session_epoch(page.session);
out:
	state_rollback(c->state);
	page_clear(&page);
	return e;
}

/* A member that could not process a commit stays behind the others. */
static enum err has_kept_up(struct client *c, const char *id, uint64_t epoch,
			    bool *kept_up)
{
	struct api_answer answer = { 0 };
	uint64_t current = 0;
	char path[128];
	enum err e;

	(void)snprintf(path, sizeof(path), "/session/%s", id);
	TRY(tokens_call(c, "GET", path, NULL, &answer));
	TRY(record_number(answer.body, "epoch", &current));
	*kept_up = current <= epoch;
out:
	api_answer_clear(&answer);
	return e;
}

enum err conversation_join(struct client *c, const char *id)
{
	struct standing standing;
	bool kept_up = false;
	enum err e;

	TRY(look_up(c, id, &standing));
	if (standing.known) {
		e = conversation_refresh(c, id);
		if (e == ERR_STATE_EPOCH) { /* a join of before came too late */
			why_clear(&c->why);
			e = ERR_OK;
		}
		TRY(e);
		TRY(look_up(c, id, &standing));
	}
	if (standing.member) {
		TRY(has_kept_up(c, id, standing.epoch, &kept_up));
		if (kept_up)
			goto out;
	} else {
		e = join_by_welcome(c, id);
		if (e != ERR_STATE_GONE)
			goto out;
	}
	e = join_by_commit(c, id, true);
	if (e != ERR_OK)
		goto out;
	TRY(conversation_refresh(c, id));
out:
	return e;
}

/* ---- changing ---- */

/* Plans a change and carries it out. Another process may have planned one
 * meanwhile: that one is carried out first. */
static enum err change(struct client *c, const char *id,
		       const struct change_plan *plan)
{
	struct page page = { 0 };
	json_t *todo = NULL;
	bool planned = false;
	enum err e = ERR_OK;

	while (!planned) {
		TRY(conversation_refresh(c, id));
		TRY(state_begin(c->state));
		TRY(book_load(c, id, &page));
		ENSURE(session_member(page.session),
		       why_set(&c->why, ERR_PEER_DENIED, "not-a-member",
			       "You are not a member of %s.", id));
		if (page_todo(&page) == NULL) {
			TRY(change_make(plan, &todo));
			page_set_todo(&page, todo);
			TRY(book_save(c, &page));
			TRY(state_commit(c->state));
			planned = true;
		}
		state_rollback(c->state);
		page_clear(&page);
	}
	TRY(settle_session(c, id));
out:
	state_rollback(c->state);
	page_clear(&page);
	return e;
}

enum err conversation_rotate(struct client *c, const char *id)
{
	static const struct change_plan only_keys;

	return change(c, id, &only_keys);
}

enum err conversation_purge(struct client *c, const char *id)
{
	/* due in an epoch that has passed: needless unless somebody departed */
	static const struct change_plan plan = { .due = true,
						 .epoch = INT64_MAX };

	return change(c, id, &plan);
}

/* ---- who is in ---- */

/* Every leaf of "user", or the one of "user/device". */
static enum err find_leaves(struct client *c, const char *id, const char *whom,
			    json_t *identities)
{
	struct page page = { 0 };
	struct mls_member member;
	uint32_t leaf = 0;
	enum err e;

	TRY(state_begin(c->state));
	TRY(book_load(c, id, &page));
	while (
	    mls_group_next_member(session_group(page.session), &leaf, &member))
		if (span_equal(member.identity, span_str(whom)) ||
		    span_equal(roles_user(member.identity), span_str(whom)))
			(void)json_array_append_new(
			    identities,
			    json_stringn((const char *)member.identity.p,
					 member.identity.n));
	ENSURE(json_array_size(identities) > 0,
	       why_set(&c->why, ERR_STATE_GONE, "no-such-member",
		       "%.80s is not a member of %s.", whom, id));
out:
	state_rollback(c->state);
	page_clear(&page);
	return e;
}

static bool names_ourselves(const struct client *c, const json_t *identities)
{
	const json_t *value;
	size_t i;

	json_array_foreach(identities, i,
			   value) if (strcmp(json_string_value(value),
					     c->identity) == 0) return true;
	return false;
}

enum err conversation_remove(struct client *c, const char *id, const char *whom)
{
	struct change_plan plan = { .remove = json_array() };
	enum err e;

	TRY(conversation_refresh(c, id));
	TRY(find_leaves(c, id, whom, plan.remove));
	ENSURE(!names_ourselves(c, plan.remove),
	       why_set(&c->why, ERR_PEER_INVALID, "own-device",
		       "A device cannot remove itself: use hermetic leave."));
	TRY(change(c, id, &plan));
out:
	json_decref(plan.remove);
	return e;
}

enum err conversation_role(struct client *c, const char *id,
			   const char *username, enum role role)
{
	struct change_plan plan = { .role_username = username, .role = role };
	json_t *identities = json_array();
	enum err e;

	TRY(conversation_refresh(c, id));
	TRY(find_leaves(c, id, username, identities));
	TRY(change(c, id, &plan));
out:
	json_decref(identities);
	return e;
}

enum err conversation_move(struct client *c, const char *id,
			   const char *algorithm)
{
	struct change_plan plan = { .algorithm = algorithm };
	enum err e;

	TRY(conversation_purge(c, id)); /* the departed do not come along */
	TRY(change(c, id, &plan));
out:
	return e;
}

/* The leaf of a device of ours; false: it has none, or is on its way out. */
static bool find_own_leaf(const struct client *c, const struct session *session,
			  const char *device, uint32_t *leaf)
{
	struct mls_member member;
	struct buf identity = BUF_INIT;
	bool found;

	buf_putf(&identity, "%s/%s", c->username, device);
	found = buf_end(&identity) == ERR_OK &&
		session_find(session, buf_span(&identity), &member) &&
		!session_departed(session, member.leaf_index);
	if (found)
		*leaf = member.leaf_index;
	buf_clear(&identity);
	return found;
}

/* Of a device of ours, signed by this device's leaf; empty when that has no
 * leaf. */
static enum err make_departure(struct client *c, const char *id,
			       const char *device, struct buf *departure)
{
	uint32_t leaf;
	struct account_suites offer;
	struct actor actor = { 0 };
	struct page page = { 0 };
	enum err e;

	TRY(state_begin(c->state));
	TRY(book_load(c, id, &page));
	TRY(page_offer(&page, &offer));
	TRY(actor_init(&actor, c, session_suite(page.session), &offer));
	leaf = mls_group_own_leaf(session_group(page.session));
	if (strcmp(device, c->device_id) != 0 &&
	    !find_own_leaf(c, page.session, device, &leaf))
		goto out;
	e = session_depart(page.session, &actor.me, leaf, SPAN_EMPTY,
			   departure);
	if (e == ERR_STATE_GONE)
		e = why_set(&c->why, e, "not-a-member",
			    "You are not a member of %s.", id);
out:
	state_rollback(c->state);
	page_clear(&page);
	actor_clear(&actor);
	return e;
}

static enum err post_departure(struct client *c, const char *id,
			       struct span departure)
{
	json_t *body = json_object();
	char path[128];
	enum err e;

	TRY(record_set_bytes(body, "departure", departure));
	(void)snprintf(path, sizeof(path), "/session/%s/leave", id);
	TRY(tokens_post(c, path, json_incref(body)));
out:
	json_decref(body);
	return e;
}

enum err conversation_depart(struct client *c, const char *id,
			     const char *device)
{
	struct buf departure = BUF_INIT;
	enum err e;

	TRY(sync_session(c, id));
	TRY(make_departure(c, id, device, &departure));
	if (departure.n > 0)
		TRY(post_departure(c, id, buf_span(&departure)));
out:
	buf_clear(&departure);
	return e;
}

enum err conversation_leave(struct client *c, const char *id)
{
	struct buf departure = BUF_INIT;
	enum err e;

	TRY(make_departure(c, id, c->device_id, &departure));
	e = post_departure(c, id, buf_span(&departure));
	if (strcmp(c->why.slug, "not-a-member") == 0) {
		why_clear(&c->why); /* said before a crash, or removed */
		e = ERR_OK;
	}
	TRY(e);
	TRY(book_leave(c, id));
out:
	buf_clear(&departure);
	return e;
}

enum err conversation_rejoin(struct client *c, const char *id)
{
	enum err e;

	TRY(join_by_commit(c, id, true));
	TRY(conversation_refresh(c, id));
out:
	return e;
}

/* The session's suite as the only offer: then a KeyPackage of that suite that
 * was withheld shows. Guests who are members already are dropped. */
static enum err compare(struct client *c, const char *id,
			struct account_suites *offer, struct guests *guests)
{
	struct page page = { 0 };
	struct mls_member member;
	uint32_t leaf = 0;
	enum err e;

	TRY(state_begin(c->state));
	TRY(book_load(c, id, &page));
	offer->ids[0] = session_suite(page.session)->id;
	offer->count = 1;
	while (
	    mls_group_next_member(session_group(page.session), &leaf, &member))
		guests_drop(guests, member.identity);
out:
	state_rollback(c->state);
	page_clear(&page);
	return e;
}

enum err conversation_invite(struct client *c, const char *id,
			     const char *username, size_t *devices)
{
	struct negotiation_plan agreed = { 0 };
	struct account_suites offer = { 0 };
	struct guests guests = { 0 };
	struct change_plan plan = { 0 };
	char path[128];
	enum err e;

	TRY(conversation_refresh(c, id));
	TRY(guests_claim(c, username, &guests, devices));
	TRY(compare(c, id, &offer, &guests));
	if (*devices > 0 && guests.count == 0)
		TRY(why_set(&c->why, ERR_STATE_CONFLICT, "member-already",
			    "%s is a member already.", username));
	*devices = guests.count;
	TRY(guests_plan(c, &guests, &offer, &agreed));
	(void)snprintf(path, sizeof(path), "/session/%s/invite", id);
	TRY(tokens_post(c, path, json_pack("{s:[s]}", "usernames", username)));
	plan.key_packages = agreed.key_packages;
	plan.key_package_count = agreed.count;
	if (guests.count > 0)
		TRY(change(c, id, &plan));
out:
	negotiation_plan_clear(&agreed);
	guests_clear(&guests);
	return e;
}

/* ---- talking ---- */

enum err conversation_refresh(struct client *c, const char *id)
{
	enum err e;

	TRY(settle_session(c, id));
	TRY(sync_session(c, id));
out:
	return e;
}

enum err conversation_send(struct client *c, const char *id, struct span text,
			   const struct postbox_courier *courier)
{
	struct buf content = BUF_INIT;
	enum err e;

	ENSURE(content_is_utf8(text),
	       why_set(&c->why, ERR_PEER_INVALID, "utf-8",
		       "The message is no UTF-8 text."));
	content_put(&content, CONTENT_TEXT, text);
	TRY(buf_end(&content));
	TRY(settle_session(c, id));
	TRY(postbox_add(c, id, buf_span(&content)));
	TRY(settle_session_by(c, id, courier));
out:
	buf_clear(&content);
	return e;
}
