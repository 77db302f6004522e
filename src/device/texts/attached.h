/*
 * A file that a message names (content/attachment.h), in records:
 *
 *   file: {id, name, size, type, aead, key, nonce, hash}
 *
 * The last four are for opening it, and go to nobody who only shows the entry.
 */
#ifndef HERMETIC_DEVICE_TEXTS_ATTACHED_H
#define HERMETIC_DEVICE_TEXTS_ATTACHED_H

#include "content/attachment.h"
#include "device/record.h"

MUST_CHECK enum err attached_put(json_t *object, const struct attachment *file);

/* ERR_STATE_GONE: it has none. The caller clears `file`, also after a failure. */
MUST_CHECK enum err attached_get(const json_t *object, struct attachment *file);

/* Leaves what may be shown. */
void attached_hide(json_t *object);

#endif
