#include "server/edge/conditional.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "server/edge/request.h"

enum { TAG_BYTES = 16 };

static bool put_tag(struct buf *out, struct span version)
{
	uint8_t digest[EVP_MAX_MD_SIZE];

	if (EVP_Q_digest(NULL, "SHA256", NULL, version.p, version.n, digest,
			 NULL) != 1)
		return false;
	buf_put_u8(out, '"');
	text_put_hex(out, span_of(digest, TAG_BYTES));
	buf_put_u8(out, '"');
	return out->fail == ERR_OK;
}

/* RFC 9110, 13.1.2: by weak comparison, so "W/" does not count. No tag of ours
 * holds another one, and a list is searched as text. */
static bool client_has(const struct request *req, struct span tag)
{
	struct buf known = BUF_INIT;
	bool has;

	request_list(req, "If-None-Match", &known);
	has = span_equal(buf_span(&known), SPAN_LIT("*")) ||
	      (known.n > 0 && memmem(known.p, known.n, tag.p, tag.n) != NULL);
	buf_clear(&known);
	return has;
}

void conditional_answer(struct request *req, const char *content_type,
			struct span body, struct span version)
{
	struct buf tag = BUF_INIT;

	if (!put_tag(&tag, version)) {
		request_answer(req, 200, content_type, body);
	} else {
		request_add_span(req, "ETag", buf_span(&tag));
		/* whoever keeps it asks again: membership may have ended */
		request_add(req, "Cache-Control", "private, no-cache");
		if (client_has(req, buf_span(&tag)))
			request_answer(req, 304, NULL, SPAN_EMPTY);
		else
			request_answer(req, 200, content_type, body);
	}
	buf_clear(&tag);
}
