#include "base/listen.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static bool set(int fd, int option)
{
	int on = 1;

	return setsockopt(fd, SOL_SOCKET, option, &on, sizeof(on)) == 0;
}

int listen_at(const char *host, const char *port, bool shared)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
					.ai_flags = AI_PASSIVE |
						    AI_NUMERICHOST |
						    AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	int fd;

	if (getaddrinfo(host, port, &hints, &found) != 0)
		return -1;
	fd = socket(found->ai_family,
		    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 &&
	    (!set(fd, SO_REUSEADDR) || (shared && !set(fd, SO_REUSEPORT)) ||
	     bind(fd, found->ai_addr, found->ai_addrlen) != 0 ||
	     listen(fd, BACKLOG) != 0)) {
		(void)close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	return fd;
}
