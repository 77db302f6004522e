#include "qr/qr.h"

#include <qrcodegen.h>
#include <string.h>

#define VERSION 10

_Static_assert(QR_BYTES >= qrcodegen_BUFFER_LEN_FOR_VERSION(VERSION),
	       "the code has room");

enum err qr_make(const char *text, struct qr *qr)
{
	uint8_t room[QR_BYTES];

	if (strlen(text) > QR_TEXT ||
	    !qrcodegen_encodeText(text, room, qr->code, qrcodegen_Ecc_MEDIUM,
				  qrcodegen_VERSION_MIN, VERSION,
				  qrcodegen_Mask_AUTO, false))
		return ERR_PEER_INVALID;
	qr->side = qrcodegen_getSize(qr->code);
	return ERR_OK;
}

bool qr_is_dark(const struct qr *qr, int x, int y)
{
	return qrcodegen_getModule(qr->code, x, y);
}
