/*
 * A file that is about to be sent: sealed once, into a file of the home, before the first
 * byte of it leaves. What is sent later, after whatever, is that ciphertext, so no key
 * ever seals two versions of a file (ADR 52). The record
 *
 *   upload/SESSION/SHA-256 of the path: {file, bytes, modified_ns}
 *
 * has its key until it was sent.
 */
#ifndef HERMETIC_REACH_UPLOAD_H
#define HERMETIC_REACH_UPLOAD_H

#include "content/attachment.h"
#include "reach/account.h"
#include "reach/sealing.h"
#include "reach/upload_book.h"

#include <sys/stat.h>

struct upload {
	struct attachment file; /* its size is that of the path's file */
	int fd;			/* of the ciphertext; -1: not sealed yet */
	char record[UPLOAD_RECORD_SIZE];
	struct buf sealed; /* its path, with a NUL */
	const char *path;  /* borrowed */
	int from;	   /* of that file */
	struct stat is;
};

/*
 * The upload of that file: one that was sealed before, or a new id, key and size, with
 * upload->fd < 0 and nothing sealed. Another version of the file is another upload.
 * With the reason in a->why: ERR_PEER_INVALID, it is no file that can be sent;
 * ERR_LOCAL_IO. The caller closes it, also after a failure.
 */
MUST_CHECK enum err upload_open(struct account *a, const char *session,
				const char *path, const struct suite *suite,
				struct upload *upload);

/* Seals it, where it is not yet. With the reason in a->why: ERR_LOCAL_IO, also
 * "interrupted", by `watch`; ERR_STATE_CONFLICT, the file has changed meanwhile. Then nothing
 * is kept. */
MUST_CHECK enum err upload_seal(struct account *a, struct upload *upload,
				const struct sealing_watch *watch);

/* *is: the file of the path is the one that `file` names. Fails as
 * upload_seal(). */
MUST_CHECK enum err upload_is_of(struct account *a, const struct upload *upload,
				 const struct attachment *file,
				 const struct sealing_watch *watch, bool *is);

/* `over`: nothing of it is needed any more. */
MUST_CHECK enum err upload_close(struct account *a, struct upload *upload,
				 bool over);

#endif
