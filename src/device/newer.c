#include "device/newer.h"

enum err newer_say(struct why *why)
{
	return why_set(why, ERR_PEER_UNSUPPORTED, "state-version",
		       "A newer version of hermetic has written this session, "
		       "and this version cannot read it. Nothing is lost: "
		       "run that version or a later one here.");
}
