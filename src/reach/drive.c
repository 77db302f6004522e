#include "reach/drive.h"

#include "reach/call.h"
#include "reach/reply.h"
#include "reach/tokens.h"

#include <stdio.h>
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
	struct answer *answer = &turn->reply.answer;
	enum err e = ask(turn);

	if (e == ERR_OK) {
		e = reply_read(turn->request, turn->got.body, &turn->reply);
		if (e != ERR_OK) {
			reply_clear(&turn->reply);
			e = why_set(&turn->why, ERR_PEER_MALFORMED,
				    "bad-answer",
				    "%s does not answer like a hermetic "
				    "server.",
				    api_url(turn->a->api));
		}
	}
	answer->result = e;
	answer->clock_ahead_ms = turn->got.clock_ahead_ms;
	/* a problem has the server's slug; what failed here has ours */
	(void)snprintf(
	    answer->slug, sizeof(answer->slug), "%.*s", DEVICE_SLUG - 1,
	    turn->got.slug[0] != '\0' ? turn->got.slug : turn->why.slug);
	answer->text = turn->why.text[0] != '\0' ? turn->why.text : NULL;
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

enum err drive_order(struct account *a, const struct order *order,
		     const struct outcome **outcome)
{
	const struct outcome *ended = NULL;
	bool unreachable = false;
	enum err e;

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
