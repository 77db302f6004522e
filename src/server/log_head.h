/* The chain of a session's log (docs/protocol.md, "Transcript"), as far as a
 * server needs it. */
#ifndef HERMETIC_SERVER_LOG_HEAD_H
#define HERMETIC_SERVER_LOG_HEAD_H

#include "base/err.h"
#include "base/span.h"

/* The head after an application message; see append_head in store/writer.h. */
MUST_CHECK enum err log_head_next(const uint8_t before[32], uint64_t seq,
				  struct span envelope, uint8_t after[32]);

#endif
