#include "server/limited.h"

#include "base/address.h"

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

bool limited_by_address(struct request *req, enum limit limit, enum limit wide)
{
	uint8_t room[16];
	struct span network = limited_address(req, room);
	struct span around = address_around(room);

	if (around.n > 0 && !limits_allow(wide, around, SPAN_EMPTY, 1)) {
		limited_refuse(req);
		return false;
	}
	if (!limited_allows(req, limit, network, SPAN_EMPTY))
		return false;
	if (around.n > 0) /* it was allowed just now */
		(void)limits_take(wide, around, SPAN_EMPTY, 1);
	return true;
}

bool limited_login(struct request *req, const char *username)
{
	uint8_t room[16];

	return limited_allows(req, LIMIT_LOGINS, span_str(username),
			      limited_address(req, room));
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

/* Forgotten guesses count for another name, which nobody uses any more. */
static struct span put_reset(uint32_t reset, uint8_t room[4])
{
	for (size_t i = 0; i < 4; i++)
		room[i] = (uint8_t)(reset >> (8 * i));
	return span_of(room, reset > 0 ? 4 : 0);
}

bool limited_guess(struct request *req, const char *username, uint32_t reset)
{
	uint8_t room[4];

	return limited_allows(req, LIMIT_GUESSES, span_str(username),
			      put_reset(reset, room));
}

void limited_guess_back(const char *username, uint32_t reset)
{
	uint8_t room[4];

	limits_give_back(LIMIT_GUESSES, span_str(username),
			 put_reset(reset, room), 1);
}
