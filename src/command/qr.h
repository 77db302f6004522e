/* A QR code in a terminal. */
#ifndef HERMETIC_COMMAND_QR_H
#define HERMETIC_COMMAND_QR_H

#include "base/buf.h"

/* Appends lines of half blocks, two rows of the code each, light on dark, with the
 * quiet zone around it. ERR_PEER_INVALID: the text is too long. */
MUST_CHECK enum err qr_put(const char *text, struct buf *out);

#endif
