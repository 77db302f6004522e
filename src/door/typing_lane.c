#include "door/typing_lane.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "door/limits.h"
#include "wire/typing.h"

_Static_assert(TYPING_MAX == LINES_TYPING_MAX, "what goes between nodes");

static struct typing_lane_settings lane;

/* One notice, while the store is asked. */
struct saying {
	struct uuid session;
	uint64_t epoch;
	typing_lane_done *done;
	void *arg;
	size_t n;
	uint8_t bytes[TYPING_MAX];
};

static const struct problem none = { OUTCOME_OK, NULL, 0 };

static struct problem judge(const struct saying *s, struct rows *rows)
{
	uint64_t epoch;

	if (rows_count(rows) == 0)
		return (struct problem){ OUTCOME_NO_SESSION, NULL, 0 };
	if (!rows_bool(rows, 0, "member"))
		return (struct problem){ OUTCOME_NOT_A_MEMBER, NULL, 0 };
	if (rows_bool(rows, 0, "ended"))
		return (struct problem){ OUTCOME_SESSION_ENDED, NULL, 0 };
	epoch = (uint64_t)rows_i64(rows, 0, "epoch");
	if (epoch != s->epoch)
		return (struct problem){ OUTCOME_EPOCH_CHANGED, NULL, epoch };
	return none;
}

static void on_place(void *arg, enum err e, struct rows *rows)
{
	struct problem problem = { OUTCOME_UNAVAILABLE, NULL, 0 };
	struct saying *s = arg;
	uint64_t seq = 0;

	if (e == ERR_OK) {
		problem = judge(s, rows);
		if (problem.outcome == OUTCOME_OK)
			seq = (uint64_t)rows_i64(rows, 0, "last_seq");
		if (rows_end(rows) != ERR_OK)
			problem.outcome = OUTCOME_UNAVAILABLE;
	}
	if (problem.outcome == OUTCOME_OK)
		lane.tell(s->session, seq, span_of(s->bytes, s->n));
	s->done(s->arg, problem);
	free(s);
}

static enum err ask(struct uuid device, struct saying *s)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, s->session);
	params_uuid(&params, device);
	return lane.query(STATEMENT_TYPING_PLACE, &params, on_place, s);
}

/* What can be said of it without asking the store. */
static struct problem check(struct uuid device, struct uuid session,
			    struct span bytes, struct typing *typing)
{
	enum err e = typing_decode(bytes, typing);

	if (!limits_take(LIMIT_TYPING, SPAN_ARRAY(device.bytes), SPAN_EMPTY, 1))
		return (struct problem){ OUTCOME_TOO_MANY_REQUESTS, NULL,
					 limits_last()->retry_s };
	if (e == ERR_PEER_TOO_LARGE)
		return (struct problem){ OUTCOME_TOO_LARGE, NULL, 0 };
	if (e != ERR_OK || typing->epoch > INT64_MAX)
		return (struct problem){ OUTCOME_TYPING_INVALID, NULL, 0 };
	if (!uuid_equal(uuid_of(typing->session_id.p), session))
		return (struct problem){ OUTCOME_TYPING_INVALID,
					 "it is of another session", 0 };
	return none;
}

void typing_lane_say(struct uuid device, struct uuid session, struct span bytes,
		     typing_lane_done *done, void *arg)
{
	struct problem problem;
	struct typing typing;
	struct saying *s;

	problem = check(device, session, bytes, &typing);
	if (problem.outcome != OUTCOME_OK || lane.is_busy()) {
		done(arg, problem);
		return;
	}
	s = malloc(sizeof(*s));
	if (s == NULL) {
		done(arg, none);
		return;
	}
	*s =
	    (struct saying){ session, typing.epoch, done, arg, bytes.n, { 0 } };
	memcpy(s->bytes, bytes.p, bytes.n);
	if (ask(device, s) == ERR_OK)
		return;
	free(s);
	done(arg, none);
}

void typing_lane_put(struct buf *out, const struct notice *notice)
{
	buf_put_str(out, "{\"type\":\"typing\",\"session_id\":\"");
	uuid_put(out, notice->id);
	buf_put_str(out, "\",\"notice\":\"");
	text_put_base64(out, notice->bytes);
	buf_put_str(out, "\"}");
}

void typing_lane_start(const struct typing_lane_settings *settings)
{
	lane = *settings;
}
