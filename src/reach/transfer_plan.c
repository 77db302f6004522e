#include "reach/transfer_plan.h"

#include "base/buf.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* So often in a row something is tried again that brings nothing. */
#define TRIES 5
#define PAUSE_MS 500u /* before the second one, then twice as long each time */

void transfer_plan_begin(struct transfer_plan *plan, bool up,
			 const char *session, struct uuid file, uint64_t size,
			 uint64_t at, uint64_t piece)
{
	*plan = (struct transfer_plan){
		.up = up,
		.size = size,
		.at = at,
		.had = at,
		.piece = piece,
		.ended = !up && at == size,
	};
	(void)snprintf(plan->path, sizeof(plan->path),
		       "/session/%.36s/files/%s", session,
		       uuid_text(file).text);
}

static void end(struct transfer_plan *plan, enum err e)
{
	plan->ended = true;
	plan->result = e;
}

static const char *line(struct transfer_plan *plan, unsigned i,
			const char *name, uint64_t number, const char *after)
{
	(void)snprintf(plan->lines[i], sizeof(plan->lines[i]),
		       "%s%" PRIu64 "%s", name, number, after);
	return plan->lines[i];
}

static uint64_t next_piece(const struct transfer_plan *plan)
{
	uint64_t left = plan->size - plan->at;

	/* it ends at a whole piece, wherever it begins */
	if (plan->piece == 0 || left <= plan->piece)
		return left;
	return plan->piece - plan->at % plan->piece;
}

enum transfer_turn transfer_plan_turn(struct transfer_plan *plan,
				      struct transfer_step *step)
{
	*step = (struct transfer_step){ .path = plan->path, .from = plan->at };
	if (plan->ended)
		return TRANSFER_DONE;
	if (plan->wait_ms > 0) {
		step->wait_ms = plan->wait_ms;
		plan->wait_ms = 0;
		return TRANSFER_WAIT;
	}
	if (!plan->up) {
		step->method = "GET";
		step->count = plan->size - plan->at;
		step->headers[0] =
		    line(plan, 0, "Range: bytes=", plan->at, "-");
	} else if (!plan->placed) {
		step->method = "POST";
		step->headers[0] = "Upload-Complete: ?0";
		step->headers[1] =
		    line(plan, 0, "Upload-Length: ", plan->size, "");
	} else {
		step->method = "PATCH";
		step->count = next_piece(plan);
		step->headers[0] = "Content-Type: application/partial-upload";
		step->headers[1] =
		    line(plan, 0, "Upload-Offset: ", plan->at, "");
	}
	return TRANSFER_ASK;
}

/* ---- what came ---- */

/* Is it worth another try? Without anything new, a few times. */
static void fail(struct transfer_plan *plan, enum err e, const struct why *why)
{
	bool is_worth =
	    (e == ERR_LOCAL_BUSY && strcmp(why->slug, "files-full") != 0) ||
	    (e == ERR_LOCAL_IO && why->unreachable) ||
	    (e == ERR_STATE_CONFLICT &&
	     strcmp(why->slug, "offset-differs") == 0);

	plan->tries = plan->at > plan->had ? 0 : plan->tries + 1;
	plan->had = plan->at > plan->had ? plan->at : plan->had;
	plan->placed = false;
	if (is_worth && plan->tries < TRIES) {
		plan->wait_ms = PAUSE_MS << plan->tries;
		return;
	}
	plan->why = *why;
	end(plan, e);
}

static void bad_answer(struct transfer_plan *plan)
{
	(void)why_set(&plan->why, ERR_PEER_MALFORMED, "bad-answer",
		      "The server does not answer like a server of Hermetic.");
	end(plan, ERR_PEER_MALFORMED);
}

/* An answer to a POST says where it goes on, and one to a PATCH how far it has come. */
static void take_offset(struct transfer_plan *plan, uint64_t offset)
{
	bool fits = plan->placed ? offset == plan->at + next_piece(plan)
				 : offset <= plan->size;

	if (!fits) {
		bad_answer(plan);
		return;
	}
	plan->placed = true;
	plan->at = offset;
	if (plan->at == plan->size)
		end(plan, ERR_OK);
}

void transfer_plan_take(struct transfer_plan *plan, enum err e,
			const struct why *why, uint64_t offset,
			uint64_t fetched)
{
	if (!plan->up && fetched > plan->size - plan->at) {
		bad_answer(plan);
		return;
	}
	if (!plan->up)
		plan->at += fetched;
	if (e != ERR_OK)
		fail(plan, e, why);
	else if (plan->up)
		take_offset(plan, offset);
	else if (plan->at < plan->size)
		bad_answer(plan);
	else
		end(plan, ERR_OK);
}
