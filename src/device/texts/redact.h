/* Taking texts out of what is kept, because their author took them back or their
 * time has come: that something stood there stays. Inside a transaction. Of `m` the
 * id and the notes count. */
#ifndef HERMETIC_DEVICE_TEXTS_REDACT_H
#define HERMETIC_DEVICE_TEXTS_REDACT_H

#include "device/group/membership.h"

/* Removes from an entry what its author said. */
void redact_said(json_t *entry);

/* The text of the entry `seq`; `expired` is noted in it. What is not here, or
 * cannot be read, is left. */
MUST_CHECK enum err redact_entry(const struct device_store *store,
				 const struct membership *m, uint64_t seq,
				 bool expired);

/* The texts of a message, the entry `seq`, and of its edits, which leave its marks
 * (marks.h). */
MUST_CHECK enum err redact_message(const struct device_store *store,
				   const struct membership *m, json_t *marks,
				   uint64_t seq, bool expired);

/* The reaction `reaction`, which is the entry `seq`, does not count any more for the
 * message that it is to. */
MUST_CHECK enum err redact_reaction(const struct device_store *store,
				    const struct membership *m,
				    const json_t *reaction, uint64_t seq);

#endif
