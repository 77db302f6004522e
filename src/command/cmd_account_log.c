/* account log: what a server says that an account's log is. account verify: such a
 * log in a file, looked at without a server and without an account of one's own. */
#include "command/cmd.h"

#include "base/text.h"
#include "check/account.h"
#include "command/out.h"
#include "reach/given.h"
#include "reach/tokens.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The file, as GET /users/{username}/log answers: pages, one after another. */
struct reading {
	struct why *why;
	struct account_log *log;
	char username[40]; /* "" without one */
	struct buf salt;   /* empty without one */
};

static enum err bad_file(struct reading *r, const char *what)
{
	return why_set(r->why, ERR_PEER_MALFORMED, "no-account-log",
		       "That is no account's log: %s.", what);
}

static enum err add_link(struct reading *r, const json_t *text)
{
	struct account_place place;
	struct check_verdict verdict;
	struct buf link = BUF_INIT;
	enum err e;

	if (!json_is_string(text) ||
	    text_base64(&link, span_of(json_string_value(text),
				       json_string_length(text))) != ERR_OK) {
		e = bad_file(r, "a link is not base64");
		goto out;
	}
	verdict = account_log_add(r->log, buf_span(&link));
	e = verdict.local ? ERR_LOCAL_MEMORY : ERR_OK;
	if (verdict.wrong == NULL || verdict.local)
		goto out;
	account_log_place(r->log, &place);
	e = why_set(r->why, ERR_PEER_INVALID, "link-invalid",
		    "Link %llu is wrong: %s.",
		    (unsigned long long)place.number + 1, verdict.wrong);
out:
	buf_clear(&link);
	return e;
}

static enum err take_name(struct reading *r, const json_t *page)
{
	const char *username, *salt;
	enum err e = ERR_OK;

	username = json_string_value(json_object_get(page, "username"));
	salt = json_string_value(json_object_get(page, "salt"));
	if (username == NULL || salt == NULL || r->salt.n > 0)
		goto out;
	ENSURE(text_base64(&r->salt, span_str(salt)) == ERR_OK,
	       bad_file(r, "its salt is not base64"));
	(void)snprintf(r->username, sizeof(r->username), "%s", username);
out:
	return e;
}

static enum err take_page(struct reading *r, const json_t *page)
{
	const json_t *links = json_object_get(page, "links"), *link;
	size_t i;
	enum err e;

	ENSURE(json_is_array(links), bad_file(r, "it has no links"));
	TRY(take_name(r, page));
	json_array_foreach(links, i, link) TRY(add_link(r, link));
out:
	return e;
}

static enum err read_pages(struct reading *r, FILE *file)
{
	json_error_t problem;
	json_t *page;
	int c;
	enum err e;

	do {
		page = json_loadf(file, JSON_DISABLE_EOF_CHECK, &problem);
		if (page == NULL)
			return bad_file(r, "it is not JSON");
		e = take_page(r, page);
		json_decref(page);
		if (e != ERR_OK)
			return e;
		do
			c = fgetc(file);
		while (c == '\n' || c == '\r' || c == ' ');
		if (c != EOF)
			(void)ungetc(c, file);
	} while (c != EOF);
	return ERR_OK;
}

static enum err read_file(struct reading *r, const char *path)
{
	FILE *file = stdin;
	int fd = -1;
	enum err e;

	if (strcmp(path, "-") != 0) {
		TRY(given_open_stream(path, &fd, r->why));
		file = fdopen(fd, "r");
		ENSURE(file != NULL, ERR_LOCAL_MEMORY);
	}
	e = read_pages(r, file);
out:
	if (file != NULL && file != stdin)
		(void)fclose(file);
	else if (fd >= 0)
		(void)close(fd);
	return e;
}

/* ---- what it says ---- */

static const char *hex(struct buf *out, struct span bytes)
{
	buf_reset(out);
	text_put_hex(out, bytes);
	buf_put_u8(out, 0);
	return buf_end(out) == ERR_OK ? (const char *)out->p : "";
}

/* In groups of four, for people to compare. */
static void print_fingerprint(struct span fingerprint)
{
	char text[ACCOUNT_HASH / 2 * 5 + 1];
	size_t n = 0;

	for (size_t i = 0; i + 1 < fingerprint.n; i += 2)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%02x%02x",
				      i > 0 ? " " : "", fingerprint.p[i],
				      fingerprint.p[i + 1]);
	out_line("fingerprint  %s", text);
}

static void print_devices(const struct account_log *log)
{
	struct account_device device;
	char signer[32], removed[48];
	size_t position = 0;

	while (account_log_next_device(log, &position, &device)) {
		(void)snprintf(signer, sizeof(signer), "device %llu",
			       (unsigned long long)device.signer);
		(void)snprintf(removed, sizeof(removed),
			       ", removed by link %llu",
			       (unsigned long long)device.removed);
		out_line("device       %llu, %s%s%s",
			 (unsigned long long)device.number,
			 device.signer == device.number ? "the first one"
							: "added by ",
			 device.signer == device.number ? ""
			 : device.signer == ACCOUNT_RECOVERY_SIGNER
			     ? "the recovery key"
			     : signer,
			 device.removed != 0 ? removed : "");
	}
}

static void print_log(const struct reading *r, bool named)
{
	struct account_place place;
	struct buf text = BUF_INIT;

	account_log_place(r->log, &place);
	if (named)
		out_line("account      %s", r->username);
	print_fingerprint(account_log_fingerprint(r->log));
	out_line("place        %llu %s", (unsigned long long)place.number,
		 hex(&text, SPAN_ARRAY(place.hash)));
	print_devices(r->log);
	out_line("recovery     %s", account_log_recovery(r->log).n > 0
					? "there is a key"
					: "there is no key");
	if (account_log_changed(r->log) != 0)
		out_line("changed      by link %llu: who compared the "
			 "fingerprint before has to do it again",
			 (unsigned long long)account_log_changed(r->log));
	if (account_log_closed(r->log) != 0)
		out_line("closed       by link %llu",
			 (unsigned long long)account_log_closed(r->log));
	buf_clear(&text);
}

static json_t *describe_devices(const struct account_log *log)
{
	struct account_device device;
	json_t *list = json_array();
	size_t position = 0;

	while (account_log_next_device(log, &position, &device)) {
		json_t *row =
		    json_pack("{s:I, s:I}", "device", (json_int_t)device.number,
			      "signer", (json_int_t)device.signer);

		if (device.removed != 0)
			(void)json_object_set_new(
			    row, "removed",
			    json_integer((json_int_t)device.removed));
		(void)json_array_append_new(list, row);
	}
	return list;
}

static void print_json(const struct reading *r, bool named)
{
	struct account_place place;
	struct buf fingerprint = BUF_INIT, hash = BUF_INIT;
	json_t *line;

	account_log_place(r->log, &place);
	line = json_pack("{s:s, s:I, s:s, s:o, s:b, s:I, s:I}", "fingerprint",
			 hex(&fingerprint, account_log_fingerprint(r->log)),
			 "number", (json_int_t)place.number, "hash",
			 hex(&hash, SPAN_ARRAY(place.hash)), "devices",
			 describe_devices(r->log), "recovery",
			 account_log_recovery(r->log).n > 0, "changed",
			 (json_int_t)account_log_changed(r->log), "closed",
			 (json_int_t)account_log_closed(r->log));
	if (named)
		(void)json_object_set_new(line, "username",
					  json_string(r->username));
	out_json(line);
	json_decref(line);
	buf_clear(&fingerprint);
	buf_clear(&hash);
}

/* ---- account log ---- */

/* A page as the server answers; *next: the number to go on after, 0 with the last. */
static enum err print_page(struct cmd *cmd, const char *username,
			   json_int_t after, json_int_t *next)
{
	struct api_answer answer = { 0 };
	char path[160];
	enum err e;

	(void)snprintf(path, sizeof(path), "/users/%s/log?after=%lld", username,
		       (long long)after);
	TRY(tokens_call(&cmd->a, "GET", path, NULL, &answer));
	*next = json_integer_value(json_object_get(answer.body, "next"));
	out_json(answer.body);
out:
	api_answer_clear(&answer);
	return e;
}

static enum err print_pages(struct cmd *cmd)
{
	const char *username = cmd->args->operands[1];
	json_int_t after = 0, next;
	enum err e;

	TRY(cmd_open(cmd));
	if (username == NULL)
		username = cmd->a.username;
	ENSURE(text_is_username(span_str(username)),
	       why_set(&cmd->a.why, ERR_PEER_INVALID, "usage",
		       "\"%.40s\" is no user name.", username));
	do {
		TRY(print_page(cmd, username, after, &next));
		/* a server could name one page for ever */
		ENSURE(next == 0 || next > after, ERR_PEER_MALFORMED);
		after = next;
	} while (next != 0);
out:
	return e;
}

enum err cmd_account(struct cmd *cmd)
{
	struct reading r = { .why = &cmd->a.why };
	const char *what = cmd->args->operands[0];
	bool named;
	enum err e;

	if (cmd_account_is_own(cmd->args))
		return strcmp(what, "delete") == 0 ? cmd_account_delete(cmd)
		       : strcmp(what, "log") == 0  ? print_pages(cmd)
						   : cmd_account_setting(cmd);
	if (strcmp(what, "verify") != 0 || cmd->args->operand_count != 2)
		return why_set(r.why, ERR_PEER_INVALID, "usage",
			       "\"account %.40s\" is nothing that can be done: "
			       "it is delete, log, verify with a FILE, or a "
			       "setting. See: "
			       "hermetic account --help",
			       what);
	TRY(account_log_new(&r.log));
	TRY(read_file(&r, cmd->args->operands[1]));
	ENSURE(account_log_fingerprint(r.log).n > 0,
	       bad_file(&r, "it has no links"));
	named = r.salt.n > 0;
	if (named && !account_log_is_named(r.log, buf_span(&r.salt),
					   span_str(r.username))) {
		e = why_set(r.why, ERR_PEER_INVALID, "another-name",
			    "The log is another account's than %s's.",
			    r.username);
		goto out;
	}
	if (cmd->args->json)
		print_json(&r, named);
	else
		print_log(&r, named);
out:
	account_log_free(r.log);
	buf_clear(&r.salt);
	return e;
}
