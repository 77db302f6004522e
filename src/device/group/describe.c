/* device_describe() */
#include "device/accounts/names.h"
#include "device/accounts/people.h"
#include "device/accounts/pins.h"
#include "device/accounts/verified.h"
#include "device/group/bans.h"
#include "device/group/breaks.h"
#include "device/group/invited.h"
#include "device/texts/naming.h"
#include "device/texts/receipts.h"

#include <string.h>

/* The name, the device, and the fingerprint of an account. */
static enum err put_names(struct device *d, struct span identity, json_t *row)
{
	struct span user = roles_user(identity);
	struct buf name = BUF_INIT;
	enum err e;

	TRY(names_put_user(d, user, &name));
	(void)json_object_set_new(row, "username",
				  json_stringn((const char *)name.p, name.n));
	if (identity.n > user.n)
		(void)json_object_set_new(
		    row, "device_id",
		    json_stringn((const char *)identity.p + user.n + 1,
				 identity.n - user.n - 1));
	if (places_is_account(user))
		(void)json_object_set_new(
		    row, "account", json_stringn((const char *)user.p, user.n));
out:
	buf_clear(&name);
	return e;
}

static enum err put_member(struct device *d, const struct membership *m,
			   const struct mls_member *member, json_t *list)
{
	char key[PINS_FINGERPRINT];
	struct buf mark = BUF_INIT;
	json_t *row;
	bool seen;
	enum err e;

	TRY(people_was_shown(m, member, &seen));
	TRY(people_put_mark(member->identity, member->signature_key, &mark));
	TRY(pins_fingerprint(member->signature_key, key));
	row = json_pack(
	    "{s:I, s:b, s:s, s:b, s:s, s:s}", "leaf_index",
	    (json_int_t)member->leaf_index, "own",
	    (int)span_equal(member->identity, span_str(core_self(d))), "role",
	    roles_text(session_role(m->session, member->identity)), "seen",
	    (int)seen, "mark", (const char *)mark.p, "key", key);
	ENSURE(row != NULL, ERR_LOCAL_MEMORY);
	TRY(put_names(d, member->identity, row));
	receipts_describe(m, roles_user(member->identity), row);
	TRY(verified_put(d, roles_user(member->identity), row));
	if (session_departed(m->session, member->leaf_index))
		(void)json_object_set_new(row, "departed", json_true());
	if (breaks_count(m, member->identity) > 0)
		(void)json_object_set_new(row, "broken_commits",
					  json_integer((json_int_t)breaks_count(
					      m, member->identity)));
	ENSURE(json_array_append_new(list, row) == 0, ERR_LOCAL_MEMORY);
out:
	buf_clear(&mark);
	return e;
}

static enum err list_members(struct device *d, json_t *list)
{
	const struct membership *m = &d->open;
	struct mls_member member;
	uint32_t leaf = 0;
	enum err e = ERR_OK;

	while (mls_group_next_member(session_group(m->session), &leaf, &member))
		TRY(put_member(d, m, &member, list));
out:
	return e;
}

/* Why the session's algorithm is not its creator's first one, by what all founders
 * signed. */
static enum err put_missed(struct device *d, json_t *made)
{
	const struct mls_group *group = session_group(d->open.session);
	struct negotiation_missed missed;
	const struct suite *suite;
	json_t *row = NULL;
	enum err e;

	TRY(negotiation_missed(mls_group_extensions(group), &missed));
	suite = suite_by_id(missed.suite);
	if (missed.identity.n == 0 || suite == NULL || suite->algorithm == NULL)
		return ERR_OK;
	row =
	    json_pack("{s:s, s:b}", "algorithm", suite->algorithm, "own",
		      (int)span_equal(missed.identity, span_str(core_self(d))));
	ENSURE(row != NULL, ERR_LOCAL_MEMORY);
	TRY(put_names(d, missed.identity, row));
	(void)json_object_set(made, "missed", row);
out:
	json_decref(row);
	return e;
}

/* RFC 9420, 8.7: equal at all members of an epoch, and no secret. */
static enum err put_authenticator(const struct membership *m, json_t *made)
{
	struct buf hex = BUF_INIT;
	enum err e;

	text_put_hex(&hex,
		     mls_group_epoch_authenticator(session_group(m->session)));
	TRY(buf_end(&hex));
	(void)json_object_set_new(made, "epoch_authenticator",
				  json_stringn((const char *)hex.p, hex.n));
out:
	buf_clear(&hex);
	return e;
}

/* What keeps this device from sending, until the person lifts it. */
static const char *stop_of(const struct membership *m)
{
	if (session_forked(m->session))
		return "forked";
	if (membership_behind(m) == BEHIND_COPY)
		return "copied";
	return membership_behind(m) == BEHIND_BROKEN ? "behind" : NULL;
}

static const char *state_of(const struct membership *m)
{
	if (membership_todo_is(m, "join"))
		return "joining";
	if (membership_todo_is(m, "create"))
		return "creating";
	if (session_member(m->session))
		return "member";
	return membership_was_removed(m) ? "removed" : "left";
}

static enum err describe(struct device *d, json_t **description)
{
	const struct membership *m = &d->open;
	const struct suite *suite = session_suite(m->session);
	bool member = session_member(m->session);
	json_t *members = json_array(), *made = NULL;
	char safety[SAFETY_SIZE] = "";
	enum err e;

	if (member)
		TRY(session_safety_number(m->session, safety));
	TRY(list_members(d, members));
	made = json_pack(
	    "{s:s, s:s, s:s, s:I, s:I, s:b, s:b, s:s, s:s, s:O}", "session_id",
	    m->id, "algorithm",
	    suite->algorithm != NULL ? suite->algorithm : suite->name, "suite",
	    suite->name, "epoch", (json_int_t)session_epoch(m->session),
	    "last_seq", (json_int_t)session_seq(m->session), "member",
	    (int)member, "forked", (int)session_forked(m->session), "state",
	    state_of(m), "safety_number", safety, "members", members);
	ENSURE(made != NULL, ERR_LOCAL_MEMORY);
	if (json_is_true(json_object_get(m->notes, "verified_only")))
		(void)json_object_set_new(made, "verified_only", json_true());
	TRY(bans_describe(d, made));
	TRY(invited_describe(d, made));
	if (member)
		TRY(put_authenticator(m, made));
	TRY(put_missed(d, made));
	naming_describe(m, made);
	(void)json_object_set_new(
	    made, "line",
	    json_integer((json_int_t)record_number_or_0(m->notes, "line")));
	if (stop_of(m) != NULL)
		(void)json_object_set_new(made, "stop",
					  json_string(stop_of(m)));
	if (member && !session_has_places(m->session))
		(void)json_object_set_new(made, "rules", json_string("old"));
	if (member && !suites_have(&d->offer, suite))
		(void)json_object_set_new(made, "due",
					  json_string("algorithm"));
	*description = made;
	made = NULL;
out:
	json_decref(made);
	json_decref(members);
	return e;
}

enum err device_describe(struct device *device, const char *session,
			 struct buf *json)
{
	json_t *description = NULL;
	enum err e;

	TRY(core_begin(device));
	TRY(core_load(device, session));
	TRY(describe(device, &description));
	TRY(record_print(description, json));
out:
	core_end_reading(device);
	json_decref(description);
	return e;
}
