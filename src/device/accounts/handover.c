#include "device/accounts/handover.h"

#include "device/accounts/approval.h"
#include "device/accounts/blocks.h"
#include "device/accounts/branches.h"
#include "device/accounts/own_log.h"
#include "device/accounts/verified.h"
#include "wire/places.h"

#include <stdio.h>
#include <string.h>

#define PEOPLE "people"
#define COMING "coming"
#define NAME_MAX_BYTES 160
#define FINGERPRINT_DIGITS 64

/* What goes, and how much of it fits. */
struct parcel {
	json_t *names, *accounts, *branches, *pins,
	    *sessions; /* borrowed from the whole */
	size_t left;   /* bytes */
};

/* ---- the names ---- */

static enum err load_people(struct device *d, json_t **people)
{
	enum err e = record_get(core_store(d), PEOPLE, people);

	if (e == ERR_STATE_GONE)
		*people = json_array();
	else if (e != ERR_OK)
		return e;
	return json_is_array(*people) ? ERR_OK : ERR_PEER_MALFORMED;
}

static bool has_text(const json_t *list, const char *text)
{
	const json_t *row;
	size_t i;

	json_array_foreach(list, i, row) if (json_is_string(row) &&
					     strcmp(json_string_value(row),
						    text) == 0) return true;
	return false;
}

enum err handover_note(struct device *d, const char *username)
{
	json_t *people = NULL;
	enum err e;

	TRY(load_people(d, &people));
	if (has_text(people, username))
		goto out;
	ENSURE(json_array_append_new(people, json_string(username)) == 0,
	       ERR_LOCAL_MEMORY);
	TRY(record_put(core_store(d), PEOPLE, people));
out:
	json_decref(people);
	return e;
}

/* Those of before there was that list, and the devices: the members of the
 * sessions. */
static enum err add_members(struct device *d, const char *session,
			    json_t *people, json_t *devices,
			    struct parcel *parcel)
{
	struct mls_member member;
	uint32_t leaf = 0;
	enum err e = core_load(d, session);

	if (err_class(e) != ERR_CLASS_LOCAL && e != ERR_OK)
		return ERR_OK; /* one that cannot be read */
	TRY(e);
	if (session_member(d->open.session) && parcel->left > 40) {
		(void)json_array_append_new(parcel->sessions,
					    json_string(session));
		parcel->left -= 40;
	}
	while (mls_group_next_member(session_group(d->open.session), &leaf,
				     &member)) {
		struct span user = roles_user(member.identity);
		char name[DEVICE_NAME_SIZE], identity[NAME_MAX_BYTES];

		if (user.n >= sizeof(name) ||
		    member.identity.n >= sizeof(identity))
			continue;
		memset(name, 0, sizeof(name));
		memcpy(name, user.p, user.n);
		memset(identity, 0, sizeof(identity));
		memcpy(identity, member.identity.p, member.identity.n);
		if (!has_text(people, name))
			(void)json_array_append_new(people, json_string(name));
		(void)json_object_set_new(devices, identity, json_true());
	}
out:
	return e;
}

/* ---- packing ---- */

/* Puts a copy of the record into `into`, if it is there and fits. */
static enum err pack(struct device *d, const char *prefix, const char *key,
		     json_t *into, struct parcel *parcel, json_t **record)
{
	char name[NAME_MAX_BYTES + 16];
	struct buf text = BUF_INIT;
	json_t *found = NULL;
	enum err e;

	*record = NULL;
	(void)snprintf(name, sizeof(name), "%s%s", prefix, key);
	e = record_get(core_store(d), name, &found);
	if (e == ERR_STATE_GONE || json_object_get(into, key) != NULL) {
		e = e == ERR_STATE_GONE ? ERR_OK : e;
		goto out;
	}
	TRY(e);
	TRY(record_print(found, &text));
	if (text.n + strlen(key) + 8 > parcel->left)
		goto out;
	parcel->left -= text.n + strlen(key) + 8;
	ENSURE(json_object_set(into, key, found) == 0, ERR_LOCAL_MEMORY);
	*record = json_object_get(into, key);
out:
	json_decref(found);
	buf_clear(&text);
	return e;
}

/* The account that a name means, with its name; `compared`: only one that was. */
static enum err pack_person(struct device *d, const char *name, bool compared,
			    struct parcel *parcel)
{
	char account[FINGERPRINT_DIGITS + 16];
	json_t *meant = NULL, *record = NULL, *ignored;
	const char *fingerprint;
	enum err e;

	(void)snprintf(account, sizeof(account), "name/%s", name);
	e = record_get(core_store(d), account, &meant);
	if (e == ERR_STATE_GONE)
		return ERR_OK;
	TRY(e);
	fingerprint = record_string(meant, "fingerprint");
	ENSURE(fingerprint != NULL && strlen(fingerprint) == FINGERPRINT_DIGITS,
	       ERR_PEER_MALFORMED);
	(void)snprintf(account, sizeof(account), "account/%s", fingerprint);
	e = record_get(core_store(d), account, &record);
	if (e == ERR_STATE_GONE ||
	    (e == ERR_OK &&
	     (record_number_or_0(record, "compared") > 0) != compared)) {
		e = ERR_OK;
		goto out;
	}
	TRY(e);
	TRY(pack(d, "account/", fingerprint, parcel->accounts, parcel,
		 &ignored));
	if (json_object_get(parcel->accounts, fingerprint) != NULL)
		TRY(pack(d, "name/", name, parcel->names, parcel, &ignored));
out:
	json_decref(meant);
	json_decref(record);
	return e;
}

static enum err pack_people(struct device *d, const json_t *people,
			    bool compared, struct parcel *parcel)
{
	const json_t *name;
	size_t i;
	enum err e = ERR_OK;

	json_array_foreach(people, i, name) if (json_is_string(name) &&
						strlen(json_string_value(
						    name)) < DEVICE_NAME_SIZE)
	    TRY(pack_person(d, json_string_value(name), compared, parcel));
out:
	return e;
}

static enum err pack_branches_of(struct device *d, struct span fingerprint,
				 const char *name, struct parcel *parcel)
{
	struct buf text = BUF_INIT;
	json_t *record = NULL;
	size_t around = strlen(name) + 24;
	enum err e = ERR_OK;

	if (parcel->left < around)
		goto out;
	TRY(branches_pack(d, fingerprint, parcel->left - around, &record));
	if (record == NULL)
		goto out;
	TRY(record_print(record, &text));
	parcel->left -= text.n + around - 16;
	ENSURE(json_object_set(parcel->branches, name, record) == 0,
	       ERR_LOCAL_MEMORY);
out:
	buf_clear(&text);
	json_decref(record);
	return e;
}

/* A session may be at a place of a branch of its own account, too. */
static enum err pack_own_branches(struct device *d, struct parcel *parcel)
{
	struct own_log *own = NULL;
	struct account_place place;
	struct buf name = BUF_INIT;
	enum err e;

	TRY(own_log_load(d, &own));
	account_log_place(own->known->log, &place);
	if (place.number == 0)
		goto out;
	text_put_hex(&name, account_log_fingerprint(own->known->log));
	buf_put_u8(&name, 0);
	TRY(buf_end(&name));
	TRY(pack_branches_of(d, account_log_fingerprint(own->known->log),
			     (const char *)name.p, parcel));
out:
	buf_clear(&name);
	own_log_free(own);
	return e;
}

/* Of those accounts that go along. */
static enum err pack_branches(struct device *d, struct parcel *parcel)
{
	struct buf fingerprint = BUF_INIT;
	const char *name;
	json_t *record;
	enum err e;

	TRY(pack_own_branches(d, parcel));
	json_object_foreach(parcel->accounts, name, record)
	{
		buf_reset(&fingerprint);
		TRY(text_hex(&fingerprint, span_str(name)));
		TRY(buf_end(&fingerprint));
		TRY(pack_branches_of(d, buf_span(&fingerprint), name, parcel));
	}
out:
	buf_clear(&fingerprint);
	return e;
}

static enum err pack_all(struct device *d, struct parcel *parcel)
{
	json_t *people = NULL, *devices = json_object(), *ids = NULL;
	json_t *ignored, *row;
	const json_t *id;
	const char *identity;
	size_t i;
	enum err e;

	ENSURE(devices != NULL, ERR_LOCAL_MEMORY);
	TRY(load_people(d, &people));
	TRY(membership_list(core_store(d), &ids));
	json_array_foreach(ids, i, id)
	    TRY(add_members(d, json_string_value(id), people, devices, parcel));
	TRY(pack_people(d, people, true, parcel));
	TRY(pack_people(d, people, false, parcel));
	TRY(pack_branches(d, parcel));
	json_object_foreach(devices, identity, row)
	    TRY(pack(d, "pin/", identity, parcel->pins, parcel, &ignored));
out:
	json_decref(people);
	json_decref(devices);
	json_decref(ids);
	return e;
}

/* What the person wishes: few and short, so it goes first. */
static enum err pack_wishes(struct device *d, json_t *whole,
			    struct parcel *parcel)
{
	struct buf text = BUF_INIT;
	json_t *blocks = NULL;
	bool verified_only;
	enum err e;

	TRY(verified_wish(d, &verified_only));
	if (verified_only)
		ENSURE(json_object_set_new(whole, "verified_only",
					   json_true()) == 0,
		       ERR_LOCAL_MEMORY);
	TRY(blocks_give(d, &blocks));
	TRY(record_print(blocks, &text));
	if (text.n + 16 > parcel->left / 2)
		goto out;
	parcel->left -= text.n + 16;
	ENSURE(json_object_set(whole, "blocks", blocks) == 0, ERR_LOCAL_MEMORY);
out:
	json_decref(blocks);
	buf_clear(&text);
	return e;
}

enum err handover_make(struct device *d, size_t most, struct buf *json)
{
	struct parcel parcel = { json_object(), json_object(), json_object(),
				 json_object(), json_array(),  most - 128 };
	json_t *whole = json_pack(
	    "{s:i, s:o, s:o, s:o, s:o, s:o}", "version", 1, "names",
	    parcel.names, "accounts", parcel.accounts, "branches",
	    parcel.branches, "pins", parcel.pins, "sessions", parcel.sessions);
	enum err e;

	ENSURE(whole != NULL && most > 128, ERR_LOCAL_MEMORY);
	TRY(pack_wishes(d, whole, &parcel));
	TRY(pack_all(d, &parcel));
	TRY(record_print(whole, json));
out:
	json_decref(whole);
	return e;
}

/* ---- unpacking ---- */

static enum err unpack(struct device *d, const char *prefix,
		       const json_t *records, size_t longest)
{
	char name[NAME_MAX_BYTES + 16];
	json_t *record, *known;
	const char *key;
	enum err e = ERR_OK;

	json_object_foreach((json_t *)(uintptr_t)records, key, record)
	{
		if (!json_is_object(record) || strlen(key) > longest)
			continue;
		(void)snprintf(name, sizeof(name), "%s%s", prefix, key);
		known = NULL;
		e = record_get(core_store(d), name, &known);
		json_decref(known);
		if (e == ERR_STATE_GONE)
			e = record_put(core_store(d), name, record);
		TRY(e);
	}
out:
	return e;
}

static enum err take_branches(struct device *d, const json_t *branches)
{
	struct buf fingerprint = BUF_INIT;
	json_t *record;
	const char *name;
	enum err e = ERR_OK;

	json_object_foreach((json_t *)(uintptr_t)branches, name, record)
	{
		buf_reset(&fingerprint);
		if (!places_is_account(span_str(name)) ||
		    text_hex(&fingerprint, span_str(name)) != ERR_OK)
			continue;
		TRY(buf_end(&fingerprint));
		TRY(branches_unpack(d, buf_span(&fingerprint), record));
	}
out:
	buf_clear(&fingerprint);
	return e;
}

/* The ids of them that are some. */
static enum err take_sessions(struct device *d, const json_t *list)
{
	json_t *coming = json_array();
	const json_t *id;
	size_t i;
	enum err e;

	ENSURE(coming != NULL, ERR_LOCAL_MEMORY);
	json_array_foreach(list, i, id)
	{
		if (!json_is_string(id) ||
		    !uuid_is_text(span_str(json_string_value(id))))
			continue;
		ENSURE(json_array_append(coming, (json_t *)(uintptr_t)id) == 0,
		       ERR_LOCAL_MEMORY);
	}
	TRY(record_put(core_store(d), COMING, coming));
out:
	json_decref(coming);
	return e;
}

enum err handover_take(struct device *d, struct span json)
{
	json_t *whole = json_loadb((const char *)json.p, json.n,
				   JSON_REJECT_DUPLICATES, NULL);
	json_t *record;
	const char *name;
	enum err e;

	ENSURE(json_is_object(whole) &&
		   record_number_or_0(whole, "version") == 1,
	       ERR_PEER_MALFORMED);
	TRY(unpack(d, "account/", json_object_get(whole, "accounts"),
		   FINGERPRINT_DIGITS));
	TRY(grown_note_all(d));
	TRY(unpack(d, "name/", json_object_get(whole, "names"),
		   DEVICE_NAME_SIZE - 1));
	TRY(unpack(d, "pin/", json_object_get(whole, "pins"),
		   NAME_MAX_BYTES - 1));
	TRY(take_branches(d, json_object_get(whole, "branches")));
	TRY(take_sessions(d, json_object_get(whole, "sessions")));
	TRY(blocks_take(d, json_object_get(whole, "blocks")));
	if (json_is_true(json_object_get(whole, "verified_only")))
		TRY(verified_set_wish(d, true));
	json_object_foreach(json_object_get(whole, "names"), name, record)
	{
		if (strlen(name) < DEVICE_NAME_SIZE)
			TRY(handover_note(d, name));
	}
out:
	json_decref(whole);
	return e;
}

/* ---- sessions that are to come ---- */

enum err device_coming(struct device *device, struct buf *json)
{
	json_t *coming = NULL;
	enum err e = record_get(core_store(device), COMING, &coming);

	if (e == ERR_STATE_GONE)
		coming = json_array();
	else
		TRY(e);
	ENSURE(coming != NULL, ERR_LOCAL_MEMORY);
	TRY(record_print(coming, json));
out:
	json_decref(coming);
	return e;
}

enum err device_has_come(struct device *device)
{
	const struct device_store *store = core_store(device);
	enum err e;

	if (device->work.running)
		return ERR_STATE_PENDING;
	TRY(core_begin(device));
	TRY(store->remove(store->context, COMING));
	TRY(core_commit(device));
out:
	core_rollback(device);
	return e;
}
