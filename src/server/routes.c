#include "server/routes.h"

#include <string.h>

#include "base/text.h"
#include "server/edge/router.h"
#include "server/limited.h"
#include "server/routes_table.h"
#include "server/tokens.h"

enum caller {
	CALLER_ANYBODY,
	CALLER_DEVICE,
	CALLER_WAITING,
	CALLER_OWN_WAITING
};

enum charge {
	CHARGE_NONE,
	CHARGE_BODY,
	CHARGE_ADDRESS_LOGINS,
	CHARGE_REFRESHES,
	CHARGE_CLAIMS,
	CHARGE_LINKS,
	CHARGE_APPROVALS,
	CHARGE_FILES,
	CHARGE_WRITES
};

struct row {
	enum head_method method;
	const char *path;
	enum caller caller;
	enum charge charge;
	call_handler *handler;
	bool streamed;
};

static const struct row ROWS[] = {
#define ROUTE_ROW(method, path, who, limit, handler)                           \
	{ HEAD_##method, path, CALLER_##who, CHARGE_##limit, handler, false },
#define STREAMED_ROW(method, path, who, limit, handler)                        \
	{ HEAD_##method, path, CALLER_##who, CHARGE_##limit, handler, true },
	ROUTES(ROUTE_ROW, STREAMED_ROW)
#undef ROUTE_ROW
#undef STREAMED_ROW
};

/* A false answer of one of these says that the request has been answered. */

static bool knows_caller(const struct row *row, struct call *call)
{
	switch (row->caller) {
	case CALLER_ANYBODY:
		return true;
	case CALLER_DEVICE:
		return tokens_require(call->req, &call->who);
	case CALLER_WAITING:
		return tokens_require_any(call->req, &call->who);
	case CALLER_OWN_WAITING:
		if (!tokens_require_any(call->req, &call->who))
			return false;
		if (!call->who.pending ||
		    span_equal(request_param(call->req, "username"),
			       span_str(call->who.username)))
			return true;
		break;
	}
	request_problem(call->req, OUTCOME_DEVICE_PENDING, NULL);
	return false;
}

static bool knows_session(const struct row *row, struct call *call)
{
	if (strstr(row->path, "{session_id}") == NULL ||
	    uuid_parse(&call->session,
		       request_param(call->req, "session_id")) == ERR_OK)
		return true;
	request_problem(call->req, OUTCOME_NO_SESSION, NULL);
	return false;
}

static bool within_limit(const struct row *row, struct call *call)
{
	struct request *req = call->req;
	struct span name = span_str(call->who.username);

	switch (row->charge) {
	case CHARGE_NONE:
	case CHARGE_BODY:
		break;
	case CHARGE_ADDRESS_LOGINS:
		return limited_by_address(req, LIMIT_ADDRESS_LOGINS,
					  LIMIT_WIDE_LOGINS);
	case CHARGE_REFRESHES:
		return limited_by_address(req, LIMIT_REFRESHES,
					  LIMIT_WIDE_REFRESHES);
	case CHARGE_CLAIMS: /* each claim uses somebody's KeyPackage up */
		return limited_allows(req, LIMIT_CLAIMS,
				      SPAN_ARRAY(call->who.user.bytes),
				      SPAN_EMPTY);
	case CHARGE_LINKS:
		return limited_allows(req, LIMIT_LINKS, name, SPAN_LIT("log"));
	case CHARGE_APPROVALS:
		return limited_allows(req, LIMIT_LINKS, name,
				      SPAN_LIT("approval"));
	case CHARGE_FILES:
		return limited_allows(req, LIMIT_FILES,
				      SPAN_ARRAY(call->who.user.bytes),
				      SPAN_EMPTY);
	case CHARGE_WRITES:
		return limited_allows(req, LIMIT_WRITES,
				      SPAN_ARRAY(call->who.user.bytes),
				      SPAN_EMPTY);
	}
	return true;
}

static void call_row(struct request *req, const void *arg)
{
	const struct row *row = arg;
	struct call call = { .req = req };

	if (knows_caller(row, &call) && knows_session(row, &call) &&
	    within_limit(row, &call))
		row->handler(&call);
}

/* Who has no token to show sends nothing long. */
static bool admits(struct request *req, const void *arg)
{
	const struct row *row = arg;
	struct call call = { .req = req };

	if (row->caller != CALLER_ANYBODY)
		return knows_caller(row, &call);
	request_problem(req, OUTCOME_TOO_LARGE, NULL);
	return false;
}

void routes_open(void)
{
	router_ask_first(admits);
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++)
		(ROWS[i].streamed ? router_add_streamed : router_add)(
		    ROWS[i].method, ROWS[i].path, call_row, &ROWS[i]);
}
