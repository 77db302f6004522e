/* What an entry of the log is to its reader: the member `kind` of what is kept
 * of it (entry.h). */
#ifndef HERMETIC_DEVICE_TEXTS_ENTRY_KIND_H
#define HERMETIC_DEVICE_TEXTS_ENTRY_KIND_H

#include <stdbool.h>

enum entry_kind {
	ENTRY_TEXT,
	ENTRY_EDIT,	  /* of a text */
	ENTRY_DELETE,	  /* of a text or a reaction */
	ENTRY_REACTION,	  /* to a text */
	ENTRY_RECEIPT,	  /* how far a member is (receipts.h) */
	ENTRY_NAME,	  /* the session's */
	ENTRY_ROOM,	  /* the same, what it is about, and its picture */
	ENTRY_COMMIT,	  /* a member changed members, roles or keys */
	ENTRY_JOINED,	  /* somebody came in by external commit */
	ENTRY_MOVED,	  /* to another algorithm */
	ENTRY_REMOVED,	  /* this device was */
	ENTRY_DEPARTED,	  /* a device left */
	ENTRY_REFUSED,	  /* it is worth nothing */
	ENTRY_EXPIRED,	  /* the server did not keep it */
	ENTRY_UNREADABLE, /* its content is of no known type */
	ENTRY_KINDS
};

const char *entry_kind_text(enum entry_kind kind);

/* NULL-safe; false: a later version's. */
bool entry_kind_parse(const char *text, enum entry_kind *kind);

#endif
