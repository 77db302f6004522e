/*
 * The rules of a session: who may change what by a commit. The server, the
 * members and whoever follows a group without its keys judge by this one
 * function, so that none of them accepts what another one refuses; the table
 * stands in docs/protocol.md, "Rules". What has no rule is refused.
 *
 * A verdict depends on the group, on the departures that stand in its log, and
 * on the commit: on no clock, and on nothing that a server says beside.
 */
#ifndef HERMETIC_CHECK_RULES_H
#define HERMETIC_CHECK_RULES_H

#include "check/view.h"
#include "wire/framing.h"

/* `content` is that of a PublicMessage with a Commit of the view's epoch. Its
 * signatures are not looked at. */
struct check_verdict check_rules(const struct check_view *view,
				 const struct wire_content *content);

#endif
