/* Values that mean nothing, sent so that nobody forgets to ignore what he does
 * not know: RFC 9420 section 13.5. Nothing here looks for them. */
#ifndef HERMETIC_MLS_GREASE_H
#define HERMETIC_MLS_GREASE_H

#include <stdint.h>

/* One of 0x0A0A, 0x1A1A, ... 0xEAEA. */
/* 13.5: "Clients MUST NOT implement any special processing rules" */
static inline uint16_t grease_value(uint8_t random)
{
	return (uint16_t)(0x0A0A + 0x1010 * (random % 15));
}

#endif
