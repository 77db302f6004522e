#include "server/limited.h"

#include "base/address.h"
#include "server/answer.h"
#include "server/config.h"
#include "server/edge/loop.h"
#include "server/keys.h"

/* Below this part of a quota an answer says how much is left. */
enum { LITTLE = 5 };

static void add_fields(struct request *req, const struct limit_state *state)
{
	char text[LIMITS_FIELD];

	limits_policy(state, text);
	request_add(req, "RateLimit-Policy", text);
	limits_field(state, text);
	request_add(req, "RateLimit", text);
}

static void refuse(struct request *req, const struct limit_state *state)
{
	add_fields(req, state);
	request_refuse(req, (struct problem){ OUTCOME_TOO_MANY_REQUESTS, NULL,
					      state->retry_s });
}

void limited_refuse(struct request *req)
{
	refuse(req, limits_last());
}

void limited_by_statement(struct request *req, enum limit limit,
			  uint64_t wait_s)
{
	const struct limit_state state = limits_refused(limit, wait_s);

	refuse(req, &state);
}

struct span limited_address(struct request *req, uint8_t room[16])
{
	(void)address_read(span_str(request_peer(req)), room);
	return address_network(room);
}

bool limited_allows(struct request *req, enum limit limit, struct span who,
		    struct span where)
{
	bool allowed = limits_take(limit, who, where, 1);
	const struct limit_state *state = limits_last();

	if (!allowed)
		limited_refuse(req);
	else if (state->quota > 0 && state->left * LITTLE < state->quota)
		add_fields(req, state);
	return allowed;
}

/* ---- starting ---- */

static void every(void *context, unsigned ms, void (*tick)(void *arg),
		  void *arg)
{
	(void)context;
	loop_every(ms, tick, arg);
}

static enum err query(enum statement statement, struct params *params,
		      connection_done *done, void *arg)
{
	if (!store_is_ready(answer_store())) {
		params_clear(params);
		return ERR_LOCAL_BUSY;
	}
	return store_query(answer_store(), statement, params, done, arg);
}

void limited_start(void)
{
	static const struct store_loop loop = { .every = every };
	const struct config *c = config();
	struct limits_settings
	    settings = { .loop = &loop,
			 .query = query,
			 .quotas = {
			     [LIMIT_LOGINS] = c->logins_per_minute,
			     [LIMIT_ADDRESS_LOGINS] = c->logins_per_minute * 10,
			     [LIMIT_GUESSES] = c->guesses_per_hour,
			     [LIMIT_REGISTRATIONS] = c->registrations_per_hour,
			     [LIMIT_CLAIMS] = c->claims_per_minute,
			     [LIMIT_LINKS] = c->links_per_minute,
			     [LIMIT_MESSAGES] = c->messages_per_minute,
			     [LIMIT_BYTES] = c->bytes_per_minute,
			     [LIMIT_SESSION_MESSAGES] =
				 c->session_messages_per_minute,
			     [LIMIT_CLAIMS_OF_ONE] = c->claims_of_one_per_hour,
			     [LIMIT_INVITATIONS] = c->invitations_per_day,
			     [LIMIT_SESSIONS] = c->sessions_per_day,
			 } };
	uint8_t key[32];

	if (keys_derive(SPAN_LIT("hermetic limits 1"), key) == ERR_OK)
		settings.private_key = key;
	limits_start(&settings);
	sec_wipe(key, sizeof(key));
}
