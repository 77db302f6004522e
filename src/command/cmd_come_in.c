/* How an approved device comes into its account's sessions. */
#include "command/cmd.h"

#include "command/out.h"
#include "device/approval.h"
#include "reach/drive.h"
#include "reach/tokens.h"

#include <string.h>
#include <unistd.h>

#define WELCOME_TRIES 60 /* of half a second without anything new */

/* Whether a Welcome into the session waits. */
static bool is_welcome(const json_t *welcomes, const char *id)
{
	const json_t *row;
	size_t i;

	json_array_foreach(welcomes, i, row)
	{
		if (strcmp(out_member(row, "session_id"), id) == 0)
			return true;
	}
	return false;
}

static enum err join(struct cmd *cmd, const char *id)
{
	enum err e;

	TRY(drive_session(&cmd->a, ORDER_JOIN, id));
	TRY(cmd_print_entered(cmd, id, "Joined"));
out:
	return e;
}

/* Joins those whose Welcome is there, and takes them off the list. One that cannot be
 * joined keeps nobody from the others: `join` says why. */
static enum err join_some(struct cmd *cmd, json_t *coming, bool *any)
{
	struct api_answer answer = { 0 };
	const json_t *welcomes;
	enum err e;

	*any = false;
	TRY(tokens_call(&cmd->a, "GET", "/welcomes", NULL, &answer));
	welcomes = json_object_get(answer.body, "welcomes");
	for (size_t i = json_array_size(coming); i-- > 0;) {
		const char *id = json_string_value(json_array_get(coming, i));

		if (!is_welcome(welcomes, id))
			continue;
		e = join(cmd, id);
		if (err_class(e) == ERR_CLASS_LOCAL)
			goto out;
		why_clear(&cmd->a.why);
		(void)json_array_remove(coming, i);
		*any = true;
	}
	e = ERR_OK;
out:
	api_answer_clear(&answer);
	return e;
}

static enum err load_coming(struct cmd *cmd, json_t **coming)
{
	struct buf json = BUF_INIT;
	enum err e;

	TRY(device_coming(cmd->a.device, &json));
	*coming = json_loadb((const char *)json.p, json.n, 0, NULL);
	ENSURE(json_is_array(*coming), ERR_PEER_MALFORMED);
out:
	buf_clear(&json);
	return e;
}

enum err cmd_come_in(struct cmd *cmd)
{
	json_t *coming = NULL;
	unsigned tries = 0;
	bool any;
	enum err e;

	TRY(load_coming(cmd, &coming));
	if (json_array_size(coming) == 0)
		goto out;
	while (json_array_size(coming) > 0 && tries < WELCOME_TRIES) {
		TRY(join_some(cmd, coming, &any));
		tries = any ? 0 : tries + 1;
		if (json_array_size(coming) > 0)
			(void)usleep(500000);
	}
	TRY(device_has_come(cmd->a.device));
	TRY(drive_session(&cmd->a, ORDER_STOCK, NULL));
out:
	json_decref(coming);
	return e;
}
