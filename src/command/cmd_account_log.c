/* account log: what a server says that an account's log is. account verify: such a
 * log in a file, looked at without a server and without an account of one's own
 * (reach/log_pages.h). */
#include "command/cmd.h"

#include "command/out.h"
#include "reach/given.h"
#include "reach/log_pages.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- account verify ---- */

static enum err check_file(const char *path, struct why *why, json_t **found)
{
	FILE *file = stdin;
	int fd = -1;
	enum err e;

	if (strcmp(path, "-") != 0) {
		TRY(given_open_stream(path, &fd, why));
		file = fdopen(fd, "r");
		ENSURE(file != NULL, ERR_LOCAL_MEMORY);
	}
	e = log_pages_check(file, why, found);
out:
	if (file != NULL && file != stdin)
		(void)fclose(file);
	else if (fd >= 0)
		(void)close(fd);
	return e;
}

static unsigned long long number(const json_t *object, const char *name)
{
	return (unsigned long long)json_integer_value(
	    json_object_get(object, name));
}

/* In groups of four, for people to compare. */
static void print_fingerprint(const char *digits)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; digits[i] != '\0'; i++) {
		if (i > 0 && i % 4 == 0)
			buf_put_u8(&text, ' ');
		buf_put_u8(&text, (uint8_t)digits[i]);
	}
	if (buf_end(&text) == ERR_OK)
		out_line("fingerprint  %.*s", (int)text.n,
			 (const char *)text.p);
	buf_clear(&text);
}

static void print_device(const json_t *device)
{
	unsigned long long own = number(device, "device"),
			   by = number(device, "signer"),
			   gone = number(device, "removed");
	char signer[48] = "the first one", removed[48] = "";

	if (by == 0)
		(void)snprintf(signer, sizeof(signer),
			       "added by the recovery key");
	else if (by != own)
		(void)snprintf(signer, sizeof(signer), "added by device %llu",
			       by);
	if (gone != 0)
		(void)snprintf(removed, sizeof(removed),
			       ", removed by link %llu", gone);
	out_line("device       %llu, %s%s", own, signer, removed);
}

static void print_log(const json_t *found)
{
	const json_t *device;
	size_t i;

	if (json_object_get(found, "username") != NULL)
		out_line("account      %s", out_name(found, "username"));
	print_fingerprint(out_member(found, "fingerprint"));
	out_line("place        %llu %s", number(found, "number"),
		 out_member(found, "hash"));
	json_array_foreach(json_object_get(found, "devices"), i, device)
	    print_device(device);
	out_line("recovery     %s",
		 json_is_true(json_object_get(found, "recovery"))
		     ? "there is a key"
		     : "there is no key");
	if (number(found, "changed") != 0)
		out_line("changed      by link %llu: who compared the "
			 "fingerprint before has to do it again",
			 number(found, "changed"));
	if (number(found, "closed") != 0)
		out_line("closed       by link %llu", number(found, "closed"));
}

static enum err verify(struct cmd *cmd)
{
	json_t *found = NULL;
	enum err e;

	TRY(check_file(cmd->args->operands[1], &cmd->h->a.why, &found));
	if (cmd->args->json)
		out_json(found);
	else
		print_log(found);
out:
	json_decref(found);
	return e;
}

/* ---- account log ---- */

static enum err print_page(void *context, const json_t *page)
{
	(void)context;
	out_json(page);
	return ERR_OK;
}

static enum err print_pages(struct cmd *cmd)
{
	const char *username = cmd->args->operands[1];
	enum err e;

	TRY(cmd_open(cmd));
	TRY(log_pages_ask(&cmd->h->a,
			  username != NULL ? username : cmd->h->a.username,
			  print_page, NULL));
out:
	return e;
}

enum err cmd_account(struct cmd *cmd)
{
	const char *what = cmd->args->operands[0];

	if (cmd_account_is_own(cmd->args))
		return strcmp(what, "delete") == 0 ? cmd_account_delete(cmd)
		       : strcmp(what, "log") == 0  ? print_pages(cmd)
						   : cmd_account_setting(cmd);
	if (strcmp(what, "verify") == 0 && cmd->args->operand_count == 2)
		return verify(cmd);
	return why_set(&cmd->h->a.why, ERR_PEER_INVALID, "usage",
		       "\"account %.40s\" is nothing that can be done: "
		       "it is delete, log, verify with a FILE, or a "
		       "setting. See: "
		       "hermetic account --help",
		       what);
}
