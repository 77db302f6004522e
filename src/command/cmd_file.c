/* send --file, save */
#include "command/cmd.h"

#include "command/out.h"
#include "command/saving.h"
#include "reach/directory.h"
#include "reach/transfer.h"
#include "reach/upload.h"
#include "reach/view.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- how far it is ---- */

struct progress {
	const struct args *args;
	uint64_t total;
	time_t last;
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

/* At the beginning, once a second, and at the end. */
static bool watch(void *context, uint64_t done)
{
	struct progress *p = context;
	time_t now = time(NULL);

	if (now != p->last || done == p->total)
		show(p, done);
	p->last = now;
	return interrupted == 0;
}

static enum err move(struct cmd *cmd, struct transfer t,
		     enum err (*how)(struct account *a,
				     const struct transfer *t))
{
	struct sigaction action = { .sa_handler = on_signal }, before;
	struct progress progress = { .args = cmd->args, .total = t.size };
	enum err e;

	t.watch = watch;
	t.context = &progress;
	interrupted = 0; /* by what ended another one */
	(void)sigaction(SIGINT, &action, &before);
	e = how(&cmd->a, &t);
	(void)sigaction(SIGINT, &before, NULL);
	if (progress.shown)
		(void)fputs("\n", stderr);
	return e;
}

/* ---- send --file ---- */

static enum err find_suite(struct cmd *cmd, const char *id,
			   const struct suite **suite)
{
	json_t *session = NULL;
	const char *name;
	enum err e;

	TRY(view_session(&cmd->a, id, &session));
	name = json_string_value(json_object_get(session, "algorithm"));
	*suite = name != NULL ? suite_by_algorithm(span_str(name)) : NULL;
	ENSURE(*suite != NULL, ERR_LOCAL_BUG);
out:
	json_decref(session);
	return e;
}

/* The key of an upload is its message's own id, so a try that was cut off behind the
 * message finds that it was said. Its session is the one that the file was sealed for:
 * the name may be another one's by now. */
static enum err say_file(struct cmd *cmd, const char *id,
			 const struct upload *upload)
{
	struct order order = { .session = id, .file = &upload->file };
	struct buf key = BUF_INIT;
	enum err e;

	buf_put_str(&key, "file/");
	uuid_put(&key, upload->file.id);
	buf_put_u8(&key, 0);
	TRY(buf_end(&key));
	order.key = (const char *)key.p;
	order.about = cmd->args->reply;
	order.topic = cmd->args->topic;
	order.expires_s = cmd->args->expires_s;
	if (cmd->args->caption != NULL)
		order.text = span_str(cmd->args->caption);
	TRY(cmd_send_order(cmd, order));
out:
	buf_clear(&key);
	return e;
}

enum err cmd_send_file(struct cmd *cmd)
{
	struct upload upload = { .fd = -1 };
	const struct suite *suite;
	struct transfer t;
	char id[TEXT_UUID_SIZE];
	bool said = false;
	enum err e, closed;

	TRY(directory_find(&cmd->a, cmd->args->operands[0], false, id));
	TRY(find_suite(cmd, id, &suite));
	TRY(upload_open(&cmd->a, id, cmd->args->file, suite, &upload));
	t = (struct transfer){ .session = id,
			       .file = upload.file.id,
			       .fd = upload.fd,
			       .size =
				   attachment_sealed_size(upload.file.size) };
	TRY(move(cmd, t, transfer_up));
	e = say_file(cmd, id, &upload);
	/* a message that is there, or that another caption has */
	said = e == ERR_OK || e == ERR_STATE_CONFLICT;
out:
	closed = upload_close(&cmd->a, &upload, said);
	return e != ERR_OK ? e : closed;
}

/* ---- save ---- */

static enum err find_file(struct cmd *cmd, const char *id, uint64_t seq,
			  struct attachment *file)
{
	enum err e = device_file(cmd->a.device, id, seq, file);

	if (e == ERR_STATE_GONE) { /* it may not be read yet */
		attachment_clear(file);
		TRY(view_refresh(&cmd->a, id));
		e = device_file(cmd->a.device, id, seq, file);
	}
	if (e == ERR_STATE_GONE)
		e = why_set(&cmd->a.why, e, "no-file",
			    "Message #%llu names no file that is known here.",
			    (unsigned long long)seq);
out:
	return e;
}

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
	struct attachment file = { .size = 0 };
	struct transfer t;
	char id[TEXT_UUID_SIZE];
	uint64_t seq;
	enum err e;

	TRY(directory_find(&cmd->a, args->operands[0], false, id));
	TRY(cmd_read_number(cmd, &seq));
	TRY(find_file(cmd, id, seq, &file));
	TRY(saving_open(folder, &file, &saving, &cmd->a.why));
	t = (struct transfer){ .session = id,
			       .file = file.id,
			       .fd = saving.part,
			       .size = attachment_sealed_size(file.size) };
	TRY(move(cmd, t, transfer_down));
	TRY(saving_end(&saving, &cmd->a.why));
	print_saved(cmd, folder, &saving);
out:
	saving_close(&saving);
	attachment_clear(&file);
	return e;
}
