/* The keys of a state, held for other programs of the same user. */
#include "reach/agent.h"
#include "hermetic/inside.h"

static enum err give_username(struct hermetic *h)
{
	json_t *given = json_pack("{s:s}", "username", h->a.username);

	inside_give(h, given);
	json_decref(given);
	return given != NULL ? ERR_OK : ERR_LOCAL_MEMORY;
}

/* Only the keys are taken out of the state: a state that is open does not survive
 * fork(). */
static enum err take_keys(struct hermetic *h, struct state_keys *keys)
{
	enum err e;

	TRY(handle_can_open(h));
	TRY(account_peek(&h->a, buf_span(&h->passphrase)));
	state_give_keys(h->a.state, keys);
out:
	account_close(&h->a);
	return e;
}

enum hermetic_result hermetic_agent_begin(struct hermetic *h)
{
	struct state_keys keys = { .seal = { .n = 0 } };
	enum hermetic_result result = handle_may_open(h);
	enum err e;

	if (result != HERMETIC_OK)
		return result;
	if (h->holds != NULL)
		return inside_refuse(h, "usage",
				     "This handle holds the keys already.");
	TRY(take_keys(h, &keys));
	TRY(agent_open(h->home, &keys, &h->a.why, &h->holds));
	TRY(give_username(h));
out:
	state_keys_clear(&keys);
	return inside_result(h, e);
}

enum hermetic_result hermetic_agent_serve(struct hermetic *h, uint64_t seconds,
					  const volatile sig_atomic_t *stop,
					  void (*over)(void *context),
					  void *context)
{
	if (inside_is_barred(h))
		return HERMETIC_USAGE;
	inside_begin(h);
	if (h->holds == NULL)
		return inside_refuse(h, "usage",
				     "hermetic_agent_begin() comes before "
				     "hermetic_agent_serve().");
	agent_serve(h->holds, seconds, stop, over, context);
	agent_close(h->holds);
	h->holds = NULL;
	return HERMETIC_OK;
}

void hermetic_agent_leave(struct hermetic *h)
{
	if (h == NULL)
		return;
	if (h->holds != NULL)
		agent_leave(h->holds);
	h->holds = NULL;
}

enum hermetic_result hermetic_lock(struct hermetic *h)
{
	enum err e;

	if (inside_is_barred(h))
		return HERMETIC_USAGE;
	if (h->home == NULL)
		return inside_refuse(h, "usage",
				     "hermetic_new() was given no home.");
	inside_begin(h);
	e = agent_lock(h->home, &h->a.why);
	if (e == ERR_STATE_GONE)
		e = why_set(&h->a.why, e, "no-agent",
			    "No agent holds keys in %s.", h->home);
	return inside_result(h, e);
}
