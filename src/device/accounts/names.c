#include "device/accounts/names.h"

#include "device/accounts/accounts.h"
#include "device/accounts/met.h"

#include <string.h>

#define SHORT 8	 /* digits of a fingerprint behind a name */
#define ALONE 16 /* and without one */

static enum err is_meant(struct device *d, const char *name,
			 struct span fingerprint, bool *meant)
{
	struct met *met = NULL;
	enum err e = met_find(d, name, &met);

	*meant =
	    e == ERR_OK &&
	    span_equal(account_log_fingerprint(met->known->log), fingerprint);
	met_free(met);
	return e == ERR_STATE_GONE ? ERR_OK : e;
}

bool names_is_own(struct device *d, struct span user)
{
	const char *identity;

	if (!places_is_account(user))
		return span_equal(user, span_str(d->username));
	return accounts_own(d, &identity) == ERR_OK &&
	       span_equal(roles_user(span_str(identity)), user);
}

/* `hex`: the same fingerprint. */
static enum err find(struct device *d, struct span hex, struct span fingerprint,
		     struct buf *name)
{
	char known[DEVICE_NAME_SIZE];
	bool meant = false;
	enum err e;

	if (names_is_own(d, hex)) {
		buf_put_str(name, d->username);
		return name->fail;
	}
	e = met_name(d, fingerprint, known);
	if (e == ERR_OK) {
		TRY(is_meant(d, known, fingerprint, &meant));
		buf_put_str(name, known);
		if (!meant) {
			buf_put_u8(name, '~');
			buf_put(name, span_of(hex.p, SHORT));
		}
	} else if (e == ERR_STATE_GONE) {
		buf_put_u8(name, '~');
		buf_put(name, span_of(hex.p, ALONE));
		e = ERR_OK;
	}
out:
	return e;
}

/* What was found is remembered: a history has many lines by few people. */
static enum err remember(struct device *d, struct span user, struct span name)
{
	if (d->names == NULL)
		d->names = json_object();
	return d->names != NULL &&
		       json_object_setn_new(
			   d->names, (const char *)user.p, user.n,
			   json_stringn((const char *)name.p, name.n)) == 0
		   ? ERR_OK
		   : ERR_LOCAL_MEMORY;
}

enum err names_put_user(struct device *d, struct span user, struct buf *name)
{
	struct buf fingerprint = BUF_INIT, found = BUF_INIT;
	const json_t *known;
	enum err e;

	if (!places_is_account(user)) {
		buf_put(name, user);
		return name->fail;
	}
	known = d->names != NULL
		    ? json_object_getn(d->names, (const char *)user.p, user.n)
		    : NULL;
	if (known != NULL) {
		buf_put_str(name, json_string_value(known));
		return name->fail;
	}
	TRY(text_hex(&fingerprint, user));
	TRY(buf_end(&fingerprint));
	TRY(find(d, user, buf_span(&fingerprint), &found));
	TRY(buf_end(&found));
	TRY(remember(d, user, buf_span(&found)));
	buf_put(name, buf_span(&found));
	e = name->fail;
out:
	buf_clear(&fingerprint);
	buf_clear(&found);
	return e;
}

enum err names_put(struct device *d, struct span identity, struct buf *name)
{
	struct span user = roles_user(identity);
	enum err e;

	TRY(names_put_user(d, user, name));
	buf_put(name, span_of(identity.p + user.n, identity.n - user.n));
	e = name->fail;
out:
	return e;
}

bool names_is(struct device *d, struct span identity, const char *whom)
{
	struct span said = span_str(whom);
	struct buf name = BUF_INIT;
	bool is = span_equal(identity, said) ||
		  span_equal(roles_user(identity), said);

	if (!is && names_put(d, identity, &name) == ERR_OK)
		is = span_equal(buf_span(&name), said) ||
		     span_equal(roles_user(buf_span(&name)), said);
	buf_clear(&name);
	return is;
}

struct span names_find_user(struct device *d, const char *user)
{
	struct mls_member member;
	uint32_t leaf = 0;

	while (mls_group_next_member(session_group(d->open.session), &leaf,
				     &member))
		if (strchr(user, '/') == NULL &&
		    names_is(d, member.identity, user))
			return roles_user(member.identity);
	return SPAN_EMPTY;
}

/* Whom the name means already, it goes on meaning. */
static enum err note_name(json_t *map, struct span name, struct span user)
{
	if (json_object_getn(map, (const char *)name.p, name.n) != NULL)
		return ERR_OK;
	return json_object_setn_new(
		   map, (const char *)name.p, name.n,
		   json_stringn((const char *)user.p, user.n)) == 0
		   ? ERR_OK
		   : ERR_LOCAL_MEMORY;
}

enum err names_map(struct device *d, json_t **map)
{
	json_t *made = json_object();
	struct buf name = BUF_INIT;
	struct mls_member member;
	uint32_t leaf = 0;
	enum err e = ERR_OK;

	ENSURE(made != NULL, ERR_LOCAL_MEMORY);
	while (mls_group_next_member(session_group(d->open.session), &leaf,
				     &member)) {
		const struct span user = roles_user(member.identity);

		if (json_object_getn(made, (const char *)user.p, user.n) !=
		    NULL)
			continue; /* another device of that user */
		buf_reset(&name);
		TRY(names_put_user(d, user, &name));
		TRY(note_name(made, buf_span(&name), user));
		TRY(note_name(made, user, user));
	}
	*map = made;
	made = NULL;
out:
	json_decref(made);
	buf_clear(&name);
	return e;
}

struct span names_mean(const json_t *map, const char *user)
{
	const json_t *found = json_object_get(map, user);

	return found != NULL ? span_of(json_string_value(found),
				       json_string_length(found))
			     : SPAN_EMPTY;
}

/* ---- entries ---- */

static enum err dress_text(struct device *d, const json_t *text, json_t **out)
{
	struct buf name = BUF_INIT;
	enum err e;

	*out = NULL;
	TRY(names_put(
	    d, span_of(json_string_value(text), json_string_length(text)),
	    &name));
	*out = json_stringn((const char *)name.p, name.n);
	e = *out != NULL ? ERR_OK : ERR_LOCAL_MEMORY;
out:
	buf_clear(&name);
	return e;
}

static enum err dress_member(struct device *d, json_t *object,
			     const char *member)
{
	const json_t *text = json_object_get(object, member);
	json_t *name;
	enum err e;

	if (!json_is_string(text) || json_string_length(text) == 0)
		return ERR_OK;
	TRY(dress_text(d, text, &name));
	ENSURE(json_object_set_new(object, member, name) == 0,
	       ERR_LOCAL_MEMORY);
out:
	return e;
}

static enum err dress_list(struct device *d, json_t *list)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *text = json_array_get(list, i);
		json_t *name;

		if (json_is_object(text)) {
			TRY(dress_member(d, json_array_get(list, i), "user"));
		} else if (json_string_length(text) > 0) {
			TRY(dress_text(d, text, &name));
			ENSURE(json_array_set_new(list, i, name) == 0,
			       ERR_LOCAL_MEMORY);
		}
	}
out:
	return e;
}

/* {TEXT: [identity…]…} */
static enum err dress_reactions(struct device *d, json_t *reactions)
{
	const char *text;
	json_t *users;
	enum err e = ERR_OK;

	json_object_foreach(reactions, text, users) TRY(dress_list(d, users));
out:
	return e;
}

/* Those of the users of an entry whose account is closed, as far as its log is known
 * here: an entry says what was so when it came. */
static enum err note_closed(struct device *d, struct span user, json_t *closed)
{
	uint8_t fingerprint[ACCOUNT_HASH];
	const struct account_log *log;
	struct span links;
	uint64_t number;
	struct buf leaf = BUF_INIT;
	json_t *text;
	enum err e = ERR_OK;

	if (!places_is_account(user))
		return ERR_OK;
	buf_put(&leaf, user);
	buf_put_str(&leaf, "/1");
	TRY(buf_end(&leaf));
	if (!places_read_leaf(buf_span(&leaf), fingerprint, &number))
		goto out;
	TRY(check_accounts_find(d->accounts, SPAN_ARRAY(fingerprint), &log,
				&links));
	if (log == NULL || account_log_closed(log) == 0)
		goto out;
	text = json_stringn((const char *)user.p, user.n);
	ENSURE(json_array_append_new(closed, text) == 0, ERR_LOCAL_MEMORY);
out:
	buf_clear(&leaf);
	return e;
}

static enum err put_closed(struct device *d, json_t *entry)
{
	const char *kind = record_string(entry, "kind");
	const char *from = record_string(entry, "from");
	const json_t *removed = json_object_get(entry, "removed"), *identity;
	json_t *closed = json_array();
	size_t i;
	enum err e = ERR_OK;

	ENSURE(closed != NULL, ERR_LOCAL_MEMORY);
	if (kind != NULL && from != NULL && strcmp(kind, "departed") == 0)
		TRY(note_closed(d, span_str(from), closed));
	json_array_foreach(removed, i, identity)
	{
		if (json_is_string(identity))
			TRY(note_closed(
			    d,
			    roles_user(span_str(json_string_value(identity))),
			    closed));
	}
	if (json_array_size(closed) > 0)
		ENSURE(json_object_set(entry, "closed", closed) == 0,
		       ERR_LOCAL_MEMORY);
out:
	json_decref(closed);
	return e;
}

enum err names_dress_entry(struct device *d, json_t *entry)
{
	static const char *const texts[] = { "from", "heir" };
	static const char *const lists[] = {
		"added",    "removed", "roles",	    "closed",  "banned",
		"unbanned", "invited", "uninvited", "mentions"
	};
	const char *from = record_string(entry, "from");
	enum err e = ERR_OK;

	if (from != NULL && places_is_account(span_str(from)))
		ENSURE(json_object_set(entry, "account",
				       json_object_get(entry, "from")) == 0,
		       ERR_LOCAL_MEMORY);
	TRY(put_closed(d, entry));
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		TRY(dress_member(d, entry, texts[i]));
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		TRY(dress_list(d, json_object_get(entry, lists[i])));
	TRY(dress_reactions(d, json_object_get(entry, "reactions")));
out:
	return e;
}
