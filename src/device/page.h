/* What is read page by page: the log of a session, a list of sessions. */
#ifndef HERMETIC_DEVICE_PAGE_H
#define HERMETIC_DEVICE_PAGE_H

#include "device/why.h"

/*
 * A page of `what` was taken. `news`: it brought something that was not known
 * before. `more`: the server says that there is another page; then *next says
 * so, too. ERR_PEER_INVALID, with the reason: there is said to be more, and
 * this page brought nothing, so there would be no end to it.
 */
MUST_CHECK enum err page_taken(struct why *why, const char *what, bool news,
			       bool more, bool *next);

#endif
