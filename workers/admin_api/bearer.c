#include "admin_api/bearer.h"

#include <string.h>

#include "admin/operations.h"
#include "base/sec.h"
#include "server/event_loop.h"
#include "server/limited.h"

static enum err query(enum statement statement, struct params *params,
		      connection_done *done, void *arg)
{
	(void)statement;
	(void)done;
	(void)arg;
	params_clear(params);
	return ERR_LOCAL_BUSY; /* this worker is the only one that counts */
}

void bearer_start(uint64_t wrong_per_minute)
{
	const struct limits_settings settings = {
		.loop = event_loop(),
		.query = query,
		.quotas = { [LIMIT_ADMIN_TOKENS] = wrong_per_minute },
	};

	limits_start(&settings);
}

/* A token that is not there is no guess, and is not counted. */
static bool refuse(struct request *req, bool guessed)
{
	uint8_t room[16];

	if (!guessed || limited_allows(req, LIMIT_ADMIN_TOKENS,
				       limited_address(req, room), SPAN_EMPTY))
		request_problem(req, OUTCOME_UNAUTHORIZED, NULL);
	return false;
}

bool bearer_read(struct request *req, struct bearer *bearer)
{
	const struct span word = SPAN_LIT("Bearer ");
	struct span field;
	uint8_t room[16];

	if (!limits_allow(LIMIT_ADMIN_TOKENS, limited_address(req, room),
			  SPAN_EMPTY, 1)) {
		limited_refuse(req);
		return false;
	}
	if (!request_header(req, "Authorization", &field))
		return refuse(req, false);
	if (field.n < word.n ||
	    !head_equals(span_of(field.p, word.n), "Bearer ") ||
	    token_parse_api(span_of(field.p + word.n, field.n - word.n),
			    &bearer->id, &bearer->hash) != ERR_OK)
		return refuse(req, true);
	return true;
}

bool bearer_check(struct request *req, struct bearer *bearer, struct rows *rows)
{
	struct digest hash = { { 0 } };
	bool known = rows_count(rows) == 1, good = false, equal;
	struct span name;

	if (known) {
		hash = rows_digest(rows, 0, "token_hash");
		good = rows_bool(rows, 0, "good");
	}
	equal =
	    sec_equal(SPAN_ARRAY(hash.bytes), SPAN_ARRAY(bearer->hash.bytes));
	if (!known || !equal || !good)
		return refuse(req, true);
	name = rows_text(rows, 0, "name");
	if (name.n >= BEARER_NAME_MAX)
		return refuse(req, true);
	memcpy(bearer->name, name.p, name.n);
	bearer->name[name.n] = '\0';
	bearer->scopes = operations_scopes(rows_text(rows, 0, "scopes"));
	return true;
}
