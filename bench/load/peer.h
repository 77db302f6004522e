/*
 * One connection of the load generator: a WebSocket client whose socket never
 * blocks once it is open, and that only counts what it gets.
 */
#ifndef HERMETIC_BENCH_PEER_H
#define HERMETIC_BENCH_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer {
	int fd;
	char *in; /* what has come and is not yet taken */
	size_t in_n;
	/* frames to send, one after the other and all of one length */
	const char *out;
	size_t frame, sent; /* bytes */
	size_t first, count, answered;
	bool sends;
};

/* Connects to 127.0.0.1, blocking; ends the program when that fails. */
void peer_connect(struct peer *p, unsigned port);

/* Opens /ws with the token; blocking. */
void peer_upgrade(struct peer *p, const char *token);

/* Sends one text frame, blocking. */
void peer_say(struct peer *p, const char *text);

/* From here on nothing blocks. */
void peer_unblock(struct peer *p);

/* Reads what there is; calls `each` for the text of every whole frame. */
void peer_read(struct peer *p,
	       void (*each)(struct peer *p, const char *text, size_t n));

/* Writes up to `limit` bytes of its frames, all in all. True: all written. */
bool peer_write(struct peer *p, size_t limit);

/* Appends a masked text frame to `to`; returns its length. */
size_t peer_frame(char *to, const char *text, size_t n);

/* Prints why, and ends the program. */
_Noreturn void peer_die(const char *why, const char *detail);

#endif
