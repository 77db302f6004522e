#include "server/edge/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/log.h"
#include "server/edge/loop.h"
#include "server/edge/tickets.h"

enum { LOOK_MS = 1000, TICKET_PERIOD_MS = 3600 * 1000 };

struct tls {
	SSL *ssl;
	bool broken; /* after a fatal error nothing more may be said */
};

/* What tells one version of a file from the next. */
struct version {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

static const char *certificate_file, *key_file;
static struct version seen[2];
static SSL_CTX *context;
static unsigned worker; /* its number, for the log */

/* RFC 7301, 3.2: a client that speaks only something else is told so. */
static int choose_protocol(SSL *ssl, const unsigned char **out,
			   unsigned char *n, const unsigned char *offered,
			   unsigned offered_bytes, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, n, ours, sizeof(ours) - 1, offered,
				  offered_bytes) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* A server has nobody to ask for a passphrase. */
static int no_passphrase(char *to, int size, int writing, void *arg)
{
	(void)to;
	(void)size;
	(void)writing;
	(void)arg;
	return 0;
}

static bool set_options(SSL_CTX *ctx)
{
	char groups[] = "X25519:P-256:P-384"; /* the macro wants no const */

	(void)SSL_CTX_set_options(
	    ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
		     SSL_OP_CIPHER_SERVER_PREFERENCE |
		     SSL_OP_PRIORITIZE_CHACHA |
		     /* the length of all that we read is in what we read */
		     SSL_OP_IGNORE_UNEXPECTED_EOF);
	(void)SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
					SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					SSL_MODE_RELEASE_BUFFERS);
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
	tickets_use(ctx);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") ==
		   1 &&
	       SSL_CTX_set1_groups_list(ctx, groups) == 1 &&
	       SSL_CTX_set_session_id_context(
		   ctx, (const unsigned char *)"hermetic", 8) == 1;
}

static enum tls_fault load(SSL_CTX **out)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	enum tls_fault fault = TLS_OK;

	if (ctx == NULL || !set_options(ctx) ||
	    SSL_CTX_use_certificate_chain_file(ctx, certificate_file) != 1)
		fault = TLS_FAULT_CERTIFICATE;
	else if (SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) !=
		 1)
		fault = ERR_GET_LIB(ERR_peek_last_error()) == ERR_LIB_X509
			    ? TLS_FAULT_PAIR
			    : TLS_FAULT_KEY;
	else if (SSL_CTX_check_private_key(ctx) != 1)
		fault = TLS_FAULT_PAIR;
	ERR_clear_error();
	if (fault == TLS_OK)
		*out = ctx;
	else
		SSL_CTX_free(ctx);
	return fault;
}

static struct version version_of(const char *file)
{
	struct stat s;

	if (stat(file, &s) != 0)
		return (struct version){ 0 };
	return (struct version){ s.st_dev, s.st_ino, s.st_size, s.st_mtim };
}

static bool same(const struct version *a, const struct version *b)
{
	return a->device == b->device && a->inode == b->inode &&
	       a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Have the files changed since the last look? */
static bool look(void)
{
	const struct version now[2] = { version_of(certificate_file),
					version_of(key_file) };
	bool changed = !same(&now[0], &seen[0]) || !same(&now[1], &seen[1]);

	seen[0] = now[0];
	seen[1] = now[1];
	return changed;
}

/* Connections that are open keep the context they began with. While only one
 * of the two files is new they are no pair, and the old pair goes on. */
static void on_look(void *arg)
{
	SSL_CTX *fresh = NULL;
	enum tls_fault fault;

	(void)arg;
	if (!look())
		return;
	fault = load(&fresh);
	if (fault != TLS_OK) {
		LOG(WARN, "certificate not taken, the old one stays",
		    LOG_STR("fault", fault == TLS_FAULT_CERTIFICATE
					 ? "certificate"
				     : fault == TLS_FAULT_KEY ? "key"
							      : "pair"));
		return;
	}
	SSL_CTX_free(context);
	context = fresh;
	LOG(INFO, "certificate taken", LOG_NUM("worker", worker));
}

enum tls_fault tls_configure(const char *certificate, const char *key)
{
	certificate_file = certificate;
	key_file = key;
	if (!tickets_open(TICKET_PERIOD_MS))
		return TLS_FAULT_CERTIFICATE;
	(void)look();
	return load(&context);
}

void tls_start(unsigned number)
{
	worker = number;
	if (tls_is_on())
		loop_every(LOOK_MS, on_look, NULL);
}

bool tls_is_on(void)
{
	return context != NULL;
}

struct tls *tls_new(int fd)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (tls == NULL)
		return NULL;
	tls->ssl = SSL_new(context);
	if (tls->ssl == NULL || SSL_set_fd(tls->ssl, fd) != 1) {
		tls_free(tls);
		return NULL;
	}
	SSL_set_accept_state(tls->ssl);
	return tls;
}

void tls_free(struct tls *tls)
{
	if (tls == NULL)
		return;
	SSL_free(tls->ssl);
	free(tls);
}

bool tls_is_established(const struct tls *tls)
{
	return SSL_is_init_finished(tls->ssl) == 1;
}

static ssize_t result(struct tls *tls, int n)
{
	if (n > 0)
		return n;
	switch (SSL_get_error(tls->ssl, n)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		tls->broken = true;
		ERR_clear_error();
		errno = EPROTO;
		return -1;
	}
}

ssize_t tls_read(struct tls *tls, void *to, size_t n)
{
	ERR_clear_error();
	return result(tls, SSL_read(tls->ssl, to, (int)n));
}

ssize_t tls_write(struct tls *tls, const void *from, size_t n)
{
	ERR_clear_error();
	return result(tls, SSL_write(tls->ssl, from, (int)n));
}

void tls_end(struct tls *tls)
{
	if (tls->broken || !tls_is_established(tls))
		return;
	ERR_clear_error();
	(void)SSL_shutdown(tls->ssl);
	ERR_clear_error();
}
