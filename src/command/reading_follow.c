/* read --follow */
#include "command/reading.h"

#include <poll.h>
#include <string.h>

/* How often read --follow asks when it goes by REST: less often, while the server is away. */
#define POLL_MS 1000
#define POLL_MAX_MS 15000

/* As by the other transports, who follows waits until a server that is away comes back. */
static enum err ask_later(struct cmd *cmd, const char *id, int *wait_ms)
{
	enum hermetic_result result;

	(void)poll(NULL, 0, *wait_ms);
	result = hermetic_refresh(cmd->h, id);
	if (result != HERMETIC_UNREACHABLE && result != HERMETIC_BUSY) {
		*wait_ms = POLL_MS;
		return cmd_did(cmd, result);
	}
	*wait_ms *= 2;
	if (*wait_ms > POLL_MAX_MS)
		*wait_ms = POLL_MAX_MS;
	return ERR_OK;
}

static enum err follow_by_rest(struct reading *reading, const char *id,
			       uint64_t told)
{
	int wait_ms = POLL_MS;
	enum err e;

	for (;;) {
		TRY(reading_kept(reading, id, &told));
		TRY(ask_later(reading->cmd, id, &wait_ms));
	}
out:
	return e;
}

/* *any: something was printed. False: the reader went away. */
static bool print_events(struct reading *reading, const char *id, bool *any)
{
	const struct hermetic_event *event;
	bool go_on = true;

	*any = false;
	while (go_on &&
	       (event = hermetic_next_event(reading->cmd->h)) != NULL) {
		json_t *entry = json_loads(event->json, 0, NULL);

		if (entry != NULL && strcmp(event->session, id) == 0 &&
		    event->number > 0) {
			go_on = reading_entry(reading, id, entry);
			*any = true;
		}
		json_decref(entry);
	}
	return go_on;
}

static enum err follow_live(struct reading *reading, const char *id,
			    uint64_t told)
{
	struct cmd *cmd = reading->cmd;
	bool any;
	enum err e;

	TRY(cmd_did(cmd, hermetic_follow(cmd->h, id, told)));
	TRY(cmd_did(cmd, hermetic_listen_to_followed(cmd->h)));
	if (reading->part.from == 0)
		reading->part.from = told + 1;
	while (print_events(reading, id, &any)) {
		if (any)
			TRY(reading_note_shown(reading, id));
		TRY(cmd_did(cmd, hermetic_step(cmd->h, 60000)));
	}
out:
	return e;
}

enum err reading_follow(struct reading *reading, const char *id, uint64_t told)
{
	return reading->cmd->args->transport == TRANSPORT_REST
		   ? follow_by_rest(reading, id, told)
		   : follow_live(reading, id, told);
}
