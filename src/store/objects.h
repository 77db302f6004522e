/*
 * Objects: bytes under an id in a store that speaks S3's protocol (docs/adr/0071). Each is
 * put once, read in parts, and dropped. By HTTP on the store's event loop, so nobody waits;
 * requests are signed (AWS Signature Version 4).
 *
 * What there is of objects is known by the table file_object alone; nothing is listed here.
 */
#ifndef HERMETIC_STORE_OBJECTS_H
#define HERMETIC_STORE_OBJECTS_H

#include "base/buf.h"
#include "base/digest.h"
#include "base/uuid.h"
#include "store/loop.h"
#include "store/objects_settings.h"

struct objects;

/* SHA-256, which stands in a folder above: what is sent is signed with it. */
typedef enum err objects_hash(struct span bytes, struct digest *out);

/* Once in a process, which keeps it until it ends. Nothing is sent yet. */
MUST_CHECK enum err objects_open(const struct store_loop *loop,
				 const struct objects_settings *settings,
				 objects_hash *hash, struct objects **out);

/*
 * Called once for each accepted request, from the loop. `bytes` are borrowed, and those of
 * objects_get() only. ERR_LOCAL_BUSY: the store has refused it or was not reached, nothing
 * was done; ERR_LOCAL_IO: whether it was done is unknown.
 */
typedef void objects_done(void *arg, enum err e, struct span bytes);

/* A request ends after so long, whatever the store does. What was asked for may be done
 * later all the same, as long as it is on its way. */
#define OBJECTS_SECONDS 60

/* `bytes` are borrowed until it is done. ERR_LOCAL_MEMORY: `done` is not called. */
MUST_CHECK enum err objects_put(struct objects *objects, struct uuid id,
				struct span bytes, objects_done *done,
				void *arg);

/* Exactly n bytes, from byte `from` on. */
MUST_CHECK enum err objects_get(struct objects *objects, struct uuid id,
				uint64_t from, size_t n, objects_done *done,
				void *arg);

/* ERR_OK: the store says of this object that it is not there any more, or never was. */
MUST_CHECK enum err objects_drop(struct objects *objects, struct uuid id,
				 objects_done *done, void *arg);

#endif
