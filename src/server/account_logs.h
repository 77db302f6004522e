/* Reading accounts' logs. */
#ifndef HERMETIC_SERVER_ACCOUNT_LOGS_H
#define HERMETIC_SERVER_ACCOUNT_LOGS_H

#include "server/edge/request.h"

/* Answers a GET of /users/{username}/log, whose caller is logged in. */
void account_logs_one(struct request *req);

#endif
