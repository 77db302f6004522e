/*
 * Files of this machine, sent and saved: sealed, moved (reach/transfer.h), said and verified.
 * What was cut off goes on with the next call for the same file.
 */
#ifndef HERMETIC_REACH_FILES_H
#define HERMETIC_REACH_FILES_H

#include "reach/account.h"
#include "reach/saving.h"

/* Is told how far it is, about every second and at the end; false ends it
 * ("interrupted"). */
struct files_watch {
	bool (*watch)(void *context, uint64_t done, uint64_t total);
	/* Is asked while it is sealed; false ends it, too. May be NULL. */
	bool (*goes_on)(void *context);
	void *context;
};

/* Says the message; `order` has the file and its key. Its result is that of files_send():
 * after ERR_OK and ERR_STATE_CONFLICT the message is there, or another text has its key. */
struct files_sayer {
	enum err (*say)(void *context, const struct order *order);
	void *context;
};

/* The file of that path, with the text and the rest of `order`, into the session of the
 * order. `watch` may be NULL. The reason is in a->why. */
MUST_CHECK enum err files_send(struct account *a, const char *path,
			       struct order order,
			       const struct files_watch *watch,
			       const struct files_sayer *sayer);

/* The file that an entry names, into that folder; its name is that of `saving`, which the
 * caller closes, and `file`, which the caller clears, also after a failure. */
MUST_CHECK enum err files_save(struct account *a, const char *session,
			       uint64_t seq, const char *folder,
			       const struct files_watch *watch,
			       struct attachment *file, struct saving *saving);

#endif
