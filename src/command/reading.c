#include "command/reading.h"

#include "command/copies.h"
#include "command/out.h"

static uint64_t seq_of(const json_t *entry)
{
	return (uint64_t)json_integer_value(json_object_get(entry, "seq"));
}

bool reading_entry(void *context, const char *id, const json_t *entry)
{
	struct reading *reading = context;
	json_t *marked = copies_marked(reading->cmd, id, entry);
	struct buf line = BUF_INIT;

	if (reading->cmd->args->json) {
		out_message_json(id, marked);
	} else if (entry_line_is_shown(marked)) {
		entry_line_put(&line, &reading->lines, marked);
		if (buf_end(&line) == ERR_OK)
			out_line("%.*s", (int)line.n, (const char *)line.p);
		buf_clear(&line);
	}
	shown_note_printed(entry, reading->printed);
	reading->part.to = seq_of(entry);
	json_decref(marked);
	return out_is_good(); /* false: the reader went away */
}

enum err reading_note_shown(struct reading *reading, const char *id)
{
	return shown_update(reading->cmd, id, reading->printed,
			    reading->cmd->args->json, reading->part);
}

/* One that is kept; of a number before this device joined there is none. */
static enum err print_number(struct reading *reading, const char *id,
			     uint64_t number, bool *go_on)
{
	json_t *entry;
	enum hermetic_result result =
	    cmd_entry(reading->cmd, id, number, &entry);

	if (result == HERMETIC_OK)
		*go_on = reading_entry(reading, id, entry);
	json_decref(entry);
	return result == HERMETIC_GONE ? ERR_OK : cmd_did(reading->cmd, result);
}

enum err reading_kept(struct reading *reading, const char *id, uint64_t *told)
{
	uint64_t first, last;
	bool go_on = true, any;
	enum err e;

	TRY(cmd_did(reading->cmd,
		    hermetic_kept(reading->cmd->h, id, &first, &last)));
	any = *told < last;
	if (*told + 1 < first)
		*told = first - 1;
	if (reading->part.from == 0)
		reading->part.from = *told + 1;
	for (; go_on && *told < last; (*told)++)
		TRY(print_number(reading, id, *told + 1, &go_on));
	e = go_on ? ERR_OK : cmd_no_output(reading->cmd);
	if (go_on && any)
		TRY(reading_note_shown(reading, id));
out:
	return e;
}
