/*
 * hermetic-rotation: what must happen to sessions in time. It makes keys due
 * for rotation and asks a member to renew them, rotates the keys that sign
 * tokens, and takes away what has expired.
 *
 *   hermetic-rotation           for ever, every HERMETIC_ROTATION_INTERVAL_SECONDS
 *   hermetic-rotation --once    everything that is due now
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "crypto/hash.h"
#include "crypto/library.h"
#include "rotation/actions.h"
#include "rotation/config.h"
#include "store/poll_loop.h"
#include "store/scrape.h"

enum { ONCE_MS = 60000, QUEUE_MAX = 256, WAIT_MS = 60000 };

static volatile sig_atomic_t stopping;

static void on_signal(int number)
{
	(void)number;
	stopping = 1;
}

/* A run that is cut off anywhere is completed by the next. */
static int run_once(struct poll_loop *loop, struct connection *connection)
{
	uint64_t end = clock_steady_ms() + ONCE_MS;
	bool ran = false;

	while (clock_steady_ms() < end && !stopping) {
		poll_loop_run(loop, 100);
		if (!ran && connection_is_ready(connection)) {
			actions_run();
			ran = true;
		}
		if (ran && actions_are_idle())
			return 0;
	}
	(void)fputs("hermetic-rotation: the database did not answer in time\n",
		    stderr);
	return 1;
}

/* Beside `--once` one may be running that has the port. */
static bool run_scrape(struct poll_loop *loop)
{
	return scrape_start(poll_loop_store(loop), config()->metrics_host,
			    config()->metrics_port) == ERR_OK;
}

static void run(struct poll_loop *loop, const struct connection *connection)
{
	uint64_t next = clock_steady_ms();

	LOG(INFO, "rotation started",
	    LOG_NUM("interval_seconds", config()->interval));
	while (!stopping) {
		poll_loop_run(loop, 100);
		if (clock_steady_ms() < next ||
		    !connection_is_ready(connection))
			continue;
		actions_run();
		next = clock_steady_ms() + config()->interval * 1000;
	}
	for (unsigned i = 0; i < 50 && !actions_are_idle(); i++)
		poll_loop_run(loop, 100);
}

static enum err hash_of(struct span bytes, struct digest *out)
{
	return hash_one(bytes, out->bytes);
}

static enum err start(struct poll_loop *loop, struct connection **connection)
{
	const struct connection_settings settings = {
		.conninfo = config()->database_url,
		.name = "hermetic rotation",
		.durable = true,
		.queue_max = QUEUE_MAX,
		.wait_ms = WAIT_MS
	};
	struct objects *objects = NULL;
	struct notifier *notifier;
	enum err e;

	TRY(library_start());
	TRY(metrics_open(&(const struct metrics_settings){
	    .process = METRICS_ROTATION, .slots = 1 }));
	metrics_take_slot(0);
	TRY(connection_open(poll_loop_store(loop), &settings, connection));
	TRY(notifier_open(poll_loop_store(loop), config()->database_url, false,
			  &notifier));
	if (config()->has_objects)
		TRY(objects_open(poll_loop_store(loop), &config()->objects,
				 hash_of, &objects));
	actions_init(*connection, notifier, objects);
out:
	return e;
}

int main(int argc, char **argv)
{
	bool once = argc == 2 && strcmp(argv[1], "--once") == 0;
	const struct sigaction stop = { .sa_handler = on_signal };
	struct connection *connection;
	struct poll_loop *loop;

	if (argc > 1 && !once) {
		(void)fputs("usage: hermetic-rotation [--once]\n", stderr);
		return 2;
	}
	if (!config_load())
		return 1;
	(void)sigaction(SIGTERM, &stop, NULL);
	(void)sigaction(SIGINT, &stop, NULL);
	(void)signal(SIGPIPE, SIG_IGN); /* a connection that ends is an error */
	if (poll_loop_new(&loop) != ERR_OK ||
	    start(loop, &connection) != ERR_OK) {
		(void)fputs("hermetic-rotation: cannot start\n", stderr);
		return 1;
	}
	if (once)
		return run_once(loop, connection);
	if (!run_scrape(loop))
		return 1;
	run(loop, connection);
	return 0;
}
