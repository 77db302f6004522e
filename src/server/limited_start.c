/* The limits of a node's REST: their quotas, and where they are shared. */
#include "server/limited.h"

#include "server/answer.h"
#include "server/config.h"
#include "server/event_loop.h"
#include "server/keys.h"

enum {
	WIDE = 10,     /* networks of 64 bits' quotas for one of 48 */
	REFRESHES = 20 /* an address's refreshes for a login of an account */
};

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
	const struct config *c = config();
	struct limits_settings
	    settings = { .loop = event_loop(),
			 .query = query,
			 .quotas = {
			     [LIMIT_LOGINS] = c->logins_per_minute,
			     [LIMIT_ADDRESS_LOGINS] = c->logins_per_minute * 10,
			     [LIMIT_WIDE_LOGINS] =
				 c->logins_per_minute * 10 * WIDE,
			     [LIMIT_REFRESHES] =
				 c->logins_per_minute * REFRESHES,
			     [LIMIT_WIDE_REFRESHES] =
				 c->logins_per_minute * REFRESHES * WIDE,
			     [LIMIT_REFRESHES_OF_ONE] = c->logins_per_minute,
			     [LIMIT_GUESSES] = c->guesses_per_hour,
			     [LIMIT_REGISTRATIONS] = c->registrations_per_hour,
			     [LIMIT_WIDE_REGISTRATIONS] =
				 c->registrations_per_hour * WIDE,
			     [LIMIT_CLAIMS] = c->claims_per_minute,
			     [LIMIT_LINKS] = c->links_per_minute,
			     [LIMIT_FILES] = c->files_per_minute,
			     [LIMIT_WRITES] = c->writes_per_minute,
			     [LIMIT_MESSAGES] = c->messages_per_minute,
			     [LIMIT_BYTES] = c->bytes_per_minute,
			     [LIMIT_SESSION_MESSAGES] =
				 c->session_messages_per_minute,
			     [LIMIT_TYPING] = c->typing_per_minute,
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
