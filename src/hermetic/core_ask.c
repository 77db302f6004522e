/* What a device without input and output is asked, and told by its person. */
#include "hermetic/core_inside.h"

#include "device/record.h"
#include "hermetic/inside.h"
#include "reach/look.h"
#include "reach/notice.h"
#include "reach/past.h"

#include <string.h>

static enum hermetic_result hand_out(struct hermetic_core *core, enum err e,
				     const char **json)
{
	if (e == ERR_OK) {
		buf_put_u8(&core->json, 0);
		e = buf_end(&core->json);
	}
	if (e == ERR_OK)
		*json = (const char *)core->json.p;
	return core_inside_conclude(core, e);
}

enum hermetic_result hermetic_core_sessions(struct hermetic_core *core,
					    const char **json)
{
	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	CORE_TAKES(core, ARGUMENT_POINTER, json);
	buf_reset(&core->json);
	return hand_out(core, device_sessions(core->device, &core->json), json);
}

enum hermetic_result hermetic_core_describe(struct hermetic_core *core,
					    const char *session,
					    const char **json)
{
	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	CORE_TAKES(core, ARGUMENT_SESSION, session);
	CORE_TAKES(core, ARGUMENT_POINTER, json);
	buf_reset(&core->json);
	return hand_out(
	    core,
	    inside_missing(&core->why, core->device,
			   device_describe(core->device, session, &core->json),
			   session, "it"),
	    json);
}

enum hermetic_result hermetic_core_entry(struct hermetic_core *core,
					 const char *session, uint64_t number,
					 const char **json)
{
	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	CORE_TAKES(core, ARGUMENT_SESSION, session);
	CORE_TAKES(core, ARGUMENT_POINTER, json);
	buf_reset(&core->json);
	return hand_out(core,
			inside_missing(&core->why, core->device,
				       device_entry(core->device, session,
						    number, &core->json),
				       session, "that entry"),
			json);
}

enum hermetic_result hermetic_core_shown(struct hermetic_core *core,
					 const char *session,
					 const char *const *marks, size_t count)
{
	enum err e;

	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	CORE_TAKES(core, ARGUMENT_SESSION, session);
	TRY(arguments_take_all(&core->why, ARGUMENT_TEXT, "marks", marks,
			       count));
	TRY(inside_missing(&core->why, core->device,
			   device_shown(core->device, session, marks, count),
			   session, "its members"));
out:
	return core_inside_conclude(core, e);
}

enum hermetic_result hermetic_core_outbox(struct hermetic_core *core,
					  const char *session,
					  const char **json)
{
	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	if (session != NULL)
		CORE_TAKES(core, ARGUMENT_SESSION, session);
	CORE_TAKES(core, ARGUMENT_POINTER, json);
	buf_reset(&core->json);
	return hand_out(
	    core,
	    inside_missing(&core->why, core->device,
			   device_outbox(core->device, session, &core->json),
			   session, "an outbox"),
	    json);
}

enum hermetic_result hermetic_core_drop(struct hermetic_core *core,
					const char *session, uint64_t item)
{
	size_t dropped = 0;
	enum err e;

	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	CORE_TAKES(core, ARGUMENT_SESSION, session);
	e = inside_missing(
	    &core->why, core->device,
	    device_outbox_drop(core->device, session, item, &dropped), session,
	    "an outbox");
	if (e == ERR_OK && dropped == 0)
		e = inside_no_item(&core->why, session);
	return core_inside_conclude(core, e);
}

static enum err print_invitations(struct hermetic_core *core,
				  const char *answer, size_t size)
{
	json_t *read = json_loadb(answer, size, JSON_REJECT_DUPLICATES, NULL);
	json_t *list = NULL;
	enum err e;

	TRY(notice_invitations(core->device, read, &core->why, &list));
	TRY(record_print(list, &core->json));
out:
	json_decref(read);
	json_decref(list);
	return e;
}

enum hermetic_result hermetic_core_invitations(struct hermetic_core *core,
					       const char *answer, size_t size,
					       const char **json)
{
	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	CORE_TAKES(core, ARGUMENT_POINTER, answer);
	CORE_TAKES(core, ARGUMENT_POINTER, json);
	buf_reset(&core->json);
	return hand_out(core, print_invitations(core, answer, size), json);
}

enum hermetic_result hermetic_core_person(struct hermetic_core *core,
					  const char *user, const char **json)
{
	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	CORE_TAKES(core, ARGUMENT_USER, user);
	CORE_TAKES(core, ARGUMENT_POINTER, json);
	buf_reset(&core->json);
	return hand_out(core, device_person(core->device, user, &core->json),
			json);
}

enum hermetic_result hermetic_core_compared(struct hermetic_core *core,
					    const char *user)
{
	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	CORE_TAKES(core, ARGUMENT_USER, user);
	return core_inside_conclude(
	    core, inside_compared(&core->why, core->device, user));
}

enum hermetic_result hermetic_core_read_to(struct hermetic_core *core,
					   const char *session, uint64_t number)
{
	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	CORE_TAKES(core, ARGUMENT_SESSION, session);
	core_live_changed(core, session);
	return core_inside_conclude(
	    core, inside_missing(&core->why, core->device,
				 device_read_to(core->device, session, number),
				 session, "that entry"));
}

enum hermetic_result hermetic_core_unread(struct hermetic_core *core,
					  const char *session, uint64_t *read,
					  uint64_t *count)
{
	struct device_unread unread;
	enum err e;

	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	CORE_TAKES(core, ARGUMENT_SESSION, session);
	CORE_TAKES(core, ARGUMENT_POINTER, read);
	CORE_TAKES(core, ARGUMENT_POINTER, count);
	TRY(inside_missing(
	    &core->why, core->device,
	    device_unread(core->device, session, UINT64_MAX, &unread), session,
	    "what was read"));
	*read = unread.read;
	*count = unread.count;
out:
	return core_inside_conclude(core, e);
}

static enum err search(struct hermetic_core *core, const void *given)
{
	struct hermetic_search wanted = { 0 };
	json_t *rows = NULL;
	struct past past;
	enum err e;

	if (given != NULL && !inside_take(&wanted, sizeof(wanted), given))
		return why_replace(&core->why, ERR_PEER_INVALID, "usage",
				   "struct hermetic_search wants its size.");
	past = inside_past(&wanted);
	TRY(past_gather(core->device, wanted.session, &past, &core->why,
			&rows));
	TRY(record_print(rows, &core->json));
out:
	json_decref(rows);
	return e;
}

enum hermetic_result hermetic_core_search(struct hermetic_core *core,
					  const struct hermetic_search *wanted,
					  const char **json)
{
	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	CORE_TAKES(core, ARGUMENT_POINTER, json);
	buf_reset(&core->json);
	return hand_out(core, search(core, wanted), json);
}

enum hermetic_result hermetic_core_find(struct hermetic_core *core,
					const char *word,
					char id[HERMETIC_ID_SIZE])
{
	char found[TEXT_UUID_SIZE];
	enum err e;

	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	CORE_TAKES(core, ARGUMENT_TEXT, word);
	CORE_TAKES(core, ARGUMENT_POINTER, id);
	TRY(look_find(core->device, word, true, &core->why, found));
	memcpy(id, found, sizeof(found));
out:
	return core_inside_conclude(core, e);
}

enum hermetic_result hermetic_core_accept(struct hermetic_core *core,
					  const char *user,
					  const char *fingerprint)
{
	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	CORE_TAKES(core, ARGUMENT_USER, user);
	CORE_TAKES(core, ARGUMENT_TEXT, fingerprint);
	return core_inside_conclude(
	    core, look_accept(core->device, user, fingerprint, &core->why));
}

enum hermetic_result hermetic_core_wish(struct hermetic_core *core,
					enum hermetic_wish wish, bool *on)
{
	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	CORE_TAKES(core, ARGUMENT_POINTER, on);
	return core_inside_conclude(
	    core, inside_wish(&core->why, core->device, wish, on));
}

enum hermetic_result hermetic_core_set_wish(struct hermetic_core *core,
					    enum hermetic_wish wish, bool on)
{
	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	return core_inside_conclude(
	    core, inside_set_wish(&core->why, core->device, wish, on));
}
