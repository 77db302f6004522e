#include "reach/channel.h"

#include "base/clock.h"
#include "base/text.h"
#include "device/record.h"
#include "reach/channel_kind.h"
#include "reach/pause.h"
#include "reach/problem.h"
#include "reach/typing.h"

#include <stdlib.h>
#include <string.h>

#define ANSWER_MS 30000
#define QUEUE_HIGH 1024 /* reading stops here ... */
#define QUEUE_LOW 256	/* ... and goes on here */

enum err channel_open(const struct channel_target *target, struct why *why,
		      struct channel **out)
{
	return target->mqtt != NULL ? mqtt_open(target, why, out)
				    : ws_open(target, why, out);
}

void channel_close(struct channel *channel)
{
	if (channel != NULL)
		channel->kind->close(channel);
}

enum err channel_init(struct channel *channel, const struct channel_kind *kind)
{
	channel->kind = kind;
	channel->queue = json_array();
	return channel->queue != NULL ? ERR_OK : ERR_LOCAL_MEMORY;
}

void channel_clear(struct channel *channel)
{
	json_decref(channel->queue);
	json_decref(channel->answer);
}

/* ---- what the server says ---- */

void channel_end(struct channel *channel, struct span reason)
{
	struct span text = text_cut(reason, sizeof(channel->reason) - 1);

	if (channel->ended)
		return;
	channel->ended = true;
	span_copy(channel->reason, text);
	channel->reason[text.n] = '\0';
}

static void set_paused(struct channel *channel, bool paused)
{
	if (channel->paused == paused)
		return;
	channel->paused = paused;
	channel->kind->read(channel, !paused);
}

bool channel_received(struct channel *channel, struct span json)
{
	json_t *message = json_loadb((const char *)json.p, json.n, 0, NULL);
	json_int_t id = json_integer_value(json_object_get(message, "id"));

	if (!json_is_object(message)) {
		json_decref(message);
		return false;
	}
	if (channel->waiting != 0 && id == channel->waiting &&
	    channel->answer == NULL) {
		channel->answer = message;
		return true;
	}
	(void)json_array_append_new(channel->queue, message);
	if (json_array_size(channel->queue) >= QUEUE_HIGH)
		set_paused(channel, true);
	return true;
}

bool channel_has_ended(const struct channel *channel)
{
	return channel->ended;
}

const char *channel_end_reason(const struct channel *channel)
{
	return channel->reason;
}

bool channel_wants_token(const struct channel *channel)
{
	return channel->wants_token;
}

/* ---- time ---- */

/* Also with no time at all it looks once. */
void channel_wait(struct channel *channel, int timeout_ms)
{
	uint64_t now = clock_steady_ms(), until = now + (uint64_t)timeout_ms;

	while (!channel->ended && json_array_size(channel->queue) == 0) {
		if (!channel->kind->serve(channel, (int)(until - now)))
			break;
		now = clock_steady_ms();
		if (now >= until)
			break;
	}
}

int channel_fd(const struct channel *channel)
{
	return channel->ended ? -1 : channel->kind->fd(channel);
}

json_t *channel_take(struct channel *channel)
{
	json_t *first = json_incref(json_array_get(channel->queue, 0));

	(void)json_array_remove(channel->queue, 0);
	if (!channel->ended && json_array_size(channel->queue) <= QUEUE_LOW)
		set_paused(channel, false);
	return first;
}

/* ---- requests ---- */

enum err channel_lost(const struct channel *channel, struct why *why)
{
	why->unreachable = true;
	return why_set(why, ERR_LOCAL_IO, "unreachable",
		       "The connection ended before the server answered%s%s.",
		       channel->reason[0] != '\0' ? ": " : "", channel->reason);
}

static enum err start_request(struct channel *channel, const char *id,
			      json_t *body)
{
	enum err e = ERR_OK;
	char *text;

	channel->waiting = ++channel->last_id;
	(void)json_object_set_new(body, "id", json_integer(channel->waiting));
	text = json_dumps(body, JSON_COMPACT);
	ENSURE(text != NULL, ERR_LOCAL_MEMORY);
	TRY(channel->kind->put(channel, id, text));
out:
	free(text);
	return e;
}

static enum err read_answer(json_t *answer, struct why *why, char slug[48])
{
	const json_t *problem;
	const char *type = json_string_value(json_object_get(answer, "type"));

	if (type == NULL || strcmp(type, "problem") != 0)
		return ERR_OK;
	problem = json_object_get(answer, "problem");
	return problem_read(
	    (long)json_integer_value(json_object_get(problem, "status")),
	    problem, why, slug);
}

enum err channel_request(struct channel *channel, const char *id, json_t *body,
			 struct why *why, char slug[48], json_t **answer)
{
	uint64_t since = clock_steady_ms();
	enum err e = ERR_OK;

	slug[0] = '\0';
	if (!channel->ended)
		TRY(start_request(channel, id, body));
	while (channel->answer == NULL && !channel->ended) {
		/* the answer stands behind pushes: read on whatever waits */
		set_paused(channel, false);
		(void)channel->kind->serve(channel, PAUSE_ASK_MS);
		/* one that gives no answer to this gives none to the next one */
		if (channel->answer == NULL &&
		    (clock_steady_ms() - since >= ANSWER_MS ||
		     pause_is_over(since)))
			channel_end(channel, SPAN_LIT("no answer"));
	}
	if (channel->answer == NULL)
		TRY(channel_lost(channel, why));
	TRY(read_answer(channel->answer, why, slug));
	*answer = json_incref(channel->answer);
out:
	json_decref(body);
	json_decref(channel->answer);
	channel->answer = NULL;
	channel->waiting = 0;
	return e;
}

enum err channel_subscribe(struct channel *channel, const char *id,
			   uint64_t after, struct why *why,
			   struct channel_subscription *out)
{
	*out = (struct channel_subscription){ .from_now = false };
	return channel->kind->subscribe(channel, id, after, why, out);
}

enum err channel_send(struct channel *channel, const char *id, json_t *body,
		      struct why *why, char slug[48], json_t **answer)
{
	if (channel->kind->names_requests)
		(void)json_object_set_new(body, "type", json_string("send"));
	return channel_request(channel, id, body, why, slug, answer);
}

void channel_type(struct channel *channel, const char *id, struct span notice)
{
	struct buf text = BUF_INIT;

	typing_put(&text, channel->kind->names_requests ? id : NULL, notice);
	if (!channel->ended && buf_end(&text) == ERR_OK)
		channel->kind->type(channel, id, (const char *)text.p);
	buf_clear(&text);
}
