/*
 * Files of this machine that a person names. None of them is waited for: what is a folder, a
 * pipe, a device or a socket is refused, with the cause and what to do instead.
 */
#ifndef HERMETIC_REACH_GIVEN_H
#define HERMETIC_REACH_GIVEN_H

#include "device/why.h"

#include <sys/stat.h>

/* Opens a regular file for reading; the caller closes *fd, which is -1 after a failure.
 * ERR_PEER_INVALID, with the slug "file". */
MUST_CHECK enum err given_open(const char *path, int *fd, struct stat *is,
			       struct why *why);

/* The same of what is read once and from its start: also a pipe (a shell makes one of
 * <(...)) or a device. Whoever is to write into the pipe has GIVEN_WAIT_S. */
#define GIVEN_WAIT_S 60
MUST_CHECK enum err given_open_stream(const char *path, int *fd,
				      struct why *why);

/* May be read as a file, by who opens it by its path. */
MUST_CHECK enum err given_check(const char *path, struct why *why);

#endif
