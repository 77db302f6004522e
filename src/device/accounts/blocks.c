#include "device/accounts/blocks.h"

#include "base/fault.h"
#include "device/accounts/met.h"
#include "device/record.h"

#include <stdio.h>
#include <string.h>

#define RECORD "blocks"

enum { FINGERPRINT_DIGITS = 2 * ACCOUNT_HASH };

enum err blocks_give(struct device *d, json_t **blocks)
{
	enum err e = record_get(core_store(d), RECORD, blocks);

	if (e == ERR_STATE_GONE) {
		*blocks = json_object();
		e = *blocks != NULL ? ERR_OK : ERR_LOCAL_MEMORY;
	}
	if (e == ERR_OK && !json_is_object(*blocks)) {
		json_decref(*blocks);
		*blocks = NULL;
		e = ERR_PEER_MALFORMED;
	}
	return e;
}

/* ---- asking ---- */

/* The name under which that fingerprint, or else the name itself, is blocked. */
static const char *find(const json_t *blocks, const char *username,
			const char *fingerprint)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)blocks, name, value)
	{
		const char *text = json_string_value(value);

		if (text == NULL)
			continue;
		if (fingerprint[0] != '\0' && text[0] != '\0'
			? strcmp(text, fingerprint) == 0
			: strcmp(name, username) == 0)
			return name;
	}
	return NULL;
}

bool blocks_has(const json_t *blocks, const char *username,
		const char *fingerprint)
{
	return find(blocks, username, fingerprint) != NULL;
}

static void copy(char out[DEVICE_NAME_SIZE], struct span text)
{
	(void)snprintf(out, DEVICE_NAME_SIZE, "%.*s",
		       (int)(text.n < DEVICE_NAME_SIZE ? text.n : 0),
		       text.n > 0 ? (const char *)text.p : "");
}

/* How a member is looked for: by the fingerprint, and the name that goes with it. */
static enum err name_member(struct device *d, struct span identity,
			    char username[DEVICE_NAME_SIZE],
			    char fingerprint[FINGERPRINT_DIGITS + 1])
{
	struct span user = roles_user(identity);
	uint8_t bytes[ACCOUNT_HASH];
	uint64_t number;
	enum err e;

	username[0] = fingerprint[0] = '\0';
	if (!places_read_leaf(identity, bytes, &number)) {
		copy(username, user);
		return ERR_OK;
	}
	(void)snprintf(fingerprint, FINGERPRINT_DIGITS + 1, "%.*s", (int)user.n,
		       (const char *)user.p);
	e = met_name(d, SPAN_ARRAY(bytes), username);
	return e == ERR_STATE_GONE ? ERR_OK : e;
}

enum err blocks_member(struct device *d, struct span identity,
		       char name[DEVICE_NAME_SIZE], bool *blocked)
{
	char username[DEVICE_NAME_SIZE], fingerprint[FINGERPRINT_DIGITS + 1];
	json_t *blocks = NULL;
	const char *found;
	enum err e;

	*blocked = false;
	TRY(blocks_give(d, &blocks));
	TRY(name_member(d, identity, username, fingerprint));
	found = find(blocks, username, fingerprint);
	*blocked = found != NULL;
	if (found != NULL && name != NULL)
		copy(name, span_str(found));
out:
	json_decref(blocks);
	return e;
}

enum err blocks_check_adder(struct device *d, const char *session,
			    struct span identity)
{
	char name[DEVICE_NAME_SIZE];
	bool blocked;
	enum err e;

	TRY(blocks_member(d, identity, name, &blocked));
	ENSURE(!blocked || FAULT(BLOCKED_BRINGS_IN),
	       why_set_about(&d->work.why, span_str(name), ERR_PEER_DENIED,
			     "blocked",
			     "%s, whom you have blocked, has added this device "
			     "to %s. It was not joined.",
			     name, session));
out:
	return e;
}

/* ---- changing ---- */

static enum err put(struct device *d, json_t *blocks, const char *name,
		    const char *fingerprint)
{
	enum err e;

	ENSURE(json_object_get(blocks, name) != NULL ||
		   json_object_size(blocks) < BLOCKS_MAX,
	       ERR_PEER_TOO_LARGE);
	ENSURE(json_object_set_new(blocks, name, json_string(fingerprint)) == 0,
	       ERR_LOCAL_MEMORY);
	TRY(record_put(core_store(d), RECORD, blocks));
out:
	return e;
}

static enum err block(struct device *d, const char *username)
{
	struct buf fingerprint = BUF_INIT;
	json_t *blocks = NULL;
	struct met *met = NULL;
	enum err e = met_find(d, username, &met);

	if (e == ERR_OK)
		text_put_hex(&fingerprint,
			     account_log_fingerprint(met->known->log));
	else if (e != ERR_STATE_GONE)
		goto out;
	buf_put_u8(&fingerprint, 0);
	TRY(buf_end(&fingerprint));
	TRY(blocks_give(d, &blocks));
	TRY(put(d, blocks, username, (const char *)fingerprint.p));
out:
	json_decref(blocks);
	buf_clear(&fingerprint);
	met_free(met);
	return e;
}

enum err device_block(struct device *device, const char *username)
{
	enum err e;

	if (device->work.running)
		return ERR_STATE_PENDING;
	TRY(core_begin(device));
	TRY(block(device, username));
	TRY(core_commit(device));
out:
	core_rollback(device);
	return e;
}

enum err device_unblock(struct device *device, const char *username)
{
	json_t *blocks = NULL;
	enum err e;

	if (device->work.running)
		return ERR_STATE_PENDING;
	TRY(core_begin(device));
	TRY(blocks_give(device, &blocks));
	ENSURE(json_object_del(blocks, username) == 0, ERR_STATE_GONE);
	TRY(record_put(core_store(device), RECORD, blocks));
	TRY(core_commit(device));
out:
	core_rollback(device);
	json_decref(blocks);
	return e;
}

enum err device_blocks(struct device *device, struct buf *json)
{
	json_t *blocks = NULL;
	enum err e;

	TRY(core_begin(device));
	e = blocks_give(device, &blocks);
	core_end_reading(device);
	TRY(e);
	TRY(record_print(blocks, json));
out:
	json_decref(blocks);
	return e;
}

/* ---- handing over ---- */

static bool is_row(const char *name, const char *fingerprint)
{
	size_t n = fingerprint != NULL ? strlen(fingerprint) : 1;

	return strlen(name) < DEVICE_NAME_SIZE &&
	       (n == 0 || (n == FINGERPRINT_DIGITS &&
			   places_is_account(span_str(fingerprint))));
}

enum err blocks_take(struct device *d, const json_t *blocks)
{
	json_t *own = NULL, *value;
	const char *name;
	enum err e;

	TRY(blocks_give(d, &own));
	json_object_foreach((json_t *)(uintptr_t)blocks, name, value)
	{
		if (is_row(name, json_string_value(value)) &&
		    json_object_get(own, name) == NULL &&
		    json_object_size(own) < BLOCKS_MAX)
			TRY(put(d, own, name, json_string_value(value)));
	}
out:
	json_decref(own);
	return e;
}
