/*
 * A file that somebody sent, on its way into a folder of this machine. Its ciphertext comes
 * into a hidden file, and goes on there when it was cut off; its plaintext into another
 * hidden one. It has its name only once all of it was verified. A name that somebody else
 * chose is made harmless, and takes no other file's place.
 */
#ifndef HERMETIC_REACH_SAVING_H
#define HERMETIC_REACH_SAVING_H

#include "device/device.h"

struct saving {
	const struct attachment *file; /* borrowed */
	const char *where;	       /* borrowed: the folder's path */
	int folder, part;	       /* descriptors; -1: none */
	char part_name[64], open_name[64];
	struct buf name; /* that it has got, with a NUL */
};

/* Opens the folder, and saving->part, to be filled with the ciphertext. With the reason
 * in `why`. The caller closes it, also after a failure. */
MUST_CHECK enum err saving_open(const char *folder,
				const struct attachment *file,
				struct saving *saving, struct why *why);

/* The ciphertext is there: opens it and gives the file its name. ERR_PEER_CRYPTO: it is not
 * what the message names, and what came is thrown away. */
MUST_CHECK enum err saving_end(struct saving *saving, struct why *why);

void saving_close(struct saving *saving);

/* Says that the folder cannot be written into, and why: as errno does. */
void saving_failed(const char *folder, struct why *why);

/* Appends a name for a file of this machine: no separator, no dot at its start, nothing
 * that does not show. */
void saving_name(struct buf *out, struct span name);

/* Within the folder; replaces nothing. False: errno says why, EEXIST that there is one. */
bool saving_rename(int folder, const char *from, const char *to);

#endif
