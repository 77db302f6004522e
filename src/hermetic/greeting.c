/* What waits at the server for a device that listens: with each connection, since what was pushed
 * while there was none is not pushed again, and with each push that says so. */
#include "base/clock.h"
#include "device/record.h"
#include "hermetic/inside.h"
#include "reach/directory.h"
#include "reach/drive.h"

#define AGAIN_MS 4000 /* after a server that did not say it */

void greeting_note(struct hermetic *h, unsigned what)
{
	h->greeting.due |= what;
	h->greeting.at = 0;
}

bool greeting_is_due(const struct hermetic *h, uint64_t *at)
{
	*at = h->greeting.at;
	return h->greeting.due != 0 && h->live != NULL && live_fd(h->live) >= 0;
}

/* *told: the ids that the server named last time, those of `list` from now on. Tells
 * the others. */
static enum err tell_new(struct hermetic *h, json_t **told, const json_t *list,
			 const char *key, enum hermetic_event_kind kind)
{
	json_t *now = json_object();
	const json_t *row;
	size_t i;
	enum err e = ERR_OK;

	ENSURE(now != NULL, ERR_LOCAL_MEMORY);
	json_array_foreach(list, i, row)
	{
		const char *id = record_string(row, key);
		bool session = kind == HERMETIC_EVENT_INVITED;

		ENSURE(id != NULL, ERR_PEER_MALFORMED);
		if (json_object_get(*told, id) == NULL)
			told_add(&h->told,
				 told_make_event(kind, session ? id : NULL));
		ENSURE(json_object_set_new(now, id, json_true()) == 0,
		       ERR_LOCAL_MEMORY);
	}
	json_decref(*told);
	*told = json_incref(now);
out:
	json_decref(now);
	return e;
}

static enum err tell_invitations(struct hermetic *h)
{
	json_t *list = NULL;
	enum err e;

	TRY(directory_invitations(&h->a, &list));
	TRY(tell_new(h, &h->greeting.invited, list, "session_id",
		     HERMETIC_EVENT_INVITED));
out:
	json_decref(list);
	return e;
}

static enum err tell_devices(struct hermetic *h)
{
	json_t *requests = NULL;
	enum err e;

	TRY(inside_ask_requests(h, &requests));
	TRY(tell_new(h, &h->greeting.devices, requests, "device_id",
		     HERMETIC_EVENT_DEVICE_WAITS));
out:
	json_decref(requests);
	return e;
}

/* That no stock could be made is no failure of who listens: the next connection makes it. */
static enum err fill_stock(struct hermetic *h)
{
	if (drive_session(&h->a, ORDER_STOCK, NULL) != ERR_OK)
		why_clear(&h->a.why);
	return ERR_OK;
}

enum err greeting_go_on(struct hermetic *h)
{
	static const struct {
		unsigned what;
		enum err (*take)(struct hermetic *h);
	} STEPS[] = { { GREETING_STOCK, fill_stock },
		      { GREETING_INVITATIONS, tell_invitations },
		      { GREETING_DEVICES, tell_devices } };
	uint64_t at;
	enum err e = ERR_OK;

	if (!greeting_is_due(h, &at) || clock_steady_ms() < at)
		return ERR_OK;
	for (size_t i = 0; i < sizeof(STEPS) / sizeof(*STEPS); i++) {
		if ((h->greeting.due & STEPS[i].what) == 0)
			continue;
		e = STEPS[i].take(h);
		if (e != ERR_OK)
			break;
		h->greeting.due &= ~STEPS[i].what;
	}
	if (e != ERR_OK)
		h->greeting.at = clock_steady_ms() + AGAIN_MS;
	return e;
}

void greeting_clear(struct hermetic *h)
{
	json_decref(h->greeting.invited);
	json_decref(h->greeting.devices);
	h->greeting = (struct greeting){ 0 };
}
