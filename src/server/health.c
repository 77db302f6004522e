#include "server/health.h"

#include "server/answer.h"
#include "server/keys.h"
#include "server/routes_table.h"

static bool draining;

void health_drain(void)
{
	draining = true;
}

bool health_is_draining(void)
{
	return draining;
}

void health_live(const struct call *call)
{
	request_answer(call->req, 200, "application/json",
		       SPAN_LIT("{\"status\":\"ok\"}"));
}

void health_ready(const struct call *call)
{
	struct store *store = answer_store();
	const char *refusal = store_refusal(store);
	struct request *req = call->req;

	if (draining) {
		request_problem(req, OUTCOME_UNAVAILABLE,
				"this node is going away");
	} else if (store_is_well(store) && keys_are_loaded()) {
		request_answer(req, 200, "application/json",
			       SPAN_LIT("{\"status\":\"ready\"}"));
	} else if (store_is_ready(store) && keys_are_loaded()) {
		request_problem(req, OUTCOME_UNAVAILABLE,
				"the database refuses for now");
	} else {
		request_problem(req, OUTCOME_UNAVAILABLE,
				refusal != NULL ? refusal
						: "no connection to the "
						  "database, or no key");
	}
}
