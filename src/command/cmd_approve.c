/* devices approve, devices refuse */
#include "command/cmd.h"

#include "command/out.h"
#include "command/passphrase.h"

#include <string.h>
#include <unistd.h>

#define READY_TRIES 120 /* of half a second */

bool cmd_someone_waits(struct cmd *cmd)
{
	bool waits;

	return hermetic_someone_waits(cmd->h, &waits) == HERMETIC_OK && waits;
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

static void print_approved(const struct cmd *cmd, const json_t *row,
			   uint64_t number)
{
	json_t *line;

	if (!cmd->args->json) {
		out_line("Approved %s: device %llu of your account.",
			 out_quoted(row, "name"), (unsigned long long)number);
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
	enum hermetic_result result = cmd_link_device(cmd, number);

	for (unsigned n = 1; n < READY_TRIES && result != HERMETIC_OK &&
			     strcmp(hermetic_slug(cmd->h), "not-ready") == 0;
	     n++) {
		(void)usleep(500000);
		result = cmd_link_device(cmd, number);
	}
	return cmd_did(cmd, result);
}

enum err cmd_approve(struct cmd *cmd)
{
	struct buf code = BUF_INIT;
	uint64_t number;
	json_t *row = NULL;
	enum err e;

	TRY(read_code(cmd, &code));
	TRY(cmd_did(cmd,
		    hermetic_approve(cmd->h, (const char *)code.p, &number)));
	row = cmd_given(cmd);
	print_approved(cmd, row, number);
	TRY(bring_in(cmd, number));
out:
	buf_clear(&code);
	json_decref(row);
	return e;
}

/* ---- refusing ---- */

enum err cmd_refuse(struct cmd *cmd)
{
	const char *whom = cmd->args->operands[1];
	json_t *row = NULL, *line;
	enum err e;

	if (whom == NULL)
		return cmd_no(cmd, HERMETIC_USAGE, "usage",
			      "devices refuse wants a DEVICE.");
	TRY(cmd_did(cmd, hermetic_refuse(cmd->h, whom)));
	row = cmd_given(cmd);
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
