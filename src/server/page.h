/* Cursors of lists: the `limit` of a query. */
#ifndef HERMETIC_SERVER_PAGE_H
#define HERMETIC_SERVER_PAGE_H

#include "server/edge/request.h"

/* `otherwise` when it is not given; false when it is not 1 to max. */
bool page_limit(const struct request *req, uint64_t otherwise, uint64_t max,
		uint64_t *limit);

#endif
