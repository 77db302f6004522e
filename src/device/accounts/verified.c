#include "device/accounts/verified.h"

#include "base/fault.h"
#include "device/accounts/names.h"
#include "device/record.h"

#include <string.h>

#define RECORD "verified_only"

enum { NAMES_SHOWN = 300 }; /* characters: the sentence is cut there */

/* What is known is remembered: a history has many lines by few people. */
static enum err find_trust(struct device *d, struct span user,
			   enum met_trust *trust)
{
	struct buf fingerprint = BUF_INIT;
	struct met *met = NULL;
	enum err e;

	TRY(text_hex(&fingerprint, user));
	TRY(buf_end(&fingerprint));
	e = met_load(d, buf_span(&fingerprint), &met);
	if (e == ERR_OK)
		*trust = met_trust(met);
	else if (e == ERR_STATE_GONE)
		e = ERR_OK;
	TRY(e);
	if (d->trusts == NULL)
		d->trusts = json_object();
	ENSURE(json_object_setn_new(d->trusts, (const char *)user.p, user.n,
				    json_integer(*trust)) == 0,
	       ERR_LOCAL_MEMORY);
out:
	met_free(met);
	buf_clear(&fingerprint);
	return e;
}

enum err verified_user(struct device *d, struct span user,
		       enum met_trust *trust)
{
	const json_t *known;

	*trust = MET_UNCOMPARED;
	if (!places_is_account(user))
		return ERR_OK;
	known = d->trusts != NULL
		    ? json_object_getn(d->trusts, (const char *)user.p, user.n)
		    : NULL;
	if (known == NULL)
		return find_trust(d, user, trust);
	*trust = (enum met_trust)json_integer_value(known);
	return ERR_OK;
}

enum err verified_put(struct device *d, struct span user, json_t *object)
{
	enum met_trust trust;
	enum err e;

	if (names_is_own(d, user))
		return ERR_OK;
	TRY(verified_user(d, user, &trust));
	ENSURE(json_object_set_new(object, "compared",
				   json_string(met_trust_text(trust))) == 0,
	       ERR_LOCAL_MEMORY);
out:
	return e;
}

/* ---- the wish ---- */

enum err verified_wish(struct device *d, bool *on)
{
	json_t *record = NULL;
	enum err e = record_get(core_store(d), RECORD, &record);

	*on = e == ERR_OK && json_is_true(json_object_get(record, "on"));
	json_decref(record);
	return e == ERR_STATE_GONE ? ERR_OK : e;
}

enum err device_verified_only(struct device *device, bool *on)
{
	enum err e;

	*on = false;
	TRY(core_begin(device));
	e = verified_wish(device, on);
	core_end_reading(device);
out:
	return e;
}

enum err verified_set_wish(struct device *d, bool on)
{
	json_t *record = json_pack("{s:b}", "on", (int)on);
	enum err e;

	ENSURE(record != NULL, ERR_LOCAL_MEMORY);
	TRY(record_put(core_store(d), RECORD, record));
out:
	json_decref(record);
	return e;
}

enum err device_set_verified_only(struct device *device, bool on)
{
	enum err e;

	if (device->work.running)
		return ERR_STATE_PENDING;
	TRY(core_begin(device));
	TRY(verified_set_wish(device, on));
	TRY(core_commit(device));
out:
	core_rollback(device);
	return e;
}

/* ---- holding ---- */

static enum err put_name(struct device *d, struct span user, struct buf *names)
{
	struct buf name = BUF_INIT;
	enum err e;

	TRY(names_put_user(d, user, &name));
	TRY(buf_end(&name));
	if (names->n > 0)
		buf_put_str(names, ", ");
	buf_put(names, buf_span(&name));
out:
	buf_clear(&name);
	return e;
}

/* Each account once: leaves of one need not stand together. */
static bool is_first(const struct mls_group *group,
		     const struct mls_member *member)
{
	struct mls_member other;
	uint32_t leaf = 0;

	return mls_group_next_of(group, roles_user(member->identity), &leaf,
				 &other) &&
	       other.leaf_index == member->leaf_index;
}

static enum err list_unverified(struct device *d, struct buf *names)
{
	const struct mls_group *group = session_group(d->open.session);
	struct span own = roles_user(span_str(core_self(d)));
	struct mls_member member;
	enum met_trust trust;
	uint32_t leaf = 0;
	enum err e = ERR_OK;

	while (names->n < NAMES_SHOWN &&
	       mls_group_next_member(group, &leaf, &member)) {
		struct span user = roles_user(member.identity);

		if (span_equal(user, own))
			continue;
		TRY(verified_user(d, user, &trust));
		if (trust != MET_COMPARED && is_first(group, &member))
			TRY(put_name(d, user, names));
	}
out:
	return e;
}

/* None where the person writes to everybody. */
static enum err find_unverified(struct device *d, struct buf *names)
{
	bool wanted =
	    json_is_true(json_object_get(d->open.notes, "verified_only")) &&
	    !FAULT(SESSION_WISH_FORGOTTEN);
	enum err e = ERR_OK;

	if (!wanted)
		TRY(verified_wish(d, &wanted));
	if (wanted)
		TRY(list_unverified(d, names));
out:
	return e;
}

enum err verified_lacks(struct device *d, bool *lacks)
{
	struct buf names = BUF_INIT;
	enum err e = find_unverified(d, &names);

	*lacks = names.n > 0;
	buf_clear(&names);
	return e;
}

enum err verified_halt(struct device *d, bool *halted)
{
	struct buf names = BUF_INIT;
	enum err e;

	TRY(find_unverified(d, &names));
	*halted = names.n > 0 && !FAULT(SEALS_FOR_UNVERIFIED);
	buf_put_u8(&names, 0);
	TRY(buf_end(&names));
	if (*halted && !session_has_places(d->open.session))
		work_hold(d, ERR_STATE_PENDING, "never-verified",
			  "You write to verified people only, and in %s, which "
			  "is of an older version, nobody can be. What you say "
			  "is kept: make a new session for it, or drop it.",
			  d->open.id);
	else if (*halted)
		work_hold(
		    d, ERR_STATE_PENDING, "not-verified",
		    "You write to verified people only, and in %s these are "
		    "not: %.300s. What you say is kept. Compare numbers with "
		    "each, or remove them, and send it then.",
		    d->open.id, (const char *)names.p);
out:
	buf_clear(&names);
	return e;
}
