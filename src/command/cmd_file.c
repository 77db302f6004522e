/* send --file, save */
#include "command/cmd.h"

#include "command/out.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- how far it is ---- */

struct progress {
	const struct args *args;
	uint64_t total, done;
	time_t last;
	bool begun;
	bool shown;		 /* a line stands on the terminal */
	bool catches;		 /* SIGINT, instead of */
	struct sigaction before; /* that */
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

static void begin(struct progress *p)
{
	struct sigaction action = { .sa_handler = on_signal };

	interrupted = 0; /* by what ended another one */
	(void)sigaction(SIGINT, &action, &p->before);
	p->catches = true;
}

static void end(struct progress *p)
{
	if (p->catches)
		(void)sigaction(SIGINT, &p->before, NULL);
	p->catches = false;
	if (p->shown)
		(void)fputs("\n", stderr);
	p->shown = false;
}

static bool is_terminal(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) == 1 && term != NULL &&
	       strcmp(term, "dumb") != 0;
}

static void show(struct progress *p, uint64_t done)
{
	struct buf line = BUF_INIT;
	json_t *event;

	if (p->args->json) {
		event =
		    json_pack("{s:s, s:I, s:I}", "event", "progress", "bytes",
			      (json_int_t)done, "of", (json_int_t)p->total);
		out_json(event);
		json_decref(event);
		return;
	}
	if (!is_terminal())
		return;
	out_put_size(&line, done);
	buf_put_str(&line, " of ");
	out_put_size(&line, p->total);
	if (buf_end(&line) == ERR_OK)
		(void)fprintf(stderr, "\r%3u%%  %.*s   ",
			      (unsigned)(done * 100 / p->total), (int)line.n,
			      (const char *)line.p);
	(void)fflush(stderr);
	buf_clear(&line);
	p->shown = true;
}

/* At the beginning, once a second, and at the end; nothing twice. When all bytes are there,
 * what is said is not interrupted. */
static bool watch(void *context, uint64_t done, uint64_t total)
{
	struct progress *p = context;
	time_t now = time(NULL);

	p->total = total;
	if (p->begun && (done == p->done || (now == p->last && done != total)))
		return interrupted == 0;
	show(p, done);
	p->begun = true;
	p->done = done;
	p->last = now;
	if (done == total)
		end(p);
	return interrupted == 0;
}

static bool goes_on(void *context)
{
	(void)context;
	return interrupted == 0;
}

/* ---- send --file ---- */

/* The session is the one that the file was sealed for: the name may be another one's by
 * now. */
enum err cmd_send_file(struct cmd *cmd)
{
	const struct args *args = cmd->args;
	struct progress progress = { .args = args };
	const struct hermetic_watch watcher = { .size = sizeof(watcher),
						.watch = watch,
						.context = &progress,
						.goes_on = goes_on };
	struct hermetic_saying saying = cmd_saying(cmd, HERMETIC_SAY);
	struct hermetic_sent sent = { 0 };
	enum hermetic_result result;
	char id[HERMETIC_ID_SIZE];
	enum err e;

	saying.about = args->reply;
	saying.topic = args->topic;
	saying.expires_s = args->expires_s;
	TRY(cmd_begin_saying(cmd, id));
	begin(&progress);
	result = hermetic_send_file(cmd->h, id, args->file, args->caption,
				    &saying, &watcher, &sent);
	end(&progress);
	TRY(cmd_said(cmd, id, result, &sent));
out:
	return e;
}

/* ---- save ---- */

static void print_saved(const struct cmd *cmd, const char *folder,
			const json_t *given)
{
	json_t *line;

	if (!cmd->args->json) {
		out_line("Saved as %s/%s.", folder,
			 json_string_value(json_object_get(given, "saved")));
		return;
	}
	line = json_pack("{s:O, s:s, s:O, s:O, s:O}", "saved",
			 json_object_get(given, "saved"), "folder", folder,
			 "size", json_object_get(given, "size"), "name",
			 json_object_get(given, "name"), "type",
			 json_object_get(given, "type"));
	out_json(line);
	json_decref(line);
}

enum err cmd_save(struct cmd *cmd)
{
	const struct args *args = cmd->args;
	const char *folder = args->operand_count > 2 ? args->operands[2] : ".";
	struct progress progress = { .args = args };
	const struct hermetic_watch watcher = { .size = sizeof(watcher),
						.watch = watch,
						.context = &progress,
						.goes_on = goes_on };
	enum hermetic_result result;
	char id[HERMETIC_ID_SIZE];
	json_t *given = NULL;
	uint64_t number;
	enum err e;

	TRY(cmd_find(cmd, id));
	TRY(cmd_read_number(cmd, &number));
	begin(&progress);
	result = hermetic_save_file(cmd->h, id, number, folder, &watcher, NULL);
	end(&progress);
	TRY(cmd_did(cmd, result));
	given = cmd_given(cmd);
	print_saved(cmd, folder, given);
out:
	json_decref(given);
	return e;
}
