/* What the load generator was told to do, and the frames it makes of that. */
#ifndef HERMETIC_BENCH_LOAD_H
#define HERMETIC_BENCH_LOAD_H

#include <stdio.h>
#include <sys/types.h>

#include "bench/load/peer.h"

enum { PORTS_MAX = 16, SESSIONS_MAX = 1024, TOKEN_MAX = 2048 };

struct load_session {
	char id[37], last[24];
	unsigned char envelope[1024];
	size_t envelope_n;
};

struct load {
	char sender[TOKEN_MAX], receiver[TOKEN_MAX];
	unsigned send_ports[PORTS_MAX], receive_ports[PORTS_MAX];
	size_t send_port_count, receive_port_count;
	size_t senders, receivers, messages, window, rate, raw;
	bool everything;
	struct load_session sessions[SESSIONS_MAX];
	size_t session_count;
};

/* Ends the program when a line makes no sense. */
void load_read(struct load *load, FILE *in);

unsigned load_port(const struct load *load, bool sends, size_t turn);

/* Makes the frames of sender `k`, with nonces of now. */
void load_prepare(const struct load *load, struct peer *p, size_t k);

/* The number of the message whose envelope stands here in base64. */
size_t load_index(const char *base64);

/* The floor: a process that does nothing but write `messages` frames of `raw`
 * bytes to each of `receivers` sockets. Its port goes into receive_ports. */
pid_t load_start_writer(struct load *load);

#endif
