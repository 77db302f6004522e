#include "device/pins.h"

#include "base/fault.h"

#include <stdio.h>

#define NAME_SIZE 160

static bool make_name(struct span identity, char name[NAME_SIZE])
{
	int n = snprintf(name, NAME_SIZE, "pin/%.*s", (int)identity.n,
			 identity.n > 0 ? (const char *)identity.p : "");

	return n > 0 && n < NAME_SIZE;
}

static enum err find(struct device *d, const struct suite *suite,
		     struct span identity, json_t **record, struct buf *key)
{
	char name[NAME_SIZE];
	const char *hex;
	enum err e;

	ENSURE(make_name(identity, name), ERR_PEER_TOO_LARGE);
	TRY(record_get(core_store(d), name, record));
	hex = record_string(*record, suite->signature);
	ENSURE(hex != NULL, ERR_STATE_GONE);
	TRY(text_hex(key, span_str(hex)));
	TRY(buf_end(key));
out:
	return e;
}

enum err pins_check(struct device *d, const struct suite *suite,
		    struct span identity, struct span key)
{
	json_t *record = NULL;
	struct buf known = BUF_INIT;
	enum err e = find(d, suite, identity, &record, &known);

	if (e == ERR_OK && !FAULT(KEYS_UNPINNED) &&
	    !span_equal(buf_span(&known), key))
		e = why_set(&d->work.why, ERR_PEER_INVALID, "key-changed",
			    "The server delivered another key for the device "
			    "%.*s than the one that this device knows. Nothing "
			    "was done. A device that was set up anew has a new "
			    "id, and the old one is to be revoked.",
			    (int)identity.n, (const char *)identity.p);
	else if (e == ERR_STATE_GONE)
		e = ERR_OK;
	json_decref(record);
	buf_clear(&known);
	return e;
}

enum err pins_note(struct device *d, const struct suite *suite,
		   struct span identity, struct span key)
{
	json_t *record = NULL;
	struct buf known = BUF_INIT;
	char name[NAME_SIZE];
	enum err e;

	/* a name that no device can have stands in nobody's way */
	if (!make_name(identity, name))
		return ERR_OK;
	e = find(d, suite, identity, &record, &known);
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
