/* The `hermetic` command. */
#include "command/cmd.h"
#include "command/commit.h"
#include "command/copies.h"
#include "command/home.h"
#include "command/out.h"
#include "hermetic/hermetic.h"
#include "reach/given.h"
#include "reach/process.h"
#include "reach/state.h"

#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum exit_code {
	EXIT_DONE,
	EXIT_REFUSED,
	EXIT_USAGE,
	EXIT_UNREACHABLE,
	EXIT_KEPT /* it waits in the outbox */
};

/* Secrets are in memory: no core file, no debugger of the same user, and no
 * file that others can read. */
static void harden(void)
{
	struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__ /* whose leak check traces the process */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
	(void)umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
}

/* Texts are UTF-8, whatever the environment says. */
static void set_characters(void)
{
	(void)setlocale(LC_CTYPE, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		(void)setlocale(LC_CTYPE, "C.UTF-8");
}

static enum exit_code report(const struct args *args, const struct why *why,
			     enum err e)
{
	const char *slug = why->slug[0] != '\0' ? why->slug : "failed";
	const char *text = why->text[0] != '\0' ? why->text : err_text(e);
	struct buf safe = BUF_INIT;
	json_t *line;

	if (e == ERR_OK)
		return EXIT_DONE;
	if (args->json) {
		line = json_pack("{s:s, s:s}", "error", slug, "detail", text);
		(void)json_dumpf(line, stderr,
				 JSON_COMPACT | JSON_ENSURE_ASCII);
		(void)fputc('\n', stderr);
		json_decref(line);
	} else {
		out_put_safe(&safe, span_str(text));
		(void)fprintf(stderr, "hermetic: %.*s\n", (int)safe.n,
			      safe.n > 0 ? (const char *)safe.p : "");
		buf_clear(&safe);
	}
	if (strcmp(slug, "usage") == 0)
		return EXIT_USAGE;
	return why->unreachable ? EXIT_UNREACHABLE : EXIT_REFUSED;
}

/* What could not be written was not told: that is no success. */
static enum err check_output(struct why *why, enum err e)
{
	if (out_is_good() || (e != ERR_OK && why->text[0] != '\0'))
		return e;
	return why_set(why, ERR_LOCAL_IO, "output",
		       "Cannot write to standard output.");
}

static bool opens_itself(enum verb verb)
{
	return verb == VERB_CHAT || verb == VERB_REGISTER ||
	       verb == VERB_LOGIN || verb == VERB_PASSPHRASE ||
	       verb == VERB_ACCOUNT || verb == VERB_AGENT || verb == VERB_LOCK;
}

static bool needs_no_home(const struct args *args)
{
	return args->verb == VERB_ACCOUNT && !cmd_account_is_own(args);
}

static enum exit_code run(const struct args *args)
{
	struct cmd cmd = { .args = args };
	enum exit_code code;
	enum err e;

	TRY(process_start());
	if (needs_no_home(args)) {
		e = cmd_account(&cmd);
		goto out;
	}
	TRY(home_find(args->home, args->username, &cmd.a.why, &cmd.home));
	cmd.a.home = (const char *)cmd.home.p;
	cmd.a.ca = args->ca;
	if (args->ca != NULL)
		TRY(given_check(args->ca, &cmd.a.why));
	if (args->transport == TRANSPORT_MQTT)
		cmd.a.mqtt = args->mqtt != NULL ? args->mqtt : "";
	TRY(account_parse_stock(args->stock, &cmd.a.stock, &cmd.a.why));
	TRY(account_parse_receipts(args->receipts, &cmd.a.no_receipts,
				   &cmd.a.why));
	if (!opens_itself(args->verb))
		TRY(cmd_open(&cmd));
	TRY(cmd_run(&cmd));
out:
	copies_tell(&cmd);
	if (cmd.a.home != NULL)
		state_explain(cmd.a.home, e, &cmd.a.why);
	e = check_output(&cmd.a.why, e);
	code = report(args, &cmd.a.why, e);
	if (cmd.kept)
		code = EXIT_KEPT;
	account_close(&cmd.a);
	buf_clear(&cmd.home);
	buf_clear(&cmd.passphrase);
	return code;
}

int main(int argc, char **argv)
{
	struct args args;
	char problem[256];
	enum exit_code code;

	harden();
	set_characters();
	if (args_parse(&args, argc, argv, problem) != ERR_OK) {
		(void)fprintf(stderr, "hermetic: %s See: hermetic%s%s --help\n",
			      problem, args.verb != VERB_CHAT ? " " : "",
			      args_verb_name(args.verb));
		return EXIT_USAGE;
	}
	if (args.help || args.version) {
		if (args.version)
			out_line("hermetic %s%s%s%s", hermetic_version(),
				 COMMIT[0] != '\0' ? " (" : "", COMMIT,
				 COMMIT[0] != '\0' ? ")" : "");
		else
			args_help(args.verb, stdout);
		if (out_is_good())
			return EXIT_DONE;
		(void)fputs("hermetic: Cannot write to standard output.\n",
			    stderr);
		return EXIT_REFUSED;
	}
	args_environment(&args);
	code = run(&args);
	process_end();
	return (int)code;
}
