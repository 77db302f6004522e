/* A server's refusal, by whatever door it came: RFC 9457's problem, as one of our errors. */
#ifndef HERMETIC_REACH_PROBLEM_H
#define HERMETIC_REACH_PROBLEM_H

#include "device/why.h"

#include <jansson.h>

/*
 * What a status that is no success means to a device (struct answer, device/ports.h),
 * with the reason in `why` and the problem's word for programs in `slug`. `problem` is
 * the body, or NULL.
 */
MUST_CHECK enum err problem_read(long status, const json_t *problem,
				 struct why *why, char slug[48]);

#endif
