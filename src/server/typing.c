/* /session/{session_id}/typing. */
#include "server/typing.h"

#include "door/typing_lane.h"
#include "server/answer.h"
#include "server/body.h"
#include "server/config.h"
#include "server/limited.h"
#include "server/messages.h"
#include "server/routes_table.h"

static void on_said(void *arg, struct problem problem)
{
	struct request *req = arg;

	if (problem.outcome == OUTCOME_OK)
		request_answer(req, 204, NULL, SPAN_EMPTY);
	else if (problem.outcome == OUTCOME_TOO_MANY_REQUESTS)
		limited_refuse(req);
	else
		request_refuse(req, problem);
}

void typing_post(const struct call *call)
{
	struct request *req = call->req;
	struct span notice;
	struct body body;

	if (messages_are_octets(req)) {
		typing_lane_say(call->who.device, call->session,
				request_body(req), on_said, req);
		return;
	}
	if (!body_read(&body, req))
		return;
	notice = body_bytes(&body, "notice", config()->body_bytes);
	if (!body_end(&body, req))
		return;
	typing_lane_say(call->who.device, call->session, notice, on_said, req);
	body_free(&body);
}

static enum err query(enum statement statement, struct params *params,
		      connection_done *done, void *arg)
{
	return store_query(answer_store(), statement, params, done, arg);
}

static void tell(struct uuid session, uint64_t seq, struct span bytes)
{
	store_tell_typing(answer_store(), session, seq, bytes);
}

static bool is_busy(void)
{
	return store_is_busy(answer_store());
}

void typing_start(void)
{
	typing_lane_start(
	    &(const struct typing_lane_settings){ query, tell, is_busy });
}
