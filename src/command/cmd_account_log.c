/* account log: what a server says that an account's log is. account verify: such a
 * log in a file, looked at without a server and without an account of one's own. */
#include "command/cmd.h"

#include "base/given.h"
#include "command/out.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- account verify ---- */

/* Longer than any log that a server keeps. */
#define LOG_MAX (1u << 28)

static enum err read_file(struct cmd *cmd, const char *path, struct buf *pages)
{
	char problem[GIVEN_PROBLEM];
	int fd = STDIN_FILENO;
	ssize_t n = 1;
	enum err e = ERR_OK;

	if (strcmp(path, "-") != 0 &&
	    given_open_stream(path, &fd, problem) != ERR_OK)
		TRY(cmd_no(cmd, HERMETIC_REFUSED, "file", "%s", problem));
	while (n > 0 && pages->n <= LOG_MAX) {
		uint8_t *room = buf_reserve(pages, 65536);

		ENSURE(room != NULL, ERR_LOCAL_MEMORY);
		n = read(fd, room, 65536);
		pages->n += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		e = cmd_no(cmd, HERMETIC_LOCAL, "file",
			   "%.200s cannot be read: %s.", path, strerror(errno));
	else if (pages->n > LOG_MAX)
		e = cmd_no(cmd, HERMETIC_REFUSED, "no-account-log",
			   "That is no account's log: it is too long.");
out:
	if (fd > STDIN_FILENO)
		(void)close(fd);
	return e;
}

/* Of a file without any text its reason is that it is no JSON. */
static enum err check_file(struct cmd *cmd, const char *path, json_t **found)
{
	struct buf pages = BUF_INIT;
	const char *json;
	enum err e;

	TRY(read_file(cmd, path, &pages));
	if (pages.n == 0)
		buf_put_u8(&pages, '\n');
	TRY(buf_end(&pages));
	TRY(cmd_did(cmd, hermetic_check_log(cmd->h, (const char *)pages.p,
					    pages.n, &json)));
	*found = json_loads(json, 0, NULL);
	ENSURE(*found != NULL, ERR_LOCAL_MEMORY);
out:
	buf_clear(&pages);
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

	TRY(check_file(cmd, cmd->args->operands[1], &found));
	if (cmd->args->json)
		out_json(found);
	else
		print_log(found);
out:
	json_decref(found);
	return e;
}

/* ---- account log ---- */

/* The server's words: what of them is no ASCII is escaped. */
static enum err print_page(const char *text, size_t size)
{
	json_t *page = json_loadb(text, size, 0, NULL);

	if (page == NULL)
		return ERR_LOCAL_MEMORY;
	out_json(page);
	json_decref(page);
	return ERR_OK;
}

static enum err print_pages(struct cmd *cmd)
{
	const char *pages;
	size_t size;
	enum err e;

	TRY(cmd_open(cmd));
	TRY(cmd_did(
	    cmd, hermetic_account_log(cmd->h, cmd->args->operands[1], &pages)));
	for (; *pages != '\0'; pages += size + 1) {
		size = strcspn(pages, "\n");
		TRY(print_page(pages, size));
	}
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
	return cmd_no(cmd, HERMETIC_USAGE, "usage",
		      "\"account %.40s\" is nothing that can be done: "
		      "it is delete, log, verify with a FILE, or a "
		      "setting. See: "
		      "hermetic account --help",
		      what);
}
