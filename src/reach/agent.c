#include "reach/agent.h"

#include "base/sec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_FILE "agent.sock"
#define LOCK_FILE "agent.lock"
#define KEY 32
#define ANSWER (1 + 2 * KEY)
#define PATIENCE_SECONDS 2

struct agent {
	int folder, guard, socket; /* -1: none */
	bool bound, locked;
	struct state_keys keys;
	void (*over)(void *context); /* or NULL */
	void *over_with;
};

/* ---- the socket ---- */

/* Names of sockets are short, those of folders are not: the folder is named by its
 * descriptor. */
static bool name_socket(int folder, struct sockaddr_un *name)
{
	int n;

	*name = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = snprintf(name->sun_path, sizeof(name->sun_path),
		     "/proc/self/fd/%d/" SOCKET_FILE, folder);
	return n > 0 && (size_t)n < sizeof(name->sun_path);
}

static int open_folder(const char *home)
{
	return open(home, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Is the other end a process of this user? */
static bool is_own(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       size == sizeof(peer) && peer.uid == geteuid();
}

static void set_patience(int fd)
{
	const struct timeval most = { .tv_sec = PATIENCE_SECONDS };

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most));
}

/* ---- the lock ---- */

/* An agent holds it as long as it has keys. It is of the open file, which a child of
 * fork() shares. */
static int lock_file(int fd, int command, struct flock *whole)
{
	*whole = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
	return fcntl(fd, command, whole);
}

/* It is asked and not taken: an agent that begins meanwhile can have it. */
static bool is_guarded(int folder)
{
	int fd = openat(folder, LOCK_FILE, O_RDONLY | O_CLOEXEC);
	struct flock whole;
	bool is_free;

	if (fd < 0)
		return errno != ENOENT;
	is_free =
	    lock_file(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type == F_UNLCK;
	(void)close(fd);
	return !is_free;
}

/* ERR_STATE_CONFLICT: another agent has it. */
static enum err take_guard(struct agent *agent)
{
	struct flock whole;

	agent->guard = openat(agent->folder, LOCK_FILE,
			      O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (agent->guard < 0)
		return ERR_LOCAL_IO;
	if (lock_file(agent->guard, F_OFD_SETLK, &whole) == 0)
		return ERR_OK;
	return errno == EAGAIN || errno == EACCES ? ERR_STATE_CONFLICT
						  : ERR_LOCAL_IO;
}

/* No process has it any more, also where fork() left it to two. */
static void give_guard_up(struct agent *agent)
{
	struct flock whole = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	if (agent->guard < 0)
		return;
	(void)fcntl(agent->guard, F_OFD_SETLK, &whole);
	(void)close(agent->guard);
	agent->guard = -1;
}

/* ---- asking ---- */

/* *fd: to an agent of this user, -1 without. ERR_STATE_GONE: there is none.
 * ERR_LOCAL_IO: it cannot be asked, errno says why. */
static enum err connect_in(int folder, int *fd)
{
	struct sockaddr_un name;

	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0 || !name_socket(folder, &name))
		return ERR_LOCAL_IO;
	set_patience(*fd);
	if (connect(*fd, (const struct sockaddr *)&name, sizeof(name)) != 0) {
		int reason = errno;
		bool none = (reason == ENOENT || reason == ECONNREFUSED) &&
			    !is_guarded(folder);

		errno = reason;
		return none ? ERR_STATE_GONE : ERR_LOCAL_IO;
	}
	if (is_own(*fd))
		return ERR_OK;
	errno = EPERM;
	return ERR_LOCAL_IO;
}

/* Asks one byte, and reads n bytes or, if n is 0, the end. The errors are those of
 * connect_in(). */
static enum err ask(const char *home, char what, uint8_t *answer, size_t n)
{
	int folder = open_folder(home), fd = -1, reason;
	uint8_t byte;
	enum err e;

	if (folder < 0)
		return errno == ENOENT ? ERR_STATE_GONE : ERR_LOCAL_IO;
	e = connect_in(folder, &fd);
	if (e == ERR_OK && (send(fd, &what, 1, MSG_NOSIGNAL) != 1 ||
			    recv(fd, n > 0 ? answer : &byte, n > 0 ? n : 1,
				 MSG_WAITALL) != (ssize_t)n)) {
		reason = errno;
		/* one that ended meanwhile holds nothing */
		e = is_guarded(folder) ? ERR_LOCAL_IO : ERR_STATE_GONE;
		errno = reason;
	}
	reason = errno;
	if (fd >= 0)
		(void)close(fd);
	(void)close(folder);
	errno = reason;
	return e;
}

enum err agent_keys(const char *home, struct state_keys *keys)
{
	uint8_t answer[ANSWER];
	enum err e;

	TRY(ask(home, 'K', answer, sizeof(answer)));
	ENSURE(answer[0] == AGENT_VERSION, ERR_LOCAL_IO);
	TRY(sec_set(&keys->seal, span_of(answer + 1, KEY)));
	TRY(sec_set(&keys->name, span_of(answer + 1 + KEY, KEY)));
out:
	sec_wipe(answer, sizeof(answer));
	return e;
}

enum err agent_lock(const char *home, struct why *why)
{
	enum err e = ask(home, 'L', NULL, 0);

	if (e != ERR_LOCAL_IO)
		return e;
	return why_set(why, e, "agent",
		       "The agent of %s cannot be asked (%s). While its "
		       "process runs, it holds the keys: end that.",
		       home, strerror(errno));
}

/* ---- serving ---- */

/* A socket that an agent left which was killed is removed: the lock says that there
 * is no other one. */
static enum err bind_socket(struct agent *agent)
{
	struct sockaddr_un name;

	if (!name_socket(agent->folder, &name) ||
	    (unlinkat(agent->folder, SOCKET_FILE, 0) != 0 && errno != ENOENT))
		return ERR_LOCAL_IO;
	agent->socket =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (agent->socket < 0 || fchmod(agent->socket, 0600) != 0 ||
	    bind(agent->socket, (const struct sockaddr *)&name, sizeof(name)) !=
		0)
		return ERR_LOCAL_IO;
	agent->bound = true;
	if (fchmodat(agent->folder, SOCKET_FILE, 0600, 0) != 0 ||
	    listen(agent->socket, 16) != 0)
		return ERR_LOCAL_IO;
	return ERR_OK;
}

static enum err begin(struct agent *agent, const char *home)
{
	enum err e;

	agent->folder = open_folder(home);
	ENSURE(agent->folder >= 0, ERR_LOCAL_IO);
	TRY(take_guard(agent));
	TRY(bind_socket(agent));
out:
	return e;
}

enum err agent_open(const char *home, const struct state_keys *keys,
		    struct why *why, struct agent **out)
{
	struct agent *agent = calloc(1, sizeof(*agent));
	enum err e;

	if (agent == NULL)
		return ERR_LOCAL_MEMORY;
	agent->folder = agent->guard = agent->socket = -1;
	agent->keys = *keys;
	e = begin(agent, home);
	if (e == ERR_OK) {
		*out = agent;
		return ERR_OK;
	}
	if (e == ERR_STATE_CONFLICT)
		e = why_set(why, e, "agent-runs",
			    "An agent holds the keys of %s already.", home);
	else
		e = why_set(why, e, "agent", "Cannot listen in %s (%s).", home,
			    strerror(errno));
	agent_close(agent);
	return e;
}

static void give_keys(const struct agent *agent, int fd)
{
	uint8_t answer[ANSWER] = { AGENT_VERSION };

	memcpy(answer + 1, agent->keys.seal.b, KEY);
	memcpy(answer + 1 + KEY, agent->keys.name.b, KEY);
	(void)send(fd, answer, sizeof(answer), MSG_NOSIGNAL);
	sec_wipe(answer, sizeof(answer));
}

/* The socket and the lock go and the keys are wiped before who asked is told. */
static void lock(struct agent *agent)
{
	if (agent->over != NULL)
		agent->over(agent->over_with);
	agent->over = NULL;
	agent->locked = true;
	state_keys_clear(&agent->keys);
	if (agent->bound)
		(void)unlinkat(agent->folder, SOCKET_FILE, 0);
	agent->bound = false;
	give_guard_up(agent);
}

static void answer_one(struct agent *agent)
{
	int fd = accept4(agent->socket, NULL, NULL, SOCK_CLOEXEC);
	char what = 0;

	if (fd < 0)
		return;
	set_patience(fd);
	if (is_own(fd) && recv(fd, &what, 1, 0) == 1) {
		if (what == 'K')
			give_keys(agent, fd);
		else if (what == 'L')
			lock(agent);
	}
	(void)close(fd);
}

/* By a clock that goes on while the machine sleeps. -1: there is none. */
static int start_timer(uint64_t seconds)
{
	const struct itimerspec at = { .it_value = { (time_t)seconds, 0 } };
	int fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd >= 0 && timerfd_settime(fd, 0, &at, NULL) != 0) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

void agent_serve(struct agent *agent, uint64_t seconds,
		 const volatile sig_atomic_t *stop, void (*over)(void *context),
		 void *context)
{
	struct pollfd inputs[2] = {
		{ .fd = start_timer(seconds), .events = POLLIN },
		{ .fd = agent->socket, .events = POLLIN },
	};
	sigset_t all, before;

	agent->over = over;
	agent->over_with = context;
	/* a signal comes while ppoll() waits, and not behind the look at *stop */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &before);
	/* here, since a child does not inherit it */
	(void)mlock(&agent->keys, sizeof(agent->keys));
	while (!agent->locked && *stop == 0 && inputs[0].fd >= 0) {
		if (ppoll(inputs, 2, NULL, &before) < 0)
			continue; /* a signal: *stop says what it was */
		if (inputs[0].revents != 0)
			break;
		answer_one(agent);
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	lock(agent);
	if (inputs[0].fd >= 0)
		(void)close(inputs[0].fd);
}

void agent_close(struct agent *agent)
{
	if (agent == NULL)
		return;
	lock(agent);
	if (agent->socket >= 0)
		(void)close(agent->socket);
	if (agent->folder >= 0)
		(void)close(agent->folder);
	free(agent);
}

void agent_leave(struct agent *agent)
{
	agent->bound = false;
	if (agent->guard >= 0)
		(void)close(agent->guard);
	agent->guard = -1;
	agent_close(agent);
}
