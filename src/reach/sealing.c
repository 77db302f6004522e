#include "reach/sealing.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 65536 };

static enum err read_some(int fd, uint64_t at, uint8_t *to, size_t max,
			  size_t *n)
{
	for (;;) {
		ssize_t got = pread(fd, to, max, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		*n = got > 0 ? (size_t)got : 0;
		return got < 0 ? ERR_LOCAL_IO : ERR_OK;
	}
}

static enum err write_all(int fd, uint64_t at, const uint8_t *bytes, size_t n)
{
	while (n > 0 && fd >= 0) { /* -1: into nothing */
		ssize_t done = pwrite(fd, bytes, n, (off_t)at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return ERR_LOCAL_IO;
		bytes += done;
		at += (uint64_t)done;
		n -= (size_t)done;
	}
	return ERR_OK;
}

enum err sealing_seal(int from, struct attachment *file, int to,
		      const struct sealing_watch *watch)
{
	struct attachment_stream *stream = NULL;
	uint8_t chunk[CHUNK], tag[SUITE_AEAD_TAG];
	uint64_t at = 0;
	size_t n;
	enum err e;

	TRY(attachment_begin(file, true, &stream));
	for (;; at += n) {
		ENSURE(watch == NULL || watch->goes_on(watch->context),
		       ERR_STATE_PENDING);
		TRY(read_some(from, at, chunk, sizeof(chunk), &n));
		if (n == 0)
			break;
		ENSURE(n <= ATTACHMENT_MAX - at, ERR_PEER_TOO_LARGE);
		TRY(attachment_pass(stream, span_of(chunk, n), chunk));
		TRY(write_all(to, at, chunk, n));
	}
	TRY(attachment_seal_end(stream, tag, file->hash));
	TRY(write_all(to, at, tag, sizeof(tag)));
	file->size = at;
out:
	attachment_free(stream);
	sec_wipe(chunk, sizeof(chunk));
	return e;
}

enum err sealing_is_of(int from, const struct attachment *file,
		       const struct sealing_watch *watch, bool *is)
{
	struct attachment again = { .size = 0,
				    .aead = file->aead,
				    .key = file->key };
	enum err e;

	*is = false;
	memcpy(again.nonce, file->nonce, sizeof(again.nonce));
	TRY(sealing_seal(from, &again, -1, watch));
	*is = attachment_is(file, again.size, again.hash);
out:
	attachment_clear(&again);
	return e;
}

enum err sealing_open(int from, const struct attachment *file, int to)
{
	struct attachment_stream *stream = NULL;
	uint8_t chunk[CHUNK], tag[SUITE_AEAD_TAG + 1];
	uint64_t at = 0;
	size_t n;
	enum err e;

	TRY(attachment_begin(file, false, &stream));
	for (; at < file->size; at += n) {
		uint64_t left = file->size - at;

		TRY(read_some(
		    from, at, chunk,
		    left < sizeof(chunk) ? (size_t)left : sizeof(chunk), &n));
		ENSURE(n > 0, ERR_PEER_CRYPTO);
		TRY(attachment_pass(stream, span_of(chunk, n), chunk));
		TRY(write_all(to, at, chunk, n));
	}
	TRY(read_some(from, at, tag, sizeof(tag), &n));
	ENSURE(n == SUITE_AEAD_TAG, ERR_PEER_CRYPTO);
	TRY(attachment_open_end(stream, tag));
out:
	attachment_free(stream);
	sec_wipe(chunk, sizeof(chunk));
	return e;
}
