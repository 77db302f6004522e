#include "bench/load/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IN_SIZE = 262144, HEAD_SIZE = 4096 };

static char shared_in[IN_SIZE]; /* while one peer is being read */

void peer_die(const char *why, const char *detail)
{
	fprintf(stderr, "load: %s: %s\n", why, detail);
	exit(1);
}

void peer_connect(struct peer *p, unsigned port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int one = 1;

	p->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (p->fd < 0 ||
	    connect(p->fd, (const struct sockaddr *)&to, sizeof(to)) != 0)
		peer_die("connect", strerror(errno));
	(void)setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static void write_all(struct peer *p, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t done = write(p->fd, bytes, n);

		if (done <= 0)
			peer_die("write", strerror(errno));
		bytes += done;
		n -= (size_t)done;
	}
}

void peer_upgrade(struct peer *p, const char *token)
{
	char head[HEAD_SIZE];
	size_t n = 0;
	int length = snprintf(head, sizeof(head),
			      "GET /ws HTTP/1.1\r\nHost: localhost\r\n"
			      "Upgrade: websocket\r\nConnection: Upgrade\r\n"
			      "Sec-WebSocket-Version: 13\r\n"
			      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
			      "Sec-WebSocket-Protocol: hermetic.v1\r\n"
			      "Authorization: Bearer %s\r\n\r\n",
			      token);

	write_all(p, head, (size_t)length);
	/* byte by byte: what follows the head is not ours yet */
	while (n < 4 || memcmp(head + n - 4, "\r\n\r\n", 4) != 0) {
		if (n == sizeof(head) - 1 || read(p->fd, head + n, 1) != 1)
			peer_die("handshake", "no answer");
		n++;
	}
	head[n] = '\0';
	if (strncmp(head, "HTTP/1.1 101", 12) != 0)
		peer_die("handshake", head);
}

/* A mask of zeros would be no masking, one for all costs as much to undo. */
size_t peer_frame(char *to, const char *text, size_t n)
{
	static const unsigned char mask[4] = { 0x5a, 0xc3, 0x3c, 0xa5 };
	size_t at = 0;

	to[at++] = (char)0x81;
	if (n < 126) {
		to[at++] = (char)(0x80 | n);
	} else {
		to[at++] = (char)(0x80 | 126);
		to[at++] = (char)(n >> 8);
		to[at++] = (char)n;
	}
	memcpy(to + at, mask, 4);
	at += 4;
	for (size_t i = 0; i < n; i++)
		to[at + i] = (char)(text[i] ^ mask[i % 4]);
	return at + n;
}

void peer_say(struct peer *p, const char *text)
{
	char frame[HEAD_SIZE];

	write_all(p, frame, peer_frame(frame, text, strlen(text)));
}

void peer_unblock(struct peer *p)
{
	if (fcntl(p->fd, F_SETFL, O_NONBLOCK) != 0)
		peer_die("fcntl", strerror(errno));
}

/* The length of the frame at `p` and where its text begins; 0: not all there.
 */
static size_t frame_length(const char *p, size_t n, size_t *text)
{
	const unsigned char *b = (const unsigned char *)p;
	size_t length;

	if (n < 2)
		return 0;
	length = b[1];
	*text = 2;
	if (length == 126) {
		if (n < 4)
			return 0;
		length = (size_t)b[2] << 8 | b[3];
		*text = 4;
	} else if (length == 127) {
		peer_die("frame", "longer than any that was expected");
	}
	return n < *text + length ? 0 : *text + length;
}

static void take_frames(struct peer *p, size_t n,
			void (*each)(struct peer *p, const char *text,
				     size_t n))
{
	size_t at = 0, text, length;

	while ((length = frame_length(shared_in + at, n - at, &text)) > 0) {
		int opcode = shared_in[at] & 15;

		if (opcode == 8)
			peer_die("closed by the server", shared_in + at + 4);
		if (opcode == 1)
			each(p, shared_in + at + text, length - text);
		at += length;
	}
	p->in_n = n - at;
	free(p->in);
	p->in = NULL;
	if (p->in_n == 0)
		return;
	p->in = malloc(p->in_n);
	if (p->in == NULL)
		peer_die("memory", "none");
	memcpy(p->in, shared_in + at, p->in_n);
}

void peer_read(struct peer *p,
	       void (*each)(struct peer *p, const char *text, size_t n))
{
	ssize_t n;

	if (p->in_n > 0)
		memcpy(shared_in, p->in, p->in_n);
	n = read(p->fd, shared_in + p->in_n, IN_SIZE - p->in_n);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		peer_die("read", n == 0 ? "closed" : strerror(errno));
	take_frames(p, p->in_n + (size_t)n, each);
}

bool peer_write(struct peer *p, size_t limit)
{
	while (p->sent < limit) {
		ssize_t n = write(p->fd, p->out + p->sent, limit - p->sent);

		if (n < 0 && errno == EAGAIN)
			return false;
		if (n < 0)
			peer_die("write", strerror(errno));
		p->sent += (size_t)n;
	}
	return true;
}
