/* send --file, save */
#include "command/cmd.h"

#include "command/out.h"
#include "reach/directory.h"
#include "reach/files.h"

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
	bool shown; /* a line stands on the terminal */
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
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

/* At the beginning, once a second, and at the end; nothing twice. */
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
	return interrupted == 0;
}

static bool goes_on(void *context)
{
	(void)context;
	return interrupted == 0;
}

static void begin(struct sigaction *before)
{
	struct sigaction action = { .sa_handler = on_signal };

	interrupted = 0; /* by what ended another one */
	(void)sigaction(SIGINT, &action, before);
}

static void end(const struct progress *progress, const struct sigaction *before)
{
	(void)sigaction(SIGINT, before, NULL);
	if (progress->shown)
		(void)fputs("\n", stderr);
}

/* ---- send --file ---- */

struct sending {
	struct cmd *cmd;
	struct progress progress;
	struct sigaction before;
	bool moved;
};

/* The bytes are there: what is said is not interrupted. */
static enum err say(void *context, const struct order *order)
{
	struct sending *sending = context;

	end(&sending->progress, &sending->before);
	sending->moved = true;
	return cmd_send_order(sending->cmd, *order);
}

/* The session is the one that the file was sealed for: the name may be another one's by
 * now. */
enum err cmd_send_file(struct cmd *cmd)
{
	const struct args *args = cmd->args;
	struct sending sending = { .cmd = cmd, .progress = { .args = args } };
	const struct files_watch watcher = { watch, goes_on,
					     &sending.progress };
	const struct files_sayer sayer = { say, &sending };
	struct order order = { .about = args->reply,
			       .topic = args->topic,
			       .expires_s = args->expires_s };
	char id[TEXT_UUID_SIZE];
	enum err e;

	TRY(directory_find(&cmd->h->a, args->operands[0], false, id));
	order.session = id;
	if (args->caption != NULL)
		order.text = span_str(args->caption);
	begin(&sending.before);
	e = files_send(&cmd->h->a, args->file, order, &watcher, &sayer);
	if (!sending.moved)
		end(&sending.progress, &sending.before);
out:
	return e;
}

/* ---- save ---- */

static void print_saved(const struct cmd *cmd, const char *folder,
			const struct saving *saving)
{
	const char *name = (const char *)saving->name.p;
	json_t *line;

	if (!cmd->args->json) {
		out_line("Saved as %s/%s.", folder, name);
		return;
	}
	line = json_pack("{s:s, s:s, s:I, s:s%, s:s%}", "saved", name, "folder",
			 folder, "size", (json_int_t)saving->file->size, "name",
			 saving->file->name.p, saving->file->name.n, "type",
			 saving->file->type.p, saving->file->type.n);
	out_json(line);
	json_decref(line);
}

enum err cmd_save(struct cmd *cmd)
{
	const struct args *args = cmd->args;
	const char *folder = args->operand_count > 2 ? args->operands[2] : ".";
	struct saving saving = { .folder = -1, .part = -1 };
	struct progress progress = { .args = args };
	const struct files_watch watcher = { watch, goes_on, &progress };
	struct attachment file = { .size = 0 };
	struct sigaction before;
	char id[TEXT_UUID_SIZE];
	uint64_t seq;
	enum err e;

	TRY(directory_find(&cmd->h->a, args->operands[0], false, id));
	TRY(cmd_read_number(cmd, &seq));
	begin(&before);
	e = files_save(&cmd->h->a, id, seq, folder, &watcher, &file, &saving);
	end(&progress, &before);
	if (e == ERR_OK)
		print_saved(cmd, folder, &saving);
out:
	saving_close(&saving);
	attachment_clear(&file);
	return e;
}
