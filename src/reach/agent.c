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
#define KEY 32
#define ANSWER (1 + 2 * KEY)
#define PATIENCE_SECONDS 2

struct agent {
	int folder, socket; /* -1: none */
	bool bound, locked;
	struct state_keys keys;
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

/* -1: nobody of this user answers there. */
static int connect_to(const char *home)
{
	struct sockaddr_un name;
	int folder = open_folder(home), fd = -1;

	if (folder >= 0 && name_socket(folder, &name))
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 &&
	    (connect(fd, (const struct sockaddr *)&name, sizeof(name)) != 0 ||
	     !is_own(fd))) {
		(void)close(fd);
		fd = -1;
	}
	if (folder >= 0)
		(void)close(folder);
	if (fd >= 0)
		set_patience(fd);
	return fd;
}

/* ---- asking ---- */

static bool ask(int fd, char what)
{
	return send(fd, &what, 1, MSG_NOSIGNAL) == 1;
}

enum err agent_keys(const char *home, struct state_keys *keys)
{
	uint8_t answer[ANSWER];
	int fd = connect_to(home);
	enum err e = ERR_OK;

	ENSURE(fd >= 0 && ask(fd, 'K') &&
		   recv(fd, answer, sizeof(answer), MSG_WAITALL) ==
		       (ssize_t)sizeof(answer) &&
		   answer[0] == AGENT_VERSION,
	       ERR_STATE_GONE);
	TRY(sec_set(&keys->seal, span_of(answer + 1, KEY)));
	TRY(sec_set(&keys->name, span_of(answer + 1 + KEY, KEY)));
out:
	sec_wipe(answer, sizeof(answer));
	if (fd >= 0)
		(void)close(fd);
	return e;
}

enum err agent_lock(const char *home)
{
	int fd = connect_to(home);
	enum err e = ERR_OK;
	uint8_t byte;

	ENSURE(fd >= 0, ERR_STATE_GONE);
	ENSURE(ask(fd, 'L') && recv(fd, &byte, 1, 0) == 0, ERR_LOCAL_IO);
out:
	if (fd >= 0)
		(void)close(fd);
	return e;
}

/* ---- serving ---- */

/* A socket that an agent left which was killed is removed. */
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

enum err agent_open(const char *home, const struct state_keys *keys,
		    struct why *why, struct agent **out)
{
	struct agent *agent = NULL;
	int other = connect_to(home);
	enum err e;

	if (other >= 0) {
		(void)close(other);
		return why_set(why, ERR_STATE_CONFLICT, "agent-runs",
			       "An agent holds the keys of %s already. To end "
			       "it: hermetic lock",
			       home);
	}
	agent = calloc(1, sizeof(*agent));
	if (agent == NULL)
		return ERR_LOCAL_MEMORY;
	agent->socket = -1;
	agent->folder = open_folder(home);
	agent->keys = *keys;
	e = agent->folder >= 0 ? bind_socket(agent) : ERR_LOCAL_IO;
	if (e != ERR_OK) {
		e = why_set(why, e, "agent", "Cannot listen in %s (%s).", home,
			    strerror(errno));
		agent_close(agent);
		return e;
	}
	*out = agent;
	return ERR_OK;
}

static void give_keys(const struct agent *agent, int fd)
{
	uint8_t answer[ANSWER] = { AGENT_VERSION };

	memcpy(answer + 1, agent->keys.seal.b, KEY);
	memcpy(answer + 1 + KEY, agent->keys.name.b, KEY);
	(void)send(fd, answer, sizeof(answer), MSG_NOSIGNAL);
	sec_wipe(answer, sizeof(answer));
}

/* The socket goes and the keys are wiped before who asked is told. */
static void lock(struct agent *agent)
{
	agent->locked = true;
	state_keys_clear(&agent->keys);
	if (agent->bound)
		(void)unlinkat(agent->folder, SOCKET_FILE, 0);
	agent->bound = false;
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
		 const volatile sig_atomic_t *stop)
{
	struct pollfd inputs[2] = {
		{ .fd = start_timer(seconds), .events = POLLIN },
		{ .fd = agent->socket, .events = POLLIN },
	};

	/* here, since a child does not inherit it */
	(void)mlock(&agent->keys, sizeof(agent->keys));
	while (!agent->locked && *stop == 0 && inputs[0].fd >= 0) {
		if (poll(inputs, 2, -1) < 0)
			continue; /* a signal: *stop says what it was */
		if (inputs[0].revents != 0)
			break;
		answer_one(agent);
	}
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
	agent_close(agent);
}
