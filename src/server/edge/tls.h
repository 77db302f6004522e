/*
 * TLS 1.2 and 1.3 on the connections of a node, by OpenSSL. Certificate and key
 * are files; each worker looks at them every second, and new connections get
 * what they hold by then.
 */
#ifndef HERMETIC_SERVER_EDGE_TLS_H
#define HERMETIC_SERVER_EDGE_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct tls;

enum tls_fault { TLS_OK, TLS_FAULT_CERTIFICATE, TLS_FAULT_KEY, TLS_FAULT_PAIR };

/* In the parent, once: PEM files, the certificate with its chain. They stay
 * borrowed. */
enum tls_fault tls_configure(const char *certificate, const char *key);

/* In each worker, which has this number: the files are looked at from now on. */
void tls_start(unsigned worker);

bool tls_is_on(void);

/* The server's side of a connection, whose handshake comes with the first
 * reads. NULL: no memory. */
struct tls *tls_new(int fd);
void tls_free(struct tls *tls);
bool tls_is_established(const struct tls *tls);

/* As recv() and send() on a socket that does not block: -1 and errno, EAGAIN
 * for both directions; any other error ends the connection. */
ssize_t tls_read(struct tls *tls, void *to, size_t n);
ssize_t tls_write(struct tls *tls, const void *from, size_t n);

/* Tells the client that nothing more comes: close_notify. */
void tls_end(struct tls *tls);

#endif
