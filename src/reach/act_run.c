#include "reach/act_run.h"

#include "reach/drive.h"
#include "reach/tokens.h"

/* The reason goes to the act: what stands in account->why stays there. */
static void run_order(struct account *a, struct act *act)
{
	const struct outcome *outcome;
	struct why kept = a->why;
	enum err e;

	why_clear(&a->why);
	e = drive_order(a, act_order(act), &outcome);
	act_ordered(act, e, outcome, &a->why);
	a->why = kept;
}

static void run_call(struct account *a, struct act *act)
{
	const struct call *call = act_call(act);
	struct api_answer answer = { 0 };
	struct why kept = a->why;
	enum err e;

	why_clear(&a->why);
	e = tokens_call(a, call->method, call->path, json_incref(call->body),
			&answer);
	act_called(act, e, answer.body, &a->why);
	api_answer_clear(&answer);
	a->why = kept;
}

enum err act_run(struct account *a, const struct act_wish *wish, json_t **value)
{
	const struct act_device whose = { a->device, a->username,
					  a->device_id };
	struct act *act = NULL;
	const json_t *given;
	enum act_turn turn;
	enum err e;

	TRY(act_make(&whose, wish, &a->why, &act));
	while ((turn = act_turn(act)) != ACT_DONE) {
		if (turn == ACT_ORDER)
			run_order(a, act);
		else
			run_call(a, act);
	}
	e = act_end(act, &a->why, &given);
	if (value != NULL)
		*value = json_incref((json_t *)(uintptr_t)given);
out:
	act_free(act);
	return e;
}
