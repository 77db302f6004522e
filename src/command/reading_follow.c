/* read --follow */
#include "command/reading.h"
#include "reach/drive.h"
#include "reach/live.h"
#include "reach/pause.h"
#include "reach/view.h"

/* How often read --follow asks when it goes by REST: less often, while the server is away. */
#define POLL_MS 1000
#define POLL_MAX_MS 15000

/* As by the other transports, who follows waits until a server that is away comes back. */
static enum err ask_later(struct account *a, const char *id, int *wait_ms)
{
	enum err e;

	(void)pause_poll(NULL, 0, *wait_ms);
	e = view_refresh(a, id);
	if (e == ERR_OK || !drive_is_passing(a, NULL, e)) {
		*wait_ms = POLL_MS;
		return e;
	}
	why_clear(&a->why);
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
		TRY(ask_later(&reading->cmd->h->a, id, &wait_ms));
	}
out:
	return e;
}

static enum err follow_live(struct reading *reading, const char *id,
			    uint64_t told)
{
	struct live_listener listener = { .entry = reading_entry,
					  .context = reading };
	struct account *a = &reading->cmd->h->a;
	bool readable, stopped = false;
	struct live *live = NULL;
	uint64_t shown = 0, last;
	enum err e;

	TRY(live_open(a, &listener, &live));
	if (reading->part.from == 0)
		reading->part.from = told + 1;
	TRY(live_follow(live, id, told));
	TRY(live_tell(live, &stopped));
	while (!stopped) {
		last = device_last_seq(a->device, id);
		if (last != shown)
			TRY(reading_note_shown(reading, id));
		shown = last;
		TRY(live_wait(live, -1, 60000, &readable, &stopped));
	}
out:
	live_close(live);
	return e;
}

enum err reading_follow(struct reading *reading, const char *id, uint64_t told)
{
	return reading->cmd->args->transport == TRANSPORT_REST
		   ? follow_by_rest(reading, id, told)
		   : follow_live(reading, id, told);
}
