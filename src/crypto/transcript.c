#include "crypto/transcript.h"

#include "base/buf.h"
#include "base/sec.h"
#include "crypto/hash.h"

enum err transcript_confirmed(const struct suite *suite, struct span interim,
			      uint16_t wire_format, struct span framed_content,
			      struct span signature, uint8_t *out)
{
	struct buf format = BUF_INIT;
	struct buf signature_vec = BUF_INIT;
	enum err e;

	/* Hash(interim || ConfirmedTranscriptHashInput), the content uncopied:
	 * a commit may be large. */
	buf_put_u16(&format, wire_format);
	TRY(buf_end(&format));
	buf_put_vec(&signature_vec, signature);
	TRY(buf_end(&signature_vec));
	{
		const struct span parts[] = { interim, buf_span(&format),
					      framed_content,
					      buf_span(&signature_vec) };

		TRY(hash_digest(suite, parts, 4, out));
	}
out:
	buf_clear(&format);
	buf_clear(&signature_vec);
	return e;
}

enum err transcript_interim(const struct suite *suite, struct span confirmed,
			    struct span confirmation_tag, uint8_t *out)
{
	struct buf input = BUF_INIT;
	struct span part;
	enum err e;

	buf_put(&input, confirmed);
	buf_put_vec(&input, confirmation_tag); /* MAC is opaque<V> (6.1) */
	TRY(buf_end(&input));
	part = buf_span(&input);
	TRY(hash_digest(suite, &part, 1, out));
out:
	buf_clear(&input);
	return e;
}

enum err transcript_tag(const struct suite *suite, struct span confirmation_key,
			struct span confirmed, uint8_t *out)
{
	return hash_mac(suite, confirmation_key, &confirmed, 1, out);
}

enum err transcript_check_tag(const struct suite *suite,
			      struct span confirmation_key,
			      struct span confirmed,
			      struct span confirmation_tag)
{
	uint8_t tag[SUITE_HASH_MAX];
	enum err e;

	TRY(transcript_tag(suite, confirmation_key, confirmed, tag));
	ENSURE(sec_equal(span_of(tag, suite->nh), confirmation_tag),
	       ERR_PEER_CRYPTO);
out:
	sec_wipe(tag, sizeof(tag));
	return e;
}
