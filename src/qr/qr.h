/* A QR code (ISO/IEC 18004) of a short text, such as the code of a device that waits. */
#ifndef HERMETIC_QR_QR_H
#define HERMETIC_QR_QR_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define QR_TEXT 180  /* bytes of a text, at most */
#define QR_BYTES 408 /* of a code of version 10 */

struct qr {
	int side; /* modules */
	uint8_t code[QR_BYTES];
};

/* ERR_PEER_INVALID: the text is too long. */
MUST_CHECK enum err qr_make(const char *text, struct qr *qr);

/* Of the module in that column and row; beyond the code, in its quiet zone, none is dark. */
bool qr_is_dark(const struct qr *qr, int x, int y);

#endif
