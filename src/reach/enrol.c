#include "reach/enrol.h"

#include "device/record.h"
#include "reach/drive.h"
#include "reach/tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POLL_US 500000

/* ---- the log that the server shows ---- */

struct shown {
	struct buf salt, bytes; /* opaque link<V> each */
	struct span *links;	/* owned; into `bytes` */
	size_t count;
};

static void shown_clear(struct shown *shown)
{
	buf_clear(&shown->salt);
	buf_clear(&shown->bytes);
	free(shown->links);
	*shown = (struct shown){ .count = 0 };
}

static enum err add_link(struct shown *shown, const json_t *text)
{
	struct buf link = BUF_INIT;
	enum err e;

	ENSURE(json_is_string(text), ERR_PEER_MALFORMED);
	ENSURE(shown->count < ACCOUNT_LINKS_MAX, ERR_PEER_TOO_LARGE);
	TRY(text_base64(
	    &link, span_of(json_string_value(text), json_string_length(text))));
	TRY(buf_end(&link));
	buf_put_vec(&shown->bytes, buf_span(&link));
	TRY(buf_end(&shown->bytes));
	shown->count++;
out:
	buf_clear(&link);
	return e;
}

static enum err add_page(struct shown *shown, const json_t *page, bool *more)
{
	const json_t *links = json_object_get(page, "links"), *link;
	size_t before = shown->count, i;
	enum err e = ERR_OK;

	ENSURE(json_is_array(links), ERR_PEER_MALFORMED);
	if (shown->salt.n == 0 && json_object_get(page, "salt") != NULL) {
		TRY(record_bytes(page, "salt", &shown->salt));
		TRY(buf_end(&shown->salt));
	}
	json_array_foreach(links, i, link) TRY(add_link(shown, link));
	*more = json_object_get(page, "next") != NULL && shown->count > before;
out:
	return e;
}

static enum err point(struct shown *shown)
{
	struct rd r = rd_init(buf_span(&shown->bytes));

	shown->links = calloc(shown->count + 1, sizeof(*shown->links));
	if (shown->links == NULL)
		return ERR_LOCAL_MEMORY;
	for (size_t i = 0; i < shown->count; i++)
		shown->links[i] = rd_vec(&r);
	return ERR_OK;
}

/* A server of before has no logs: then there is none. */
static enum err fetch(struct account *a, struct shown *shown)
{
	struct api_answer answer = { 0 };
	char path[128];
	bool more = true;
	enum err e = ERR_OK;

	while (more) {
		(void)snprintf(path, sizeof(path), "/users/%s/log?after=%zu",
			       a->username, shown->count);
		e = tokens_call(a, "GET", path, NULL, &answer);
		if (e == ERR_STATE_GONE && shown->count == 0) {
			why_clear(&a->why);
			e = ERR_OK;
			goto out;
		}
		TRY(e);
		TRY(add_page(shown, answer.body, &more));
		api_answer_clear(&answer);
	}
	TRY(point(shown));
out:
	api_answer_clear(&answer);
	return e;
}

static struct account_shown as_shown(const struct shown *shown)
{
	return (struct account_shown){ .salt = buf_span(&shown->salt),
				       .links = shown->links,
				       .count = shown->count };
}

enum err enrol_is_needed(struct account *a, bool *needed)
{
	struct shown shown = { .count = 0 };
	uint64_t number;
	bool recovery;
	enum err e;

	*needed = false;
	if (!a->pending)
		TRY(drive_session(a, ORDER_ACCOUNT, NULL));
	TRY(device_number(a->device, &number, &recovery));
	if (number > 0)
		goto out;
	TRY(fetch(a, &shown));
	*needed = shown.count > 0;
out:
	shown_clear(&shown);
	return e;
}

/* ---- approval ---- */

static enum err post_request(struct account *a, struct span request)
{
	json_t *body = json_object();
	enum err e;

	ENSURE(body != NULL, ERR_LOCAL_MEMORY);
	TRY(record_set_bytes(body, "request", request));
	e = tokens_post(a, "/devices/requests", json_incref(body));
	if (e == ERR_STATE_CONFLICT) { /* approved before: a try was cut off */
		why_clear(&a->why);
		e = ERR_OK;
	}
out:
	json_decref(body);
	return e;
}

/* One look; *answer stays empty while nobody has answered. */
static enum err look(struct account *a, struct buf *answer)
{
	struct api_answer got = { 0 };
	char path[96];
	enum err e;

	(void)snprintf(path, sizeof(path), "/devices/requests/%s",
		       a->device_id);
	e = tokens_call(a, "GET", path, NULL, &got);
	if (e == ERR_LOCAL_IO || e == ERR_LOCAL_BUSY) {
		why_clear(&a->why); /* it may come back */
		e = ERR_OK;
		goto out;
	}
	if (e != ERR_OK && err_class(e) != ERR_CLASS_LOCAL) {
		why_clear(&a->why);
		e = why_set(&a->why, ERR_PEER_DENIED, "not-approved",
			    "This device was not approved: another one has "
			    "refused it, or it waited for too long. To ask "
			    "again: hermetic login, in another --home.");
	}
	TRY(e);
	if (json_object_get(got.body, "answer") != NULL) {
		TRY(record_bytes(got.body, "answer", answer));
		TRY(buf_end(answer));
	}
out:
	api_answer_clear(&got);
	return e;
}

static enum err take(struct account *a, struct span answer)
{
	struct shown shown = { .count = 0 };
	struct buf token = BUF_INIT;
	struct account_shown log;
	enum err e;

	TRY(fetch(a, &shown));
	log = as_shown(&shown);
	TRY(device_take_approval(a->device, answer, &log, &a->why));
	/* the tokens of before were those of a device that waits */
	TRY(tokens_access(a, true, &token));
	a->pending = false;
out:
	shown_clear(&shown);
	buf_clear(&token);
	return e;
}

enum err enrol_by_approval(struct account *a,
			   void (*show)(void *context, const char *code),
			   void *context)
{
	struct shown shown = { .count = 0 };
	struct buf request = BUF_INIT, answer = BUF_INIT;
	struct account_shown log;
	char code[CODE_SIZE] = "";
	enum err e;

	TRY(fetch(a, &shown));
	log = as_shown(&shown);
	TRY(device_ask_approval(a->device, &log, &request, code, &a->why));
	TRY(post_request(a, buf_span(&request)));
	TRY(look(a, &answer));
	if (answer.n == 0)
		show(context, code);
	while (answer.n == 0) {
		(void)usleep(POLL_US);
		TRY(look(a, &answer));
	}
	TRY(take(a, buf_span(&answer)));
out:
	sec_wipe(code, sizeof(code));
	shown_clear(&shown);
	buf_clear(&request);
	buf_clear(&answer);
	return e;
}

/* ---- without another device ---- */

/* The link is posted; then the device has to stand in the log that was verified. */
static enum err settle(struct account *a)
{
	struct buf token = BUF_INIT;
	uint64_t number;
	bool recovery;
	enum err e;

	TRY(drive_session(a, ORDER_ACCOUNT, NULL));
	TRY(device_number(a->device, &number, &recovery));
	if (number == 0) {
		e = why_set(&a->why, ERR_STATE_CONFLICT, "overtaken",
			    "Another device has changed the account "
			    "meanwhile: try again.");
		goto out;
	}
	TRY(tokens_access(a, true, &token));
	a->pending = false;
out:
	buf_clear(&token);
	return e;
}

enum err enrol_by_recovery(struct account *a,
			   const struct account_pair *recovery)
{
	struct shown shown = { .count = 0 };
	struct buf request = BUF_INIT;
	struct account_shown log;
	enum err e;

	TRY(fetch(a, &shown));
	log = as_shown(&shown);
	TRY(device_recover(a->device, recovery, &log, &request, &a->why));
	TRY(post_request(a, buf_span(&request)));
	TRY(settle(a));
out:
	shown_clear(&shown);
	buf_clear(&request);
	return e;
}

enum err enrol_anew(struct account *a)
{
	enum err e;

	TRY(device_begin_anew(a->device));
	TRY(settle(a));
out:
	return e;
}
