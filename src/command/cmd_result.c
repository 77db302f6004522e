/* Calls of the library as the verbs make them. */
#include "command/cmd.h"

#include <stdarg.h>
#include <stdio.h>

enum err cmd_did(struct cmd *cmd, enum hermetic_result result)
{
	return reason_take(&cmd->why, cmd->h, result);
}

enum err cmd_no(struct cmd *cmd, enum hermetic_result result, const char *slug,
		const char *format, ...)
{
	char text[sizeof(cmd->why.text)];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return reason_set(&cmd->why, result, slug, "%s", text);
}

enum err cmd_no_output(struct cmd *cmd)
{
	return cmd_no(cmd, HERMETIC_LOCAL, "output",
		      "Cannot write to standard output.");
}

void cmd_keep(const struct cmd *cmd, enum err e, struct cmd_failure *kept)
{
	*kept = (struct cmd_failure){ e, cmd->why };
}

enum err cmd_fail(struct cmd *cmd, const struct cmd_failure *kept)
{
	if (kept->e != ERR_OK)
		cmd->why = kept->why;
	return kept->e;
}

json_t *cmd_given(struct cmd *cmd)
{
	const char *text = hermetic_json(cmd->h);

	return text != NULL ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
}

enum err cmd_find_at(struct cmd *cmd, enum hermetic_where where,
		     const char *word, char id[HERMETIC_ID_SIZE])
{
	return cmd_did(cmd, hermetic_find_at(cmd->h, where, word, id));
}

enum err cmd_find(struct cmd *cmd, char id[HERMETIC_ID_SIZE])
{
	return cmd_find_at(cmd, HERMETIC_WHERE_HERE, cmd->args->operands[0],
			   id);
}

enum err cmd_describe(struct cmd *cmd, const char *id, json_t **session)
{
	const char *text;
	enum err e;

	TRY(cmd_did(cmd, hermetic_json_session(cmd->h, id, &text)));
	*session = json_loads(text, 0, NULL);
	ENSURE(*session != NULL, ERR_LOCAL_MEMORY);
out:
	return e;
}

enum err cmd_person(struct cmd *cmd, const char *user, json_t **person)
{
	const char *text;
	enum hermetic_result result = hermetic_json_person(cmd->h, user, &text);
	enum err e = ERR_OK;

	*person = NULL;
	if (result == HERMETIC_GONE)
		goto out;
	TRY(cmd_did(cmd, result));
	*person = json_loads(text, 0, NULL);
	ENSURE(*person != NULL, ERR_LOCAL_MEMORY);
out:
	return e;
}

enum hermetic_result cmd_entry(struct cmd *cmd, const char *id, uint64_t number,
			       json_t **entry)
{
	const struct hermetic_event *event;
	enum hermetic_result result =
	    hermetic_entry(cmd->h, id, number, &event);

	*entry =
	    result == HERMETIC_OK ? json_loads(event->json, 0, NULL) : NULL;
	return result == HERMETIC_OK && *entry == NULL ? HERMETIC_LOCAL
						       : result;
}
