/* What only the environment says of a handle. */
#ifndef HERMETIC_COMMAND_ENVIRONMENT_H
#define HERMETIC_COMMAND_ENVIRONMENT_H

#include "command/args.h"
#include "command/reason.h"

/* Fills `scrypt_n`, `stock` and `receipts`. The library says which numbers may be. */
MUST_CHECK enum err environment_take(const struct args *args,
				     struct reason *why,
				     struct hermetic_config *config);

#endif
