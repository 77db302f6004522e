#include "device/group/newer.h"

enum err newer_say(struct why *why)
{
	return why_set(why, ERR_PEER_UNSUPPORTED, "state-version",
		       "A newer version of Hermetic has written this session, "
		       "and this version cannot read it. Nothing is lost: run "
		       "that version or a later one here.");
}

enum err newer_say_damaged(struct why *why, enum err e, const char *id)
{
	return why_set(why, e, "session-damaged",
		       "What this device has stored of session %s cannot be "
		       "read: a part of it is damaged, is lacking or is an "
		       "older one. This device can come into the session anew.",
		       id);
}
