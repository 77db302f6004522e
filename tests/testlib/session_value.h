/* A session as one value, as a device wrote it before it kept items: what is the same has
 * the same value, and session_load() takes it. Only tests, fuzz targets and benchmarks
 * write one. */
#ifndef HERMETIC_TESTS_SESSION_VALUE_H
#define HERMETIC_TESTS_SESSION_VALUE_H

#include "session/chain.h"

struct session;

/* The part of its chain, which chain_load() takes. Appends it. */
void session_value_chain(const struct chain *chain, struct buf *value);

/* Appends it. */
MUST_CHECK enum err session_value(const struct session *session,
				  struct buf *value);

#endif
