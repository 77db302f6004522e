#include "store/sqlstate.h"

#include <string.h>

static bool is_of(const char *state, const char *class)
{
	return strncmp(state, class, strlen(class)) == 0;
}

static bool is_passing(const char *state)
{
	static const char *const passing[] = { "40",   "55P03", "57014",
					       "57P0", "53",	"08" };

	for (size_t i = 0; i < sizeof(passing) / sizeof(*passing); i++)
		if (is_of(state, passing[i]))
			return true;
	return false;
}

enum err sqlstate_err(const char *state)
{
	if (state != NULL && is_of(state, "23"))
		return ERR_STATE_CONFLICT;
	return state != NULL && is_passing(state) ? ERR_LOCAL_BUSY
						  : ERR_LOCAL_BUG;
}

bool sqlstate_is_news(const char *state)
{
	return state != NULL && is_passing(state) && !is_of(state, "40");
}
