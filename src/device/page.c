#include "device/page.h"

enum err page_taken(struct why *why, const char *what, bool news, bool more,
		    bool *next)
{
	*next = more;
	if (!more || news)
		return ERR_OK;
	*next = false;
	return why_set(why, ERR_PEER_INVALID, "no-end",
		       "The server says that there is more of %.60s, and shows "
		       "nothing new: it was not read on. Try again later.",
		       what);
}
