/* Files of this machine, sealed and opened as a stream (content/attachment.h). */
#ifndef HERMETIC_REACH_SEALING_H
#define HERMETIC_REACH_SEALING_H

#include "content/attachment.h"

/* Is asked again and again meanwhile; false ends it. */
struct sealing_watch {
	bool (*goes_on)(void *context);
	void *context;
};

/* Reads `from` to its end and writes the ciphertext to `to`, from the start of both. Sets
 * file->size and file->hash. ERR_LOCAL_IO; ERR_PEER_TOO_LARGE: more than
 * ATTACHMENT_MAX; ERR_STATE_PENDING: `watch`, which may be NULL, ended it. */
MUST_CHECK enum err sealing_seal(int from, struct attachment *file, int to,
				 const struct sealing_watch *watch);

/* *is: the file that `from` is, from its start, is the one that `file` names. Nothing is
 * written. Fails as sealing_seal(). */
MUST_CHECK enum err sealing_is_of(int from, const struct attachment *file,
				  const struct sealing_watch *watch, bool *is);

/* The other way. What is in `to` counts only after success: ERR_PEER_CRYPTO when
 * `from` is not what the message names. */
MUST_CHECK enum err sealing_open(int from, const struct attachment *file,
				 int to);

#endif
