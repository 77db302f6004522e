#include "reach/drive.h"

#include "base/clock.h"
#include "device/accounts/approval.h"
#include "reach/call.h"
#include "reach/reply.h"
#include "reach/tokens.h"

#include <string.h>
#include <unistd.h>

/* One request and what came of it. */
struct turn {
	struct account *a;
	const struct request *request;
	struct why why;
	struct api_answer got;
	struct reply reply;
};

static enum err ask_by_sender(struct turn *turn)
{
	const struct drive_sender *sender = turn->a->sender;
	struct call call;
	enum err e;

	TRY(call_make(turn->request, &call));
	TRY(sender->send(sender->context, turn->request->session,
			 json_incref(call.body), &turn->why, turn->got.slug,
			 &turn->got.body));
out:
	call_clear(&call);
	return e;
}

/* The reason goes to the device: what stands in account->why stays there. */
static enum err ask_by_rest(struct turn *turn)
{
	struct account *a = turn->a;
	struct why kept = a->why;
	struct call call;
	enum err e;

	why_clear(&a->why);
	TRY(call_make(turn->request, &call));
	TRY(tokens_call(a, call.method, call.path, json_incref(call.body),
			&turn->got));
out:
	call_clear(&call);
	turn->why = a->why;
	a->why = kept;
	if (turn->got.status != 0)
		a->clock_ahead_ms = turn->got.clock_ahead_ms;
	return e;
}

static enum err ask(struct turn *turn)
{
	const struct drive_sender *sender = turn->a->sender;

	/* what names a file goes by REST */
	if (turn->request->kind == REQUEST_SEND &&
	    turn->request->file == NULL && sender != NULL &&
	    sender->is_open(sender->context))
		return ask_by_sender(turn);
	return ask_by_rest(turn);
}

/* Fills turn->reply.answer, whatever happens. */
static void take_turn(struct turn *turn)
{
	enum err e = ask(turn);
	const struct reply_came came = {
		.result = e,
		.body = turn->got.body,
		.server = api_url(turn->a->api),
		.slug = turn->got.slug,
		.clock_ahead_ms = turn->got.clock_ahead_ms,
	};

	reply_fill(turn->request, &came, &turn->why, &turn->reply);
}

static void end_turn(struct turn *turn)
{
	reply_clear(&turn->reply);
	api_answer_clear(&turn->got);
}

static void wait_for(uint32_t ms)
{
	for (; ms >= 500; ms -= 500)
		(void)usleep(500 * 1000);
	(void)usleep(ms * 1000);
}

enum err drive_session(struct account *a, enum order_kind kind,
		       const char *session)
{
	const struct order order = { .kind = kind, .session = session };

	return drive_order(a, &order, NULL);
}

void drive_receipt(struct account *a, const char *session)
{
	const struct order order = { .kind = ORDER_REFRESH,
				     .session = session,
				     .receipt = true };
	struct why kept = a->why;

	if (device_receipt_at(a->device, session) > clock_now_ms())
		return;
	why_clear(&a->why);
	if (drive_order(a, &order, NULL) != ERR_OK)
		why_clear(&a->why);
	a->why = kept;
}

/* *unreachable: the server was not reached by the last request. */
static void run(struct account *a, bool *unreachable)
{
	struct request request;
	enum device_turn next;
	uint32_t wait_ms = 0;

	while ((next = device_turn(a->device, &request, &wait_ms)) !=
	       DEVICE_DONE) {
		struct turn turn = { .a = a, .request = &request };

		if (next == DEVICE_WAIT) {
			wait_for(wait_ms);
			continue;
		}
		take_turn(&turn);
		*unreachable = turn.why.unreachable;
		device_answer(a->device, &turn.reply.answer);
		end_turn(&turn);
	}
}

/* One order whose outcome says nothing about the one that was given. */
static bool run_before(struct account *a, enum order_kind kind)
{
	const struct order order = { .kind = kind };
	bool unreachable = false;

	if (device_start(a->device, &order) != ERR_OK)
		return false;
	run(a, &unreachable);
	return device_outcome(a->device)->result == ERR_OK;
}

/* The account of a state of before has no log yet. The first order that asks the server
 * begins it, signed by the keys that the device has in its leaves, and publishes
 * KeyPackages that name the account. Where that fails, the next command tries again. */
static void begin_log(struct account *a, const struct order *order)
{
	uint64_t number;
	bool recovery;

	if (a->log_looked_at || a->pending)
		return;
	a->log_looked_at = true;
	if (order->kind != ORDER_ACCOUNT &&
	    device_number(a->device, &number, &recovery) == ERR_OK &&
	    number == 0 && run_before(a, ORDER_ACCOUNT) &&
	    device_number(a->device, &number, &recovery) == ERR_OK &&
	    number > 0)
		(void)run_before(a, ORDER_STOCK);
}

bool drive_is_passing(const struct account *a, const struct outcome *outcome,
		      enum err e)
{
	if (e == ERR_LOCAL_IO && !a->why.unreachable)
		return false;
	return outcome != NULL ? outcome->passing : why_is_passing(e, "");
}

enum err drive_order(struct account *a, const struct order *order,
		     const struct outcome **outcome)
{
	const struct outcome *ended = NULL;
	bool unreachable = false;
	enum err e;

	begin_log(a, order);
	TRY(device_start(a->device, order));
	run(a, &unreachable);
	ended = device_outcome(a->device);
	e = ended->result;
	if (e != ERR_OK && ended->why != NULL && a->why.text[0] == '\0') {
		a->why = *ended->why;
		a->why.unreachable |= unreachable;
	}
out:
	if (outcome != NULL)
		*outcome = ended;
	return e;
}
