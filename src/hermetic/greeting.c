/* What waits at the server for a device that listens: with each connection, since what was pushed
 * while there was none is not pushed again, and with each push that says so. */
#include "base/clock.h"
#include "base/uuid.h"
#include "device/record.h"
#include "hermetic/inside.h"
#include "reach/directory.h"
#include "reach/drive.h"
#include "reach/notice.h"

#define AGAIN_MS 4000	/* after a server that did not say it */
#define REQUESTS_MAX 64 /* of devices: so many a server lists */

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

/* When the stamp of a row has changed, somebody has invited the account anew, or has added this
 * device since, and the library tells the row again. */
static json_t *stamp(const json_t *row)
{
	return json_pack("[I, b]",
			 json_integer_value(json_object_get(row, "invited_at")),
			 json_is_true(json_object_get(row, "added")));
}

/* {ID: stamp} of the first `max` rows, without those that have no id under `key`. */
static json_t *read_rows(const json_t *list, const char *key, size_t max)
{
	json_t *read = json_object();
	const json_t *row;
	size_t i;

	json_array_foreach(list, i, row)
	{
		const char *id = record_string(row, key);

		if (i == max)
			break;
		if (id != NULL && uuid_is_text(span_str(id)))
			(void)json_object_set_new(read, id, stamp(row));
	}
	return read;
}

/* Tells the rows of `now` that `*told`, the rows of the last list, does not have; *told is
 * `now` afterwards. */
static enum err tell_new(struct hermetic *h, json_t **told, json_t *now,
			 enum hermetic_event_kind kind)
{
	const bool session = kind == HERMETIC_EVENT_INVITED;
	const json_t *value;
	const char *id;

	if (now == NULL)
		return ERR_LOCAL_MEMORY;
	json_object_foreach(
	    now, id, value) if (!json_equal(json_object_get(*told, id), value))
	    told_add(&h->told, told_make_event(kind, session ? id : NULL));
	json_decref(*told);
	*told = now;
	return ERR_OK;
}

static enum err tell_invitations(struct hermetic *h)
{
	json_t *list = NULL;
	enum err e;

	TRY(directory_invitations(&h->a, &list));
	TRY(tell_new(h, &h->greeting.invited,
		     read_rows(list, "session_id", NOTICE_INVITATIONS_MAX),
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
	TRY(tell_new(h, &h->greeting.devices,
		     read_rows(requests, "device_id", REQUESTS_MAX),
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
	struct why why = { 0 };
	enum err e, failed = ERR_OK;
	uint64_t at;

	if (!greeting_is_due(h, &at) || clock_steady_ms() < at)
		return ERR_OK;
	for (size_t i = 0; i < sizeof(STEPS) / sizeof(*STEPS); i++) {
		if ((h->greeting.due & STEPS[i].what) == 0)
			continue;
		e = STEPS[i].take(h);
		if (e != ERR_OK && drive_is_passing(&h->a, NULL, e)) {
			h->greeting.at = clock_steady_ms() + AGAIN_MS;
			return e;
		}
		h->greeting.due &= ~STEPS[i].what;
		if (e != ERR_OK) {
			failed = e;
			why = h->a.why;
			why_clear(&h->a.why);
		}
	}
	if (failed != ERR_OK)
		h->a.why = why;
	return failed;
}

void greeting_clear(struct hermetic *h)
{
	json_decref(h->greeting.invited);
	json_decref(h->greeting.devices);
	h->greeting = (struct greeting){ 0 };
}
