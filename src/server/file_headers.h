/* What requests about files say in their headers: numbers and flags of structured fields
 * (RFC 9651), as resumable uploads have them, and ranges (RFC 9110, 14.2). */
#ifndef HERMETIC_SERVER_FILE_HEADERS_H
#define HERMETIC_SERVER_FILE_HEADERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* An Integer without parameters that is not negative; false: it is none. */
bool file_headers_number(struct span value, uint64_t *out);

/* A Boolean without parameters. */
bool file_headers_flag(struct span value, bool *out);

enum file_range {
	FILE_RANGE_WHOLE, /* none is said, or one that is not for us to serve */
	FILE_RANGE_PART,
	FILE_RANGE_NOTHING /* 416 */
};

/* The bytes from *from to before *end of `size`, at least 1. More than one range, other
 * units and what is no range are not served: that is the whole. */
enum file_range file_headers_range(struct span value, uint64_t size,
				   uint64_t *from, uint64_t *end);

#endif
