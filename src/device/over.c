#include "device/over.h"

#include "device/accounts.h"
#include "device/guests.h"
#include "device/names.h"
#include "device/people.h"

#include <stdlib.h>
#include <string.h>

/* ---- whether ---- */

enum err over_is_due(struct device *d, const struct suite *suite, bool *due)
{
	const struct guests *guests = &d->work.guests;
	const char *own;
	enum err e = ERR_OK;

	*due = false;
	if (session_has_places(d->open.session))
		return ERR_OK;
	TRY(accounts_own(d, &own));
	*due = guests->count == 0 || suite == session_suite(d->open.session);
	for (size_t i = 0; i < guests->count; i++)
		*due |= guests->list[i].places;
	*due &= own[0] != '\0';
out:
	return e;
}

/* ---- who comes along ---- */

static enum err check_owner(struct device *d)
{
	struct roles roles;
	enum err e;

	TRY(session_roles(d->open.session, &roles));
	if (roles.there &&
	    roles_of(&roles, roles_user(span_str(core_self(d)))) != ROLE_OWNER)
		e = why_set(&d->work.why, ERR_PEER_DENIED, "not-allowed",
			    "To take a session over to accounts takes an owner "
			    "of it.");
out:
	return e;
}

static enum err check_bans(struct device *d)
{
	const struct mls_group *group = session_group(d->open.session);
	struct bans bans;
	struct span user;
	enum err e;

	TRY(bans_read(mls_group_extensions(group), &bans));
	while (bans_next(&bans.rows, &user))
		if (!places_is_account(user))
			return why_set(
			    &d->work.why, ERR_STATE_CONFLICT, "banned-by-name",
			    "%.*s is banned by name, which would keep nobody "
			    "out of a session that names accounts. Take the "
			    "ban back (hermetic unban), and ban the account "
			    "when the session has gone over.",
			    (int)user.n, (const char *)user.p);
out:
	return e;
}

/* The identities that may be in the next group: this device's, and the guests'. */
static enum err list(struct device *d, const struct guests *guests,
		     struct span **identities)
{
	struct span *made = calloc(guests->count + 1, sizeof(*made));
	const char *own;
	size_t count = 0;
	enum err e;

	ENSURE(made != NULL, ERR_LOCAL_MEMORY);
	TRY(accounts_own(d, &own));
	made[count++] = span_str(own);
	for (size_t i = 0; i < guests->count; i++)
		if (guests->list[i].places)
			made[count++] = buf_span(&guests->list[i].identity);
	*identities = made;
	made = NULL;
out:
	free(made);
	return e;
}

static size_t count_accounts(const struct guests *guests)
{
	size_t count = 0;

	for (size_t i = 0; i < guests->count; i++)
		count += guests->list[i].places;
	return count;
}

/* Whoever does not come along, as a person calls them. */
static enum err name_missing(struct device *d, const struct check_over *over,
			     struct buf *names)
{
	const struct mls_group *group = session_group(d->open.session);
	struct mls_member member;
	uint32_t leaf = 0;
	enum err e = ERR_OK;

	while (mls_group_next_member(group, &leaf, &member)) {
		if (check_over_identity(over, member.leaf_index).n > 0)
			continue;
		if (names->n > 0)
			buf_put_str(names, ", ");
		TRY(names_put(d, member.identity, names));
	}
	TRY(buf_end(names));
out:
	return e;
}

static enum err refuse(struct device *d, const struct check_over *over,
		       const char *wrong)
{
	struct buf names = BUF_INIT;
	enum err e;

	TRY(name_missing(d, over, &names));
	if (names.n == 0)
		e = why_set(&d->work.why, ERR_PEER_INVALID, "accounts-missing",
			    "This session cannot go over to accounts: %s.",
			    wrong);
	else
		e = why_set(&d->work.why, ERR_STATE_PENDING, "accounts-missing",
			    "This session goes over to accounts when the key "
			    "of each member's device stands in the log of its "
			    "account. Of these it does not, as far as the "
			    "server shows: %.*s. Each of them runs a present "
			    "version of hermetic once, or is removed: hermetic "
			    "remove %s NAME/DEVICE",
			    (int)(names.n < 300 ? names.n : 300),
			    (const char *)names.p, d->open.id);
out:
	buf_clear(&names);
	return e;
}

static bool has(const struct check_over *over, struct span identity)
{
	for (size_t i = 0; i < over->count; i++)
		if (span_equal(span_str(over->list[i].identity), identity))
			return true;
	return false;
}

static enum err keep(struct device *d, const struct check_over *over,
		     struct guests *guests)
{
	for (size_t i = guests->count; i-- > 0;)
		if (!has(over, buf_span(&guests->list[i].identity)))
			guests_drop(guests, i);
	if (guests->count + 1 == over->count)
		return ERR_OK;
	return why_set(&d->work.why, ERR_PEER_UNSUPPORTED,
		       "no-common-algorithm",
		       "Not every member's device has KeyPackages of its "
		       "account: one of them has not been online for long. "
		       "Remove it, or try again later.");
}

enum err over_keep(struct device *d, struct guests *guests)
{
	struct check_over over = { .list = NULL };
	struct span *identities = NULL;
	const char *wrong = NULL;
	enum err e;

	TRY(check_owner(d));
	TRY(check_bans(d));
	TRY(list(d, guests, &identities));
	TRY(session_over_leaves(d->open.session, identities,
				1 + count_accounts(guests), &over, &wrong));
	if (wrong != NULL)
		TRY(refuse(d, &over, wrong));
	TRY(keep(d, &over, guests));
out:
	free(identities);
	check_over_clear(&over);
	return e;
}

/* ---- afterwards ---- */

static enum err put_key(struct span key, struct buf *hex)
{
	buf_reset(hex);
	text_put_hex(hex, key);
	buf_put_u8(hex, 0);
	return buf_end(hex);
}

enum err over_shown(const struct device *d, json_t **keys)
{
	const struct membership *m = &d->open;
	json_t *made = NULL;
	struct buf hex = BUF_INIT;
	struct mls_member member;
	uint32_t leaf = 0;
	bool shown;
	enum err e = ERR_OK;

	if (session_has_places(m->session))
		return ERR_OK;
	made = json_object();
	ENSURE(made != NULL, ERR_LOCAL_MEMORY);
	while (
	    mls_group_next_member(session_group(m->session), &leaf, &member)) {
		TRY(people_was_shown(m, &member, &shown));
		TRY(put_key(member.signature_key, &hex));
		if (shown)
			ENSURE(json_object_set_new(made, (const char *)hex.p,
						   json_true()) == 0,
			       ERR_LOCAL_MEMORY);
	}
	*keys = made;
	made = NULL;
out:
	json_decref(made);
	buf_clear(&hex);
	return e;
}

enum err over_take(struct device *d, const json_t *keys)
{
	struct membership *m = &d->open;
	const struct mls_group *group = session_group(m->session);
	uint32_t leaf = 0, own = mls_group_own_leaf(group);
	struct buf hex = BUF_INIT;
	struct mls_member member;
	enum err e = ERR_OK;

	if (keys == NULL || !session_has_places(m->session))
		return ERR_OK;
	while (mls_group_next_member(group, &leaf, &member)) {
		if (member.leaf_index == own)
			TRY(membership_set_self(m, member.identity));
		TRY(put_key(member.signature_key, &hex));
		if (json_object_get(keys, (const char *)hex.p) != NULL)
			TRY(people_show(m, member.identity,
					member.signature_key));
	}
out:
	buf_clear(&hex);
	return e;
}
