#include "command/view.h"

#include "command/out.h"
#include "reach/drive.h"

#include <stdio.h>
#include <string.h>

/* "user/device", as a credential has it */
#define IDENTITY_SIZE (DEVICE_NAME_SIZE + TEXT_UUID_SIZE)

enum err view_refresh(struct account *a, const char *id)
{
	static const char *const waiting[] = { "new-members",
					       "rotation-required", "kept" };
	enum err e = drive_session(a, ORDER_REFRESH, id);

	for (size_t i = 0; i < sizeof(waiting) / sizeof(*waiting); i++)
		if (e == ERR_STATE_PENDING &&
		    strcmp(a->why.slug, waiting[i]) == 0) {
			why_clear(&a->why);
			return ERR_OK;
		}
	return e;
}

static enum err parse(struct buf *text, json_t **out)
{
	enum err e;

	TRY(buf_end(text));
	*out = json_loadb((const char *)text->p, text->n, 0, NULL);
	ENSURE(*out != NULL, ERR_LOCAL_BUG);
out:
	return e;
}

enum err view_session(struct account *a, const char *id, json_t **session)
{
	struct buf text = BUF_INIT;
	enum err e;

	e = device_describe(a->device, id, &text);
	if (e == ERR_STATE_GONE)
		e = why_set(&a->why, e, "no-such-session",
			    "There is no session %.40s here. See: hermetic "
			    "sessions",
			    id);
	TRY(e);
	TRY(parse(&text, session));
out:
	buf_clear(&text);
	return e;
}

enum err view_entry(struct account *a, const char *id, uint64_t seq,
		    json_t **entry)
{
	struct buf text = BUF_INIT;
	enum err e;

	TRY(device_entry(a->device, id, seq, &text));
	TRY(parse(&text, entry));
out:
	buf_clear(&text);
	return e;
}

enum err view_outbox(struct account *a, const char *id, json_t **items)
{
	struct buf text = BUF_INIT;
	enum err e;

	TRY(device_outbox(a->device, id, &text));
	TRY(parse(&text, items));
out:
	buf_clear(&text);
	return e;
}

bool view_item_waits(const json_t *item)
{
	return strcmp(out_member(item, "state"), "waiting") == 0;
}

enum err view_waiting(struct account *a, const char *id, json_t *ids)
{
	json_t *items = NULL;
	const json_t *item;
	size_t i;
	enum err e;

	TRY(view_outbox(a, id, &items));
	json_array_foreach(items, i, item) if (view_item_waits(item))
	    ENSURE(json_object_set_new(ids, out_member(item, "session_id"),
				       json_true()) == 0,
		   ERR_LOCAL_MEMORY);
out:
	json_decref(items);
	return e;
}

enum err view_sessions(struct account *a, json_t **ids)
{
	struct buf text = BUF_INIT;
	enum err e;

	TRY(device_sessions(a->device, &text));
	TRY(parse(&text, ids));
out:
	buf_clear(&text);
	return e;
}

/* ---- who was seen ---- */

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

static void put_identity(const char *user, const char *device,
			 char out[IDENTITY_SIZE])
{
	(void)snprintf(out, IDENTITY_SIZE, "%s/%s", user, device);
}

void view_note_printed(const json_t *entry, json_t *printed)
{
	const json_t *list = json_object_get(entry, "added"), *identity;
	char joined[IDENTITY_SIZE];
	size_t i;

	json_array_foreach(list, i, identity) if (json_is_string(identity))(
	    void) json_object_set_new(printed, json_string_value(identity),
				      json_true());
	if (strcmp(text_of(entry, "kind"), "joined") != 0)
		return;
	put_identity(text_of(entry, "from"), text_of(entry, "device"), joined);
	(void)json_object_set_new(printed, joined, json_true());
}

static bool is_new(const json_t *member)
{
	return json_is_false(json_object_get(member, "seen")) &&
	       !json_is_true(json_object_get(member, "own"));
}

/* The new members that were not printed: prints them, or only counts them. */
static size_t go_through(const json_t *session, const json_t *printed,
			 bool print)
{
	const json_t *member;
	size_t i, count = 0;

	json_array_foreach(json_object_get(session, "members"), i, member)
	{
		char identity[IDENTITY_SIZE];

		put_identity(text_of(member, "username"),
			     text_of(member, "device_id"), identity);
		if (!is_new(member) ||
		    json_object_get(printed, identity) != NULL)
			continue;
		count++;
		if (print)
			out_line("* New since you looked last: %s, device %s",
				 out_name(member, "username"),
				 out_name(member, "device_id"));
	}
	return count;
}

enum err view_shown(struct account *a, const char *id, const json_t *printed,
		    bool json)
{
	json_t *session = NULL;
	enum err e;

	TRY(view_session(a, id, &session));
	if (go_through(session, printed, !json) > 0 && json)
		goto out;
	TRY(view_all_shown(a, id));
out:
	json_decref(session);
	return e;
}

enum err view_all_shown(struct account *a, const char *id)
{
	enum err e = out_is_good() ? device_shown(a->device, id) : ERR_OK;

	return e == ERR_STATE_GONE ? ERR_OK : e;
}

enum err view_user_shown(struct account *a, const char *id, const char *user)
{
	json_t *session = NULL;
	const json_t *member;
	bool others = false;
	size_t i;
	enum err e;

	TRY(view_session(a, id, &session));
	json_array_foreach(json_object_get(session, "members"), i, member)
	    others |=
	    is_new(member) && strcmp(text_of(member, "username"), user) != 0;
	if (!others)
		TRY(view_all_shown(a, id));
out:
	json_decref(session);
	return e;
}
