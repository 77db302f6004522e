#include "base/given.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum err refuse(const char *path, mode_t mode,
		       char problem[GIVEN_PROBLEM])
{
	const char *what = S_ISFIFO(mode)   ? "pipe"
			   : S_ISSOCK(mode) ? "socket"
					    : "device";

	if (S_ISDIR(mode))
		(void)snprintf(problem, GIVEN_PROBLEM,
			       "%.200s is a folder, and no file. Pack it into "
			       "one, for instance with tar or zip.",
			       path);
	else
		(void)snprintf(problem, GIVEN_PROBLEM,
			       "%.200s is a %s, and no file. Write what comes "
			       "out of it into a file, and name that one.",
			       path, what);
	return ERR_PEER_INVALID;
}

static enum err fail(const char *path, char problem[GIVEN_PROBLEM])
{
	(void)snprintf(problem, GIVEN_PROBLEM, "Cannot read %.200s: %s.", path,
		       strerror(errno));
	return ERR_PEER_INVALID;
}

static bool is_taken(mode_t mode, bool stream)
{
	return S_ISREG(mode) || (stream && (S_ISFIFO(mode) || S_ISCHR(mode)));
}

/* To open a device may make it do something, so what the path names is looked at before,
 * and again once it is open: it may be another one by then. */
static enum err open_taken(const char *path, bool stream, int *fd,
			   struct stat *is, char problem[GIVEN_PROBLEM])
{
	enum err e = ERR_OK;

	*fd = -1;
	if (stat(path, is) != 0)
		TRY(fail(path, problem));
	if (!is_taken(is->st_mode, stream))
		TRY(refuse(path, is->st_mode, problem));
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*fd < 0 || fstat(*fd, is) != 0)
		TRY(fail(path, problem));
	if (!is_taken(is->st_mode, stream))
		TRY(refuse(path, is->st_mode, problem));
out:
	return e;
}

static void close_failed(enum err e, int *fd)
{
	if (e == ERR_OK || *fd < 0)
		return;
	(void)close(*fd);
	*fd = -1;
}

enum err given_open(const char *path, int *fd, struct stat *is,
		    char problem[GIVEN_PROBLEM])
{
	enum err e = open_taken(path, false, fd, is, problem);

	close_failed(e, fd);
	return e;
}

enum err given_check(const char *path, char problem[GIVEN_PROBLEM])
{
	struct stat is;
	int fd;
	enum err e = given_open(path, &fd, &is, problem);

	if (fd >= 0)
		(void)close(fd);
	return e;
}

/* A pipe that nobody has opened for writing yet is one to wait for. */
static enum err wait_for(int fd, const char *path, char problem[GIVEN_PROBLEM])
{
	struct pollfd in = { .fd = fd, .events = POLLIN };

	if (poll(&in, 1, GIVEN_WAIT_S * 1000) > 0)
		return ERR_OK;
	(void)snprintf(problem, GIVEN_PROBLEM,
		       "%.200s is a pipe into which nobody has written for %d "
		       "seconds.",
		       path, GIVEN_WAIT_S);
	return ERR_PEER_INVALID;
}

enum err given_open_stream(const char *path, int *fd,
			   char problem[GIVEN_PROBLEM])
{
	struct stat is;
	enum err e;

	TRY(open_taken(path, true, fd, &is, problem));
	if (S_ISFIFO(is.st_mode))
		TRY(wait_for(*fd, path, problem));
	/* what comes in parts is waited for from here on */
	if (fcntl(*fd, F_SETFL, 0) != 0)
		TRY(fail(path, problem));
out:
	close_failed(e, fd);
	return e;
}
