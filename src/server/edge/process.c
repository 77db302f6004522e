#include "server/edge/process.h"

#include <kore/kore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/listen.h"
#include "base/log.h"
#include "base/metrics.h"
#include "server/edge/accept.h"
#include "server/edge/conn.h"
#include "server/edge/exchange.h"
#include "server/edge/exported.h"
#include "server/edge/loop.h"
#include "server/edge/peers.h"
#include "server/edge/router.h"
#include "server/edge/tls.h"

enum { DRAIN_MS = 10000, SPARE_FILES = 256 };

static struct process_settings settings;

EDGE_EXPORTED void kore_worker_configure(void);
EDGE_EXPORTED void kore_worker_teardown(void);

/* With -f Kore logs by printf, which keeps lines back on a pipe and doubles
 * them at a fork. */
__attribute__((constructor)) static void unbuffer(void)
{
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
}

unsigned process_worker(void)
{
	return worker != NULL ? worker->id : 0;
}

static void fail_start(const char *why)
{
	(void)fprintf(stderr, "hermetic: %s\n", why);
	(void)fflush(NULL);
	_exit(1);
}

static void check_port(void)
{
	char text[256];
	int fd = listen_at(settings.host, settings.port, false);

	if (fd < 0) {
		(void)snprintf(text, sizeof(text),
			       "cannot listen on %.100s port %.20s: is the "
			       "address right and the port free?",
			       settings.host, settings.port);
		fail_start(text);
	}
	(void)close(fd);
}

/* A slot for each worker; Kore counts them from 1. */
static void open_metrics(void)
{
	struct metrics_settings m = { .process = METRICS_API,
				      .slots = settings.workers + 1 };

	m.routes = router_paths(&m.route_count);
	if (metrics_open(&m) != ERR_OK)
		fail_start("no memory for what is counted");
}

void process_begin(bool (*configure)(struct process_settings *settings))
{
	kore_quiet = 1; /* our log is JSON */
	if (!configure(&settings))
		_exit(1);
	check_port();
	worker_count = (uint8_t)settings.workers;
	worker_max_connections = settings.connections;
	worker_rlimit_nofiles = settings.connections + SPARE_FILES;
	worker_set_affinity = 0; /* or a task shares the loop's core */
	open_metrics();
	if (settings.workers > 1 && peers_open(settings.workers) != ERR_OK)
		fail_start("no sockets between the workers");
	LOG(INFO, "starting", LOG_STR("host", settings.host),
	    LOG_STR("port", settings.port),
	    LOG_NUM("workers", settings.workers));
}

static void start_listening(void)
{
	struct kore_server *server = LIST_FIRST(&kore_servers);
	struct sockaddr_storage own = { .ss_family = AF_UNSPEC };
	socklen_t n = sizeof(own);
	struct listener *l;

	if (server == NULL)
		fail_start("kore.conf has no server block");
	l = kore_listener_create(server);
	l->host = kore_strdup(settings.host);
	l->port = kore_strdup(settings.port);
	l->fd = listen_at(settings.host, settings.port, true);
	if (l->fd < 0 || getsockname(l->fd, (struct sockaddr *)&own, &n) != 0)
		fail_start("cannot listen in a worker");
	l->family = own.ss_family;
	l->connect = kore_runtime_getcall("edge_connect");
	if (l->connect == NULL)
		fail_start("edge_connect is not exported");
	accept_start(l);
}

void kore_worker_configure(void)
{
	const struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none); /* keys must not reach a disk */
	metrics_take_slot(process_worker());
	exchange_start();
	conn_start_clock();
	tls_start(process_worker());
	if (!settings.start())
		fail_start("a worker cannot start");
	start_listening();
	LOG(INFO, "worker started", LOG_NUM("worker", process_worker()));
}

static void stop_listening(void)
{
	struct kore_server *server = LIST_FIRST(&kore_servers);
	struct listener *l;

	LIST_FOREACH(l, &server->listeners, list)
	if (l->fd >= 0) {
		(void)close(l->fd);
		l->fd = -1;
	}
}

static void turn(void)
{
	kore_platform_event_wait(50);
	kore_timer_run(kore_time_ms());
	kore_connection_prune(KORE_CONNECTION_PRUNE_DISCONNECT);
}

/* SIGTERM: for a while the node only says that it is not ready, so that
 * whoever balances sends nobody any more; then what was asked is answered,
 * within a bounded time. Kore's parent passes no messages on by now. */
void kore_worker_teardown(void)
{
	unsigned long quiet = loop_now_ms() + settings.drain_ms;
	unsigned long until = quiet + DRAIN_MS;

	LOG(INFO, "draining", LOG_NUM("worker", process_worker()),
	    LOG_NUM("connections", conn_count()));
	metrics_set(METRIC_DRAINING, 1);
	conn_drain_begin();
	if (settings.drain != NULL)
		settings.drain();
	while (loop_now_ms() < quiet)
		turn();
	accept_waiting();
	turn(); /* reads what they have asked already */
	stop_listening();
	conn_drain_all();
	while ((conn_count() > 0 || !settings.is_idle()) &&
	       loop_now_ms() < until)
		turn();
	LOG(INFO, "worker ends", LOG_NUM("worker", process_worker()),
	    LOG_NUM("connections", conn_count()));
}
