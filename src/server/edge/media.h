/* What a client takes as an answer (RFC 9110, 12.5.1). */
#ifndef HERMETIC_SERVER_EDGE_MEDIA_H
#define HERMETIC_SERVER_EDGE_MEDIA_H

#include "server/edge/head.h"

/* The weight of `type` ("application/json") in the Accept fields, in
 * thousandths: 0 when it is not acceptable, 1000 when there is no such field.
 * The most specific range that matches it counts; parameters other than the
 * weight do not, also those of `type`, and a weight that cannot be read is 1. */
unsigned media_weight(const struct head *head, const char *type);

#endif
