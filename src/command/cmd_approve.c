/* devices approve, devices refuse */
#include "command/cmd.h"

#include "command/out.h"
#include "command/passphrase.h"
#include "device/approval.h"
#include "device/record.h"
#include "reach/drive.h"
#include "reach/tokens.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define READY_TRIES 120 /* of half a second */

enum err cmd_fetch_requests(struct cmd *cmd, json_t **requests)
{
	struct api_answer answer = { 0 };
	enum err e;

	*requests = NULL;
	TRY(tokens_call(&cmd->a, "GET", "/devices/requests", NULL, &answer));
	*requests = json_incref(json_object_get(answer.body, "requests"));
	ENSURE(json_is_array(*requests), ERR_PEER_MALFORMED);
out:
	api_answer_clear(&answer);
	return e;
}

bool cmd_someone_waits(struct cmd *cmd)
{
	struct why before = cmd->a.why;
	json_t *requests = NULL;
	bool waits = cmd_fetch_requests(cmd, &requests) == ERR_OK &&
		     json_array_size(requests) > 0;

	json_decref(requests);
	cmd->a.why = before;
	return waits;
}

/* ---- approving ---- */

static enum err read_code(struct cmd *cmd, struct sec *code)
{
	const char *given = cmd->args->operands[1];
	struct buf typed = BUF_INIT;
	enum err e = ERR_OK;

	if (given != NULL)
		buf_put_str(&typed, given);
	else
		e = passphrase_ask("Code: ", true, &typed);
	if (e == ERR_OK)
		e = buf_end(&typed);
	if (e == ERR_OK)
		e = code_read(buf_span(&typed), code);
	if (e == ERR_STATE_GONE || e == ERR_PEER_MALFORMED)
		e = why_set(&cmd->a.why, ERR_PEER_INVALID, "code",
			    "That is no code: the new device shows four groups "
			    "of five characters.");
	buf_clear(&typed);
	return e;
}

/* The request that was made with the code; *found borrows from the list. */
static enum err find_request(struct cmd *cmd, const json_t *requests,
			     const struct sec *code, struct buf *bytes,
			     const json_t **found)
{
	const json_t *row;
	size_t i;
	enum err e;

	json_array_foreach(requests, i, row)
	{
		buf_reset(bytes);
		TRY(record_bytes(row, "request", bytes));
		TRY(buf_end(bytes));
		e = device_approve(cmd->a.device, code, buf_span(bytes),
				   &cmd->a.why);
		if (e == ERR_PEER_CRYPTO || e == ERR_PEER_MALFORMED ||
		    e == ERR_PEER_UNSUPPORTED)
			continue;
		TRY(e);
		*found = row;
		return ERR_OK;
	}
	if (json_array_size(requests) == 0)
		e = why_set(&cmd->a.why, ERR_STATE_GONE, "nobody-waits",
			    "No device of yours waits to be approved, as far "
			    "as the server says.");
	else
		e = why_set(&cmd->a.why, ERR_PEER_CRYPTO, "code-mismatch",
			    "No device has asked with this code. Either it was "
			    "mistyped, or the server has changed what the new "
			    "device asked, to add a key of its own. Nothing "
			    "was approved.");
out:
	return e;
}

static enum err post_answer(struct cmd *cmd, const char *device,
			    const struct sec *code, struct span request,
			    uint64_t *number)
{
	struct buf answer = BUF_INIT;
	json_t *body = json_object();
	char path[96];
	enum err e;

	ENSURE(body != NULL, ERR_LOCAL_MEMORY);
	TRY(device_answer_request(cmd->a.device, code, request, &answer,
				  number));
	TRY(record_set_bytes(body, "answer", buf_span(&answer)));
	(void)snprintf(path, sizeof(path), "/devices/requests/%.40s", device);
	TRY(tokens_post(&cmd->a, path, json_incref(body)));
out:
	json_decref(body);
	buf_clear(&answer);
	return e;
}

/* The new device publishes KeyPackages when it has seen that it was approved. */
static enum err wait_ready(struct cmd *cmd, const char *device, bool *ready)
{
	json_t *devices = NULL;
	const json_t *row;
	size_t i;
	enum err e = ERR_OK;

	*ready = false;
	for (unsigned n = 0; n < READY_TRIES && !*ready; n++) {
		if (n > 0)
			(void)usleep(500000);
		TRY(cmd_fetch_devices(cmd, &devices));
		json_array_foreach(devices, i, row) *ready |=
		    strcmp(out_member(row, "device_id"), device) == 0 &&
		    json_is_true(json_object_get(row, "ready"));
		json_decref(devices);
		devices = NULL;
	}
out:
	json_decref(devices);
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
	line = json_pack("{s:s, s:s, s:I}", "device_id",
			 out_member(row, "device_id"), "approved",
			 out_member(row, "name"), "number", (json_int_t)number);
	out_json(line);
	json_decref(line);
}

static enum err bring_in(struct cmd *cmd, const char *device, uint64_t number)
{
	bool ready;
	enum err e;

	TRY(wait_ready(cmd, device, &ready));
	if (!ready) {
		e = why_set(&cmd->a.why, ERR_STATE_PENDING, "not-ready",
			    "The device was approved, but does not go on. When "
			    "it does, bring it into your sessions with: "
			    "hermetic link");
		goto out;
	}
	TRY(cmd_link_device(cmd, number));
out:
	return e;
}

static enum err approve(struct cmd *cmd, const struct sec *code)
{
	struct buf request = BUF_INIT;
	json_t *requests = NULL;
	const json_t *row = NULL;
	char device[TEXT_UUID_SIZE];
	uint64_t number = 0;
	enum err e;

	TRY(drive_session(&cmd->a, ORDER_ACCOUNT, NULL));
	TRY(cmd_fetch_requests(cmd, &requests));
	TRY(find_request(cmd, requests, code, &request, &row));
	TRY(record_text(row, "device_id", device, sizeof(device)));
	TRY(drive_session(&cmd->a, ORDER_ACCOUNT, NULL));
	TRY(post_answer(cmd, device, code, buf_span(&request), &number));
	print_approved(cmd, row, number);
	TRY(bring_in(cmd, device, number));
out:
	json_decref(requests);
	buf_clear(&request);
	return e;
}

enum err cmd_approve(struct cmd *cmd)
{
	struct sec code = { 0 };
	enum err e;

	TRY(read_code(cmd, &code));
	TRY(approve(cmd, &code));
out:
	sec_clear(&code);
	return e;
}

/* ---- refusing ---- */

static enum err find_waiting(struct cmd *cmd, const char *word,
			     char id[TEXT_UUID_SIZE])
{
	json_t *requests = NULL;
	const json_t *row;
	enum err e;

	TRY(cmd_fetch_requests(cmd, &requests));
	e = cmd_find_device(cmd, requests, word, &row);
	if (e == ERR_STATE_GONE)
		e = why_set(&cmd->a.why, e, "no-such-device",
			    "No device that asks to be approved is called "
			    "\"%.40s\", or has an id that begins so: hermetic "
			    "devices lists them. One that has not asked yet is "
			    "ended with: hermetic revoke",
			    word);
	TRY(e);
	TRY(record_text(row, "device_id", id, TEXT_UUID_SIZE));
out:
	json_decref(requests);
	return e;
}

enum err cmd_refuse(struct cmd *cmd)
{
	const char *word = cmd->args->operands[1];
	struct api_answer answer = { 0 };
	char id[TEXT_UUID_SIZE] = "", path[96];
	json_t *line;
	enum err e;

	if (word == NULL)
		return why_set(&cmd->a.why, ERR_PEER_INVALID, "usage",
			       "devices refuse wants a DEVICE.");
	TRY(find_waiting(cmd, word, id));
	(void)snprintf(path, sizeof(path), "/devices/requests/%s", id);
	TRY(tokens_call(&cmd->a, "DELETE", path, NULL, &answer));
	if (!cmd->args->json) {
		out_line("Refused %s. Whoever it was knows your passphrase, or "
			 "it was you: if not, hermetic passphrase --end-others",
			 id);
		goto out;
	}
	line = json_pack("{s:s, s:b}", "device_id", id, "refused", 1);
	out_json(line);
	json_decref(line);
out:
	api_answer_clear(&answer);
	return e;
}
