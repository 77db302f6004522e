/* Requests and answers on a connection: one after the other, in their order. It is
 * what a connection begins with (conn.h). */
#ifndef HERMETIC_SERVER_EDGE_EXCHANGE_H
#define HERMETIC_SERVER_EDGE_EXCHANGE_H

/* In a worker, once, before the first connection. */
void exchange_start(void);

#endif
