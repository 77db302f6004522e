#include "reach/come_in.h"

#include "device/accounts/approval.h"
#include "device/record.h"
#include "reach/drive.h"
#include "reach/tokens.h"

#include <string.h>
#include <unistd.h>

#define WELCOME_TRIES 60 /* of half a second without anything new */

/* Whether a Welcome into the session waits. */
static bool is_welcome(const json_t *welcomes, const char *id)
{
	const json_t *row;
	size_t i;

	json_array_foreach(welcomes, i, row)
	{
		const char *session = record_string(row, "session_id");

		if (session != NULL && strcmp(session, id) == 0)
			return true;
	}
	return false;
}

static void tell_failed(struct account *a,
			const struct come_in_listener *listener, const char *id,
			enum err e)
{
	(void)why_set(&a->why, e, "failed", "%s.", err_text(e));
	if (listener->failed != NULL)
		listener->failed(listener->context, id, &a->why);
	why_clear(&a->why);
}

static enum err join(struct account *a, const struct come_in_listener *listener,
		     const char *id)
{
	enum err e;

	TRY(drive_session(a, ORDER_JOIN, id));
	TRY(listener->joined(listener->context, id));
out:
	return e;
}

/* Joins those whose Welcome is there, and takes them off the list. One that cannot be
 * joined keeps nobody from the others: the listener is told why. */
static enum err join_some(struct account *a,
			  const struct come_in_listener *listener,
			  json_t *coming, bool *any)
{
	struct api_answer answer = { 0 };
	const json_t *welcomes;
	enum err e;

	*any = false;
	TRY(tokens_call(a, "GET", "/welcomes", NULL, &answer));
	welcomes = json_object_get(answer.body, "welcomes");
	for (size_t i = json_array_size(coming); i-- > 0;) {
		const char *id = json_string_value(json_array_get(coming, i));

		if (!is_welcome(welcomes, id))
			continue;
		e = join(a, listener, id);
		if (err_class(e) == ERR_CLASS_LOCAL)
			goto out;
		if (e != ERR_OK)
			tell_failed(a, listener, id, e);
		(void)json_array_remove(coming, i);
		*any = true;
	}
	e = ERR_OK;
out:
	api_answer_clear(&answer);
	return e;
}

static enum err load_coming(struct account *a, json_t **coming)
{
	struct buf json = BUF_INIT;
	enum err e;

	TRY(device_coming(a->device, &json));
	*coming = json_loadb((const char *)json.p, json.n, 0, NULL);
	ENSURE(json_is_array(*coming), ERR_PEER_MALFORMED);
out:
	buf_clear(&json);
	return e;
}

enum err come_in(struct account *a, const struct come_in_listener *listener)
{
	json_t *coming = NULL;
	unsigned tries = 0;
	bool any;
	enum err e;

	TRY(load_coming(a, &coming));
	if (json_array_size(coming) == 0)
		goto out;
	while (json_array_size(coming) > 0 && tries < WELCOME_TRIES) {
		TRY(join_some(a, listener, coming, &any));
		tries = any ? 0 : tries + 1;
		if (json_array_size(coming) > 0)
			(void)usleep(500000);
	}
	TRY(device_has_come(a->device));
	TRY(drive_session(a, ORDER_STOCK, NULL));
out:
	json_decref(coming);
	return e;
}
