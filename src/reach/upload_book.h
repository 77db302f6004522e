/*
 * Records of files that are about to be sent: each has the file's key until it was sent
 * (reach/upload.h). The record `uploads` is the book of when each was begun, {RECORD:
 * seconds…}, so that what nobody goes on with leaves the store.
 */
#ifndef HERMETIC_REACH_UPLOAD_BOOK_H
#define HERMETIC_REACH_UPLOAD_BOOK_H

#include "base/uuid.h"
#include "content/attachment.h"
#include "device/device.h"

#define UPLOAD_KEPT_S (2 * 24 * 3600) /* what nobody goes on with */
#define UPLOAD_RECORD_SIZE 128

/* upload/SESSION/SHA-256 of what the file is called by who sends it. */
MUST_CHECK enum err upload_name(const char *session, struct span called,
				char record[UPLOAD_RECORD_SIZE]);

/* Sets its name, the end of that path, and its type: `type`, or with NULL what the name's
 * end says. */
MUST_CHECK enum err upload_describe(const char *path, const char *type,
				    struct attachment *file);

/* The key of the text that names a file (struct order), so that it is said once however
 * often that is tried. */
#define UPLOAD_KEY_SIZE 48
void upload_key(struct uuid file, char key[UPLOAD_KEY_SIZE]);

/* The file that was said in the session under that key of the caller's, where it is called as
 * `wanted` is: that one is the same if its bytes are (attachment_is()), and is not sent again
 * then. ERR_STATE_GONE: nothing was said under it. ERR_STATE_CONFLICT, with the reason:
 * something else was. The caller clears `said`, also after a failure. */
MUST_CHECK enum err upload_said(struct device *device, const char *session,
				const char *key,
				const struct attachment *wanted,
				struct why *why, struct attachment *said);

/* That it was begun, or is over; and removes records that are too old. Inside a
 * transaction. */
MUST_CHECK enum err upload_note(const struct device_store *store,
				const char *record, bool begun, uint64_t now_s);

#endif
