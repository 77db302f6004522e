#include "command/shown.h"

#include "command/out.h"

#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

void shown_note_printed(const json_t *entry, json_t *printed)
{
	const json_t *mark;
	size_t i;

	json_array_foreach(json_object_get(entry, "marks"), i, mark)
	{
		if (json_is_string(mark))
			(void)json_object_set_new(
			    printed, json_string_value(mark), json_true());
	}
}

static bool is_new(const json_t *member)
{
	return json_is_false(json_object_get(member, "seen")) &&
	       !json_is_true(json_object_get(member, "own"));
}

/* Prints the new members that were not printed, and notes their marks. */
static void print_others(const json_t *session, json_t *printed)
{
	const json_t *member;
	size_t i;

	json_array_foreach(json_object_get(session, "members"), i, member)
	{
		const char *mark = text_of(member, "mark");

		if (!is_new(member) || json_object_get(printed, mark) != NULL)
			continue;
		out_line("* New since you looked last: %s, device %s%s%s",
			 out_name(member, "username"),
			 out_name(member, "device_id"),
			 out_trust(member)[0] != '\0' ? ", " : "",
			 out_trust(member));
		(void)json_object_set_new(printed, mark, json_true());
	}
}

/* `marks` is an object whose members' names they are. */
static enum err note_shown(struct cmd *cmd, const char *id, const json_t *marks)
{
	enum hermetic_result result = HERMETIC_OK;
	const char **list = calloc(json_object_size(marks) + 1, sizeof(*list));
	json_t *object = (json_t *)(uintptr_t)marks, *value;
	const char *mark;
	size_t n = 0;
	enum err e = ERR_OK;

	ENSURE(list != NULL, ERR_LOCAL_MEMORY);
	json_object_foreach(object, mark, value) list[n++] = mark;
	if (out_is_good())
		result = hermetic_shown(cmd->h, id, list, n);
	if (result != HERMETIC_GONE)
		TRY(cmd_did(cmd, result));
out:
	free(list);
	return e;
}

enum err shown_read(struct cmd *cmd, const char *id, bool json,
		    struct shown_part part)
{
	if (json || part.to == 0 || !out_is_good())
		return ERR_OK;
	return cmd_did(cmd, hermetic_read_part(cmd->h, id, part.from, part.to));
}

enum err shown_update(struct cmd *cmd, const char *id, const json_t *printed,
		      bool json, struct shown_part part)
{
	json_t *session = NULL,
	       *marks = json_copy((json_t *)(uintptr_t)printed);
	enum err e;

	ENSURE(marks != NULL, ERR_LOCAL_MEMORY);
	TRY(cmd_describe(cmd, id, &session));
	if (!json)
		print_others(session, marks);
	TRY(note_shown(cmd, id, marks));
	TRY(shown_read(cmd, id, json, part));
out:
	json_decref(marks);
	json_decref(session);
	return e;
}

enum err shown_members(struct cmd *cmd, const char *id, const json_t *session)
{
	json_t *marks = json_object();
	const json_t *member;
	size_t i;
	enum err e;

	ENSURE(marks != NULL, ERR_LOCAL_MEMORY);
	json_array_foreach(json_object_get(session, "members"), i, member)(void)
	    json_object_set_new(marks, text_of(member, "mark"), json_true());
	TRY(note_shown(cmd, id, marks));
out:
	json_decref(marks);
	return e;
}
