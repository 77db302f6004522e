#include "reach/notice.h"

#include "base/uuid.h"
#include "device/accounts/blocks.h"
#include "device/record.h"

#include <string.h>

enum notice notice_of(const json_t *push, const char **session)
{
	static const struct {
		const char *type;
		enum notice notice;
		bool of_session;
	} table[] = {
		{ "message", NOTICE_MESSAGE, true },
		{ "key_packages_low", NOTICE_STOCK, false },
		{ "rotation_due", NOTICE_ROTATE, true },
		{ "welcome", NOTICE_WELCOME, true },
		{ "typing", NOTICE_TYPING, true },
		{ "device_waits", NOTICE_WAITS, false },
		{ "subscribed", NOTICE_FOLLOWED, true },
	};
	const char *type = record_string(push, "type");

	*session = record_string(push, "session_id");
	if (type == NULL ||
	    (*session != NULL && !uuid_is_text(span_str(*session))))
		return NOTICE_NONE;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(table[i].type, type) == 0)
			return table[i].of_session && *session == NULL
				   ? NOTICE_NONE
				   : table[i].notice;
	return NOTICE_NONE;
}

static enum err describe(struct device *device, const char *id,
			 json_t **session)
{
	struct buf text = BUF_INIT;
	enum err e;

	TRY(device_describe(device, id, &text));
	TRY(buf_end(&text));
	*session = json_loadb((const char *)text.p, text.n, 0, NULL);
	ENSURE(*session != NULL, ERR_LOCAL_BUG);
out:
	buf_clear(&text);
	return e;
}

enum err notice_is_stopped(struct device *device, const char *id, bool *stopped)
{
	json_t *session = NULL;
	enum err e;

	TRY(describe(device, id, &session));
	*stopped = json_object_get(session, "stop") != NULL;
out:
	json_decref(session);
	return e;
}

/* ---- invitations ---- */

enum err notice_is_member(struct device *device, const char *id, bool *member)
{
	const char *state = NULL;
	json_t *session = NULL;
	enum err e = describe(device, id, &session);

	*member = false;
	if (e == ERR_STATE_GONE || e == ERR_PEER_UNSUPPORTED)
		return ERR_OK;
	TRY(e);
	state = record_string(session, "state");
	*member = state != NULL && strcmp(state, "member") == 0;
out:
	json_decref(session);
	return e;
}

enum err notice_blocks(struct device *device, json_t **blocks)
{
	struct buf text = BUF_INIT;
	enum err e;

	TRY(device_blocks(device, &text));
	TRY(buf_end(&text));
	*blocks = json_loadb((const char *)text.p, text.n, 0, NULL);
	ENSURE(*blocks != NULL, ERR_PEER_MALFORMED);
out:
	buf_clear(&text);
	return e;
}

/* `seen` has the ids of those that are on the list. */
static enum err is_wanted(struct device *device, const json_t *row,
			  const json_t *blocks, json_t *seen, bool *wanted)
{
	const char *id = record_string(row, "session_id");
	const char *inviter = record_string(row, "inviter");
	const char *fingerprint = record_string(row, "fingerprint");
	bool member;
	enum err e = ERR_OK;

	*wanted = false;
	if (id == NULL || inviter == NULL || !uuid_is_text(span_str(id)) ||
	    json_object_get(seen, id) != NULL ||
	    blocks_has(blocks, inviter, fingerprint != NULL ? fingerprint : ""))
		goto out;
	TRY(notice_is_member(device, id, &member));
	*wanted = !member;
	if (*wanted)
		ENSURE(json_object_set_new(seen, id, json_true()) == 0,
		       ERR_LOCAL_MEMORY);
out:
	return e;
}

enum err notice_no_list(struct why *why, const char *of)
{
	return why_set(why, ERR_PEER_MALFORMED, "bad-answer",
		       "The server was asked for the list of %s, and has "
		       "answered with something else.",
		       of);
}

enum err notice_invitations(struct device *device, const json_t *answer,
			    struct why *why, json_t **list)
{
	json_t *made = json_array(), *seen = json_object(), *blocks = NULL;
	const json_t *rows = json_object_get(answer, "invitations");
	json_t *row;
	bool wanted;
	size_t i;
	enum err e;

	ENSURE(made != NULL && seen != NULL, ERR_LOCAL_MEMORY);
	ENSURE(json_is_array(rows), notice_no_list(why, "invitations"));
	TRY(notice_blocks(device, &blocks));
	json_array_foreach(rows, i, row)
	{
		if (i == NOTICE_INVITATIONS_MAX)
			break;
		TRY(is_wanted(device, row, blocks, seen, &wanted));
		if (wanted)
			ENSURE(json_array_append(made, row) == 0,
			       ERR_LOCAL_MEMORY);
	}
	*list = json_incref(made);
out:
	json_decref(made);
	json_decref(seen);
	json_decref(blocks);
	return e;
}
