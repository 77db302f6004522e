#include "device/group/over.h"

#include "base/fault.h"
#include "device/accounts/accounts.h"
#include "device/accounts/met.h"
#include "device/accounts/names.h"
#include "device/accounts/people.h"
#include "device/group/guests.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_SHOWN 300 /* bytes */

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
			return why_set_about(
			    &d->work.why, user, ERR_STATE_CONFLICT,
			    "banned-by-name",
			    "%.*s is banned by name, which would keep nobody "
			    "out of a session that names accounts. Take the "
			    "ban back, and ban the account when the session "
			    "has gone over.",
			    (int)user.n, (const char *)user.p);
out:
	return e;
}

/* Identities of which only the accounts count. */
struct identities {
	struct buf *list; /* owned */
	size_t count;
};

static void identities_clear(struct identities *ids)
{
	for (size_t i = 0; i < ids->count; i++)
		buf_clear(&ids->list[i]);
	free(ids->list);
}

/* The account that is meant by a name here, if one is. */
static enum err put_met(struct device *d, const char *name,
			struct identities *ids)
{
	struct met *met = NULL;
	enum err e = met_find(d, name, &met);

	if (e == ERR_STATE_GONE)
		return ERR_OK;
	TRY(e);
	places_put_leaf(&ids->list[ids->count],
			account_log_fingerprint(met->known->log), 1);
	TRY(buf_end(&ids->list[ids->count++]));
out:
	met_free(met);
	return e;
}

/* The accounts that may be in the next group: this device's, and those of the members
 * as they are known by their names. */
static enum err list_accounts(struct device *d, struct identities *ids)
{
	const json_t *user;
	const char *own;
	size_t i;
	enum err e;

	ids->list =
	    calloc(json_array_size(d->work.users) + 1, sizeof(*ids->list));
	ENSURE(ids->list != NULL, ERR_LOCAL_MEMORY);
	TRY(accounts_own(d, &own));
	buf_put_str(&ids->list[0], own);
	TRY(buf_end(&ids->list[0]));
	ids->count = 1;
	json_array_foreach(d->work.users, i, user)
	    TRY(put_met(d, json_string_value(user), ids));
out:
	return e;
}

static enum err find_leaves(struct device *d, struct check_over *over,
			    const char **wrong)
{
	struct identities ids = { .list = NULL };
	struct span *spans = NULL;
	enum err e;

	TRY(list_accounts(d, &ids));
	spans = calloc(ids.count, sizeof(*spans));
	ENSURE(spans != NULL, ERR_LOCAL_MEMORY);
	for (size_t i = 0; i < ids.count; i++)
		spans[i] = buf_span(&ids.list[i]);
	TRY(session_over_leaves(d->open.session, spans, ids.count, over,
				wrong));
out:
	free(spans);
	identities_clear(&ids);
	return e;
}

/* Those of whom `is` says so, as a person calls them. */
static enum err name_leaves(struct device *d, const struct check_over *over,
			    bool (*is)(const struct check_over *over,
				       const struct mls_member *member),
			    struct buf *names)
{
	const struct mls_group *group = session_group(d->open.session);
	struct mls_member member;
	uint32_t leaf = 0;
	enum err e = ERR_OK;

	while (mls_group_next_member(group, &leaf, &member)) {
		if (!is(over, &member))
			continue;
		if (names->n > 0)
			buf_put_str(names, ", ");
		TRY(names_put(d, member.identity, names));
	}
	TRY(buf_end(names));
out:
	return e;
}

/* As many bytes of a list as a person reads. */
static int shown(const struct buf *names)
{
	return (int)(names->n < NAMES_SHOWN ? names->n : NAMES_SHOWN);
}

/* It does not come along. */
static bool is_missing(const struct check_over *over,
		       const struct mls_member *member)
{
	return check_over_identity(over, member->leaf_index).n == 0;
}

static bool is_parted(const struct check_over *over,
		      const struct mls_member *member)
{
	return over->parted.n > 0 &&
	       span_equal(roles_user(member->identity), over->parted);
}

static enum err refuse_missing(struct device *d, const struct buf *names)
{
	return why_set(
	    &d->work.why, ERR_STATE_PENDING, "accounts-missing",
	    "This session goes over to accounts when the key of each member's "
	    "device stands in the log of its account. Of these it does not, as "
	    "far as the server shows: %.*s. Each of them runs a present "
	    "version of Hermetic once, or is removed.",
	    shown(names), (const char *)names->p);
}

static enum err refuse_parted(struct device *d, const struct buf *names)
{
	return why_set(&d->work.why, ERR_STATE_CONFLICT, "two-accounts",
		       "This session cannot go over to accounts: these devices "
		       "have one user name, and are of two accounts: %.*s. "
		       "Those of one of the two are removed first.",
		       shown(names), (const char *)names->p);
}

static enum err refuse(struct device *d, const struct check_over *over,
		       const char *wrong)
{
	struct buf missing = BUF_INIT, parted = BUF_INIT;
	enum err e;

	TRY(name_leaves(d, over, is_missing, &missing));
	TRY(name_leaves(d, over, is_parted, &parted));
	if (missing.n > 0)
		e = refuse_missing(d, &missing);
	else if (parted.n > 0)
		e = refuse_parted(d, &parted);
	else
		e = why_set(&d->work.why, ERR_PEER_INVALID, "accounts-missing",
			    "This session cannot go over to accounts: %s.",
			    wrong);
out:
	buf_clear(&missing);
	buf_clear(&parted);
	return e;
}

static bool has(const struct check_over *over, struct span identity)
{
	for (size_t i = 0; i < over->count; i++)
		if (span_equal(span_str(over->list[i].identity), identity))
			return true;
	return false;
}

static bool is_guest(const struct guests *guests, struct span identity)
{
	for (size_t i = 0; i < guests->count; i++)
		if (span_equal(buf_span(&guests->list[i].identity), identity))
			return true;
	return false;
}

/* Every device but this one has to be added by a KeyPackage. */
static enum err check_packages(struct device *d, const struct check_over *over,
			       const struct guests *guests, const char *own)
{
	struct buf names = BUF_INIT;
	enum err e = ERR_OK;

	for (size_t i = 0; i < over->count; i++) {
		struct span identity = span_str(over->list[i].identity);

		if (span_equal(identity, span_str(own)) ||
		    is_guest(guests, identity))
			continue;
		if (names.n > 0)
			buf_put_str(&names, ", ");
		TRY(names_put(d, identity, &names));
	}
	TRY(buf_end(&names));
	if (names.n > 0)
		e = why_set(
		    &d->work.why, ERR_STATE_PENDING, "key-packages-missing",
		    "The server has no KeyPackages of %.*s: such a device "
		    "publishes some when it joins a session, or in a "
		    "chat. Remove who does not come any more, or try "
		    "again later.",
		    shown(&names), (const char *)names.p);
out:
	buf_clear(&names);
	return e;
}

enum err over_keep(struct device *d, struct guests *guests)
{
	struct check_over over = { .list = NULL };
	const char *wrong = NULL, *own;
	enum err e;

	TRY(check_owner(d));
	TRY(check_bans(d));
	TRY(accounts_own(d, &own));
	TRY(find_leaves(d, &over, &wrong));
	if (wrong != NULL)
		TRY(refuse(d, &over, wrong));
	for (size_t i = guests->count; i-- > 0;)
		if (!has(&over, buf_span(&guests->list[i].identity)))
			guests_drop(guests, i);
	TRY(check_packages(d, &over, guests, own));
out:
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
		if (json_object_get(keys, (const char *)hex.p) != NULL &&
		    !FAULT(OVER_FORGETS_SHOWN))
			TRY(people_show(m, member.identity,
					member.signature_key));
	}
out:
	buf_clear(&hex);
	return e;
}
