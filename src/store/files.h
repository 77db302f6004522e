/*
 * Where files are: ciphertext of any size, which is put, read and dropped by offset, and
 * is never held as a whole (docs/adr/0051). In PostgreSQL a file is rows of FILES_PIECE
 * bytes, so a backup has the files of its messages. Or its bytes are in objects of another
 * store (store/objects.h), and PostgreSQL has the rest: which a file's are is settled when
 * its place is made.
 *
 * They use a connection of their own, which is made with the first of them: what is put
 * and read here is large, and nothing else waits behind it.
 */
#ifndef HERMETIC_STORE_FILES_H
#define HERMETIC_STORE_FILES_H

#include "base/uuid.h"
#include "store/objects.h"
#include "store/store.h"

/* Bytes of a row. The rows that there are have this size: it does not change. */
enum { FILES_PIECE = 262144 };

/* A file, and the device that asks. */
struct file_place {
	struct uuid session, device, file;
	bool objects; /* its bytes are in objects: as create_file() says it */
};

/* Once in a process; without it what is in objects is not served. */
void files_use(struct objects *objects);

/* How many bytes from `offset` on are of one piece. */
size_t files_room(uint64_t offset);

/*
 * `bytes` are of one piece, and borrowed until it is done. A row comes back: outcome, and
 * `stored`, which are durable then. Errors as connection_send() and connection_done have
 * them.
 */
MUST_CHECK enum err files_put(struct store *store,
			      const struct file_place *place, uint64_t offset,
			      struct span bytes, connection_done *done,
			      void *arg);

/* `bytes` are borrowed; none: they are not there, or not for this device. Errors as
 * connection_done has them. */
typedef void files_read_done(void *arg, enum err e, struct span bytes);

/* Of a file that is whole: bytes from `offset` on, at most `max` and at most those of one
 * piece. */
MUST_CHECK enum err files_read(struct store *store,
			       const struct file_place *place, uint64_t offset,
			       size_t max, files_read_done *done, void *arg);

/* Nobody reads it from now on. A row comes back: outcome. */
MUST_CHECK enum err files_drop(struct store *store,
			       const struct file_place *place,
			       connection_done *done, void *arg);

#endif
