/*
 * Keys of session tickets (RFC 5077; RFC 8446, 4.6.1), shared by the workers of
 * a node, so that a client resumes with whichever it meets. A key is random,
 * seals for one period, opens for one more, and is wiped.
 */
#ifndef HERMETIC_SERVER_EDGE_TICKETS_H
#define HERMETIC_SERVER_EDGE_TICKETS_H

#include <openssl/ssl.h>
#include <stdbool.h>

/* In the parent, before the workers. */
bool tickets_open(unsigned long period_ms);

void tickets_use(SSL_CTX *ctx);

#endif
