#include "device/texts/entry_kind.h"

#include <stddef.h>
#include <string.h>

static const char *const NAMES[ENTRY_KINDS] = {
	[ENTRY_TEXT] = "text",
	[ENTRY_NAME] = "name",
	[ENTRY_ROOM] = "room",
	[ENTRY_EDIT] = "edit",
	[ENTRY_DELETE] = "delete",
	[ENTRY_REACTION] = "reaction",
	[ENTRY_RECEIPT] = "receipt",
	[ENTRY_COMMIT] = "commit",
	[ENTRY_JOINED] = "joined",
	[ENTRY_MOVED] = "moved",
	[ENTRY_REMOVED] = "removed",
	[ENTRY_DEPARTED] = "departed",
	[ENTRY_REFUSED] = "refused",
	[ENTRY_EXPIRED] = "expired",
	[ENTRY_UNREADABLE] = "unreadable",
};

const char *entry_kind_text(enum entry_kind kind)
{
	return NAMES[kind];
}

bool entry_kind_parse(const char *text, enum entry_kind *kind)
{
	for (unsigned i = 0; i < ENTRY_KINDS; i++)
		if (text != NULL && strcmp(text, NAMES[i]) == 0) {
			*kind = (enum entry_kind)i;
			return true;
		}
	return false;
}
