/*
 * Files of this machine that a person names. None of them is waited for: what is a folder, a
 * pipe, a device or a socket is refused: ERR_PEER_INVALID, and `problem` has the cause and
 * what to do instead.
 */
#ifndef HERMETIC_BASE_GIVEN_H
#define HERMETIC_BASE_GIVEN_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/stat.h>

#define GIVEN_PROBLEM 320

/* Opens a regular file for reading; the caller closes *fd, which is -1 after a failure. */
MUST_CHECK enum err given_open(const char *path, int *fd, struct stat *is,
			       char problem[GIVEN_PROBLEM]);

/* The same of what is read once and from its start: also a pipe (a shell makes one of
 * <(...)) or a device. Whoever is to write into the pipe has GIVEN_WAIT_S. */
#define GIVEN_WAIT_S 60
MUST_CHECK enum err given_open_stream(const char *path, int *fd,
				      char problem[GIVEN_PROBLEM]);

/* May be read as a file, by who opens it by its path. */
MUST_CHECK enum err given_check(const char *path, char problem[GIVEN_PROBLEM]);

#endif
