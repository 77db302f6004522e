#include "client/departures.h"

#include "base/rd.h"
#include "client/tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum err departures_fetch(struct client *c, const char *id, json_t **departures)
{
	struct api_answer answer = { 0 };
	char path[128];
	enum err e;

	(void)snprintf(path, sizeof(path), "/session/%s/departures", id);
	TRY(tokens_call(c, "GET", path, NULL, &answer));
	*departures = json_incref(json_object_get(answer.body, "departures"));
	ENSURE(json_is_array(*departures), ERR_PEER_MALFORMED);
out:
	api_answer_clear(&answer);
	return e;
}

static bool says(const json_t *row, const char *member, const char *text)
{
	const char *value = json_string_value(json_object_get(row, member));

	return value != NULL && strcmp(value, text) == 0;
}

/* That a device was revoked is the server's word: what it could do with a lie
 * is to keep somebody out, and that it can do without one. */
static bool holds(const struct session *session, const json_t *row,
		  struct span identity)
{
	struct buf proof = BUF_INIT;
	bool ok = says(row, "reason", "revoked");

	if (!ok && record_bytes(row, "proof", &proof) == ERR_OK)
		ok = session_check_leave(session, identity, buf_span(&proof)) ==
		     ERR_OK;
	buf_clear(&proof);
	return ok;
}

static enum err read_identity(const json_t *row, struct buf *identity)
{
	char username[ACCOUNT_NAME_SIZE], device[TEXT_UUID_SIZE];
	enum err e;

	TRY(record_text(row, "username", username, sizeof(username)));
	TRY(record_text(row, "device_id", device, sizeof(device)));
	buf_putf(identity, "%s/%s", username, device);
	TRY(buf_end(identity));
out:
	return e;
}

enum err departures_of_members(const struct client *c,
			       const struct session *session,
			       const json_t *departures, struct buf *out)
{
	struct buf identity = BUF_INIT;
	struct mls_member member;
	const json_t *row;
	size_t i;
	enum err e = ERR_OK;

	json_array_foreach(departures, i, row)
	{
		buf_reset(&identity);
		TRY(read_identity(row, &identity));
		if (!span_equal(buf_span(&identity), span_str(c->identity)) &&
		    session_find(session, buf_span(&identity), &member) &&
		    holds(session, row, buf_span(&identity)))
			buf_put_vec(out, buf_span(&identity));
	}
	TRY(buf_end(out));
out:
	buf_clear(&identity);
	return e;
}

enum err departures_excuse(const struct client *c, struct session *session,
			   const json_t *departures)
{
	size_t count = json_array_size(departures), n = 0;
	struct span *identities = calloc(count + 1, sizeof(*identities));
	struct buf list = BUF_INIT;
	struct rd r;
	enum err e;

	ENSURE(identities != NULL, ERR_LOCAL_MEMORY);
	TRY(departures_of_members(c, session, departures, &list));
	r = rd_init(buf_span(&list));
	while (rd_left(&r) > 0 && n < count)
		identities[n++] = rd_vec(&r);
	session_excuse(session, identities, n);
out:
	free(identities);
	buf_clear(&list);
	return e;
}
