/* devices approve, devices refuse */
#include "command/cmd.h"

#include "command/out.h"
#include "command/passphrase.h"
#include "device/record.h"
#include "reach/act_run.h"
#include "reach/tokens.h"

#include <string.h>
#include <unistd.h>

#define READY_TRIES 120 /* of half a second */

static enum err fetch_requests(struct cmd *cmd, json_t **requests)
{
	struct api_answer answer = { 0 };
	enum err e;

	*requests = NULL;
	TRY(tokens_call(&cmd->h->a, "GET", "/devices/requests", NULL, &answer));
	*requests = json_incref(json_object_get(answer.body, "requests"));
	ENSURE(json_is_array(*requests), ERR_PEER_MALFORMED);
out:
	api_answer_clear(&answer);
	return e;
}

bool cmd_someone_waits(struct cmd *cmd)
{
	struct why before = cmd->h->a.why;
	json_t *requests = NULL;
	bool waits = fetch_requests(cmd, &requests) == ERR_OK &&
		     json_array_size(requests) > 0;

	json_decref(requests);
	cmd->h->a.why = before;
	return waits;
}

/* ---- approving ---- */

static enum err read_code(struct cmd *cmd, struct buf *code)
{
	const char *given = cmd->args->operands[1];
	enum err e = ERR_OK;

	if (given != NULL)
		buf_put_str(code, given);
	else
		e = passphrase_ask("Code: ", true, code);
	if (e == ERR_STATE_GONE) { /* nobody has typed one */
		buf_reset(code);
		e = ERR_OK;
	}
	TRY(e);
	buf_put_u8(code, 0);
	TRY(buf_end(code));
out:
	return e;
}

static void print_approved(const struct cmd *cmd, const json_t *row)
{
	json_t *line;

	if (!cmd->args->json) {
		out_line("Approved %s: device %llu of your account.",
			 out_quoted(row, "name"),
			 (unsigned long long)record_number_or_0(row, "number"));
		return;
	}
	line = json_pack("{s:s, s:s, s:O}", "device_id",
			 out_member(row, "device_id"), "approved",
			 out_member(row, "name"), "number",
			 json_object_get(row, "number"));
	out_json(line);
	json_decref(line);
}

/* The new device publishes KeyPackages when it has seen that it was approved. */
static enum err bring_in(struct cmd *cmd, uint64_t number)
{
	enum err e = cmd_link_device(cmd, number);

	for (unsigned n = 1;
	     n < READY_TRIES && strcmp(cmd->h->a.why.slug, "not-ready") == 0;
	     n++) {
		why_clear(&cmd->h->a.why);
		(void)usleep(500000);
		e = cmd_link_device(cmd, number);
	}
	return e;
}

enum err cmd_approve(struct cmd *cmd)
{
	struct act_wish wish = { .kind = ACT_APPROVE };
	struct buf code = BUF_INIT;
	json_t *row = NULL;
	enum err e;

	TRY(read_code(cmd, &code));
	wish.text = (const char *)code.p;
	TRY(act_run(&cmd->h->a, &wish, &row));
	print_approved(cmd, row);
	TRY(bring_in(cmd, record_number_or_0(row, "number")));
out:
	buf_clear(&code);
	json_decref(row);
	return e;
}

/* ---- refusing ---- */

enum err cmd_refuse(struct cmd *cmd)
{
	const struct act_wish wish = { .kind = ACT_REFUSE,
				       .whom = cmd->args->operands[1] };
	json_t *row = NULL, *line;
	enum err e;

	if (wish.whom == NULL)
		return why_set(&cmd->h->a.why, ERR_PEER_INVALID, "usage",
			       "devices refuse wants a DEVICE.");
	TRY(act_run(&cmd->h->a, &wish, &row));
	if (!cmd->args->json) {
		out_line("Refused %s. Whoever it was knows your passphrase, or "
			 "it was you: if not, hermetic passphrase --end-others",
			 out_member(row, "device_id"));
		goto out;
	}
	line = json_pack("{s:s, s:b}", "device_id",
			 out_member(row, "device_id"), "refused", 1);
	out_json(line);
	json_decref(line);
out:
	json_decref(row);
	return e;
}
