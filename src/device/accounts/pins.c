#include "device/accounts/pins.h"

#include "base/digest.h"
#include "base/fault.h"
#include "crypto/hash.h"

#include <stdio.h>
#include <string.h>

#define NAME_SIZE 160

/* The keys that were offered in place of known ones: {"pin/IDENTITY": {SCHEME:
 * key}}. A device whose key was replaced stays there, without a key: the one of
 * before may stand in other sessions. */
#define CHANGED "pins-changed"

/* What a log says of a key needs no pin. */
static bool is_in_log(struct span identity)
{
	return places_is_account(roles_user(identity));
}

static bool make_name(struct span identity, char name[NAME_SIZE])
{
	int n = snprintf(name, NAME_SIZE, "pin/%.*s", (int)identity.n,
			 identity.n > 0 ? (const char *)identity.p : "");

	return n > 0 && n < NAME_SIZE;
}

static enum err find(struct device *d, const char *scheme, struct span identity,
		     json_t **record, struct buf *key)
{
	char name[NAME_SIZE];
	const char *hex;
	enum err e;

	ENSURE(make_name(identity, name), ERR_PEER_TOO_LARGE);
	TRY(record_get(core_store(d), name, record));
	hex = record_string(*record, scheme);
	ENSURE(hex != NULL, ERR_STATE_GONE);
	TRY(text_hex(key, span_str(hex)));
	TRY(buf_end(key));
out:
	return e;
}

enum err pins_fingerprint(struct span key, char out[PINS_FINGERPRINT])
{
	struct buf hex = BUF_INIT;
	struct digest digest;
	enum err e;

	TRY(hash_one(key, digest.bytes));
	text_put_hex(&hex, span_of(digest.bytes, (PINS_FINGERPRINT - 1) / 2));
	buf_put_u8(&hex, 0);
	TRY(buf_end(&hex));
	memcpy(out, hex.p, PINS_FINGERPRINT);
out:
	buf_clear(&hex);
	return e;
}

/* ---- keys that were offered ---- */

static enum err load_changed(struct device *d, json_t **changed)
{
	enum err e = record_get(core_store(d), CHANGED, changed);

	if (e != ERR_STATE_GONE)
		return e;
	*changed = json_object();
	return *changed != NULL ? ERR_OK : ERR_LOCAL_MEMORY;
}

/* The last one that was offered counts: the person is shown that one. */
static enum err note_offered(struct device *d, const char *scheme,
			     struct span identity, struct span key)
{
	json_t *changed = NULL, *row = json_object();
	char name[NAME_SIZE];
	enum err e;

	ENSURE(row != NULL && make_name(identity, name), ERR_LOCAL_MEMORY);
	TRY(load_changed(d, &changed));
	if (json_object_get(changed, name) != NULL)
		(void)json_object_update(row, json_object_get(changed, name));
	TRY(record_set_hex(row, scheme, key));
	ENSURE(json_object_set(changed, name, row) == 0, ERR_LOCAL_MEMORY);
	TRY(record_put(core_store(d), CHANGED, changed));
out:
	json_decref(row);
	json_decref(changed);
	return e;
}

static void say(struct device *d, const char *what, struct span identity)
{
	(void)why_set_about(
	    &d->work.why, roles_user(identity), ERR_PEER_INVALID, "key-changed",
	    "%s: the device %.*s has another key than the one that this device "
	    "knows. A device that was set up anew has a new id, so perhaps "
	    "somebody stands between, or did when you met. Compare the keys "
	    "before you accept the new one; a device that is not theirs is "
	    "removed.",
	    what, (int)identity.n, (const char *)identity.p);
}

static enum err find_other(struct device *d, const struct suite *suite,
			   struct span identity, struct span key, bool note,
			   bool *other)
{
	json_t *record = NULL;
	struct buf known = BUF_INIT;
	enum err e = is_in_log(identity)
			 ? ERR_STATE_GONE
			 : find(d, suite->signature, identity, &record, &known);

	*other = false;
	if (e == ERR_STATE_GONE || FAULT(KEYS_UNPINNED)) {
		e = ERR_OK;
	} else if (e == ERR_OK && !span_equal(buf_span(&known), key)) {
		*other = true;
		if (note)
			e = note_offered(d, suite->signature, identity, key);
	}
	json_decref(record);
	buf_clear(&known);
	return e;
}

enum err pins_check(struct device *d, const struct suite *suite,
		    struct span identity, struct span key, const char *what,
		    bool note)
{
	bool other;
	enum err e;

	TRY(find_other(d, suite, identity, key, note, &other));
	if (other)
		say(d, what, identity);
	e = other ? ERR_PEER_INVALID : ERR_OK;
out:
	return e;
}

enum err pins_end(struct device *d, enum err e)
{
	if (e != ERR_PEER_INVALID ||
	    strcmp(d->work.why.slug, "key-changed") != 0)
		return e;
	d->work.halted = true;
	d->work.outcome.result = e;
	return ERR_OK;
}

/* ---- keys that are known ---- */

enum err pins_note(struct device *d, const struct suite *suite,
		   struct span identity, struct span key)
{
	json_t *record = NULL;
	struct buf known = BUF_INIT;
	char name[NAME_SIZE];
	enum err e;

	/* a name that no device can have stands in nobody's way */
	if (is_in_log(identity) || !make_name(identity, name))
		return ERR_OK;
	e = find(d, suite->signature, identity, &record, &known);
	if (e == ERR_OK && !span_equal(buf_span(&known), key))
		e = note_offered(d, suite->signature, identity, key);
	if (e != ERR_STATE_GONE)
		goto out;
	if (record == NULL)
		record = json_object();
	TRY(record_set_hex(record, suite->signature, key));
	e = record_put(core_store(d), name, record);
out:
	json_decref(record);
	buf_clear(&known);
	return e;
}

enum err pins_note_members(struct device *d)
{
	const struct suite *suite = session_suite(d->open.session);
	struct mls_member member;
	uint32_t leaf = 0;
	enum err e = ERR_OK;

	while (mls_group_next_member(session_group(d->open.session), &leaf,
				     &member))
		TRY(pins_note(d, suite, member.identity, member.signature_key));
out:
	return e;
}

/* Of one member as ever; more of them in one sentence, as many as it holds. */
static void say_all(struct device *d, const json_t *others)
{
	const char *what = "What was said is kept";
	char list[200] = "";
	const json_t *identity;
	size_t i, n = 0;

	if (json_array_size(others) == 1) {
		say(d, what,
		    span_str(json_string_value(json_array_get(others, 0))));
		return;
	}
	json_array_foreach(others, i, identity)
	{
		const char *text = json_string_value(identity);

		if (n + strlen(text) + sizeof(", \xe2\x80\xa6") >
		    sizeof(list)) {
			(void)snprintf(list + n, sizeof(list) - n,
				       ", \xe2\x80\xa6");
			break;
		}
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s",
				      i > 0 ? ", " : "", text);
	}
	(void)why_set(
	    &d->work.why, ERR_PEER_INVALID, "key-changed",
	    "%s: %zu devices have other keys than those that this device "
	    "knows: %s. Perhaps somebody stands between, or did when you met. "
	    "Compare the keys, person by person, before you accept the new "
	    "ones; devices that are not theirs are removed.",
	    what, json_array_size(others), list);
}

/* Only who was offered with another key is looked at, and each of them: the person
 * is told of all, and what is noted is the key that the session has. (`changed`
 * is a copy: the record may change.) */
enum err pins_find_changed(struct device *d, bool *there)
{
	const struct suite *suite = session_suite(d->open.session);
	json_t *changed = NULL, *others = json_array(), *row;
	const char *name;
	bool other;
	enum err e;

	*there = false;
	ENSURE(others != NULL, ERR_LOCAL_MEMORY);
	TRY(load_changed(d, &changed));
	json_object_foreach(changed, name, row)
	{
		struct span identity = span_str(name + strlen("pin/"));
		struct mls_member member;

		if (span_equal(identity, span_str(core_self(d))) ||
		    !session_find(d->open.session, identity, &member))
			continue;
		TRY(find_other(d, suite, identity, member.signature_key, true,
			       &other));
		if (other)
			ENSURE(json_array_append_new(
				   others,
				   json_string(name + strlen("pin/"))) == 0,
			       ERR_LOCAL_MEMORY);
	}
	*there = json_array_size(others) > 0;
	if (*there)
		say_all(d, others);
out:
	json_decref(others);
	json_decref(changed);
	return e;
}

/* ---- what the person says to that ---- */

static bool is_of(const char *name, const char *user)
{
	size_t n = strlen(user);

	name += strlen("pin/");
	return strncmp(name, user, n) == 0 && name[n] == '/';
}

static enum err list_key(struct device *d, const char *name, const char *scheme,
			 const char *hex, json_t *list)
{
	const char *identity = name + strlen("pin/");
	const char *slash = strchr(identity, '/');
	char known[PINS_FINGERPRINT], offered[PINS_FINGERPRINT];
	struct buf old = BUF_INIT, key = BUF_INIT;
	json_t *record = NULL;
	enum err e;

	TRY(find(d, scheme, span_str(identity), &record, &old));
	TRY(text_hex(&key, span_str(hex)));
	TRY(buf_end(&key));
	if (span_equal(buf_span(&old), buf_span(&key)))
		goto out;
	TRY(pins_fingerprint(buf_span(&old), known));
	TRY(pins_fingerprint(buf_span(&key), offered));
	ENSURE(json_array_append_new(
		   list, json_pack("{s:s%, s:s, s:s, s:s, s:s}", "username",
				   identity, (size_t)(slash - identity),
				   "device_id", slash + 1, "scheme", scheme,
				   "known", known, "offered", offered)) == 0,
	       ERR_LOCAL_MEMORY);
out:
	json_decref(record);
	buf_clear(&old);
	buf_clear(&key);
	return e == ERR_STATE_GONE ? ERR_OK : e;
}

enum err pins_list_changed(struct device *d, const char *user, json_t *list)
{
	json_t *changed = NULL, *row, *hex;
	const char *name, *scheme;
	enum err e;

	TRY(load_changed(d, &changed));
	json_object_foreach(changed, name, row)
	{
		if (!is_of(name, user))
			continue;
		json_object_foreach(row, scheme, hex) TRY(
		    list_key(d, name, scheme, json_string_value(hex), list));
	}
out:
	json_decref(changed);
	return e;
}

static enum err fingerprint_of(const char *hex, char out[PINS_FINGERPRINT])
{
	struct buf key = BUF_INIT;
	enum err e;

	TRY(text_hex(&key, span_str(hex)));
	TRY(buf_end(&key));
	TRY(pins_fingerprint(buf_span(&key), out));
out:
	buf_clear(&key);
	return e;
}

static bool is_given(const char *const *list, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], text) == 0)
			return true;
	return false;
}

/* Takes those of one device that are given out of `row`, and into its pin. */
static enum err accept_keys(struct device *d, const char *name, json_t *row,
			    const char *const *fingerprints, size_t count,
			    size_t *accepted)
{
	char fingerprint[PINS_FINGERPRINT];
	json_t *record = NULL, *hex;
	const char *scheme;
	void *next;
	enum err e;

	TRY(record_get(core_store(d), name, &record));
	json_object_foreach_safe(row, next, scheme, hex)
	{
		TRY(fingerprint_of(json_string_value(hex), fingerprint));
		if (!is_given(fingerprints, count, fingerprint))
			continue;
		ENSURE(json_object_set(record, scheme, hex) == 0,
		       ERR_LOCAL_MEMORY);
		(void)json_object_del(row, scheme);
		(*accepted)++;
	}
	TRY(record_put(core_store(d), name, record));
out:
	json_decref(record);
	return e;
}

enum err pins_accept(struct device *d, const char *user,
		     const char *const *fingerprints, size_t count,
		     size_t *accepted)
{
	json_t *changed = NULL, *row;
	const char *name;
	void *next;
	enum err e;

	*accepted = 0;
	TRY(load_changed(d, &changed));
	json_object_foreach_safe(changed, next, name, row)
	{
		if (!is_of(name, user))
			continue;
		TRY(accept_keys(d, name, row, fingerprints, count, accepted));
	}
	TRY(record_put(core_store(d), CHANGED, changed));
out:
	json_decref(changed);
	return e;
}
