/* What several resources say about a session. */
#ifndef HERMETIC_SERVER_SESSIONS_H
#define HERMETIC_SERVER_SESSIONS_H

#include "base/buf.h"
#include "door/limits.h"
#include "server/edge/request.h"
#include "store/store.h"

/* Appends row `i` of session_get or session_list as an object. */
void sessions_put(struct buf *out, struct rows *rows, size_t i);

/* Answers an outcome that is a problem: its slug is the outcome's text. */
void sessions_problem(struct request *req, struct span outcome, uint64_t epoch);

/* The same for a statement that counts a limit, by its first row. */
void sessions_refuse(struct request *req, enum limit limit, struct rows *rows);

/* The parameters of charge_invitations(): how many a day, and how many wait. */
void sessions_put_limits(struct params *params);

#endif
