/*
 * What accounts' logs cost (check/account.h): links verified a second, beside
 * the rate of their signatures alone; a place that has not changed; and what a node
 * does to have a log for a judgement (check/kept_logs.h).
 *
 *   bench-account [DEVICES [LINKS [ACCOUNTS]]]
 *
 * An account gets DEVICES (20) devices; after that devices come and go by turns,
 * with an empty `keys` link in between, until there are LINKS (1,000). ACCOUNTS
 * (200) with DEVICES devices each is what a first join costs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "check/accounts.h"
#include "check/kept_logs.h"
#include "mls/label.h"
#include "session/account_sign.h"

enum { DEVICES_MAX = ACCOUNT_DEVICES_MAX };

struct account {
	struct account_log *log;
	struct buf links;
	struct account_keys keys[DEVICES_MAX + 1];
	uint64_t number[DEVICES_MAX + 1];
	unsigned ed25519, ed448; /* signatures in the links */
	unsigned links_made;
};

static void must(enum err e, const char *what)
{
	if (e == ERR_OK)
		return;
	(void)fprintf(stderr, "%s: %s\n", what, err_text(e));
	exit(1);
}

static void accept(struct check_verdict verdict)
{
	if (verdict.wrong == NULL)
		return;
	(void)fprintf(stderr, "a link: %s\n", verdict.wrong);
	exit(1);
}

/* Of this process: others on the machine do not count. */
static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- a log ---- */

static void take(struct account *a, struct buf *link)
{
	accept(account_log_add(a->log, buf_span(link)));
	buf_put_vec(&a->links, buf_span(link));
	buf_clear(link);
	a->ed25519++;
	a->links_made++;
}

static void new_keys(struct account_keys *keys)
{
	static const uint16_t ids[] = { SUITE_X448_AES256GCM_SHA512_ED448,
					SUITE_X25519_AES128GCM_SHA256_ED25519 };

	account_keys_clear(keys);
	must(account_keys_make(rng_system(), keys), "keys");
	for (size_t i = 0; i < 2; i++) {
		const struct suite *suite = suite_by_id(ids[i]);
		struct sec private_key = { .n = 0 };
		struct buf public_key = BUF_INIT;

		must(sign_generate(suite, rng_system(), &private_key,
				   &public_key),
		     "a key");
		must(account_keys_add(keys, suite, sec_span(&private_key),
				      buf_span(&public_key)),
		     "a key");
		sec_clear(&private_key);
		buf_clear(&public_key);
	}
}

static struct account_signer first(const struct account *a)
{
	return (
	    struct account_signer){ 1, sec_span(&a->keys[0].link.private_key) };
}

static void begin(struct account *a)
{
	static const uint8_t name[ACCOUNT_HASH];
	struct buf link = BUF_INIT;

	*a = (struct account){ .log = NULL };
	must(account_log_new(&a->log), "a log");
	new_keys(&a->keys[0]);
	must(account_sign_begin(SPAN_ARRAY(name), &a->keys[0], NULL, &link),
	     "begin");
	take(a, &link);
	a->ed25519 += 2;
	a->ed448++;
}

static void add(struct account *a, unsigned i)
{
	struct account_signer by = first(a);
	struct buf entry = BUF_INIT, link = BUF_INIT;

	new_keys(&a->keys[i]);
	must(account_sign_device(account_log_fingerprint(a->log), &a->keys[i],
				 &entry),
	     "a device");
	must(account_sign_add(a->log, &by, buf_span(&entry), SPAN_EMPTY, &link),
	     "add");
	take(a, &link);
	a->number[i] = a->links_made;
	a->ed25519 += 2;
	a->ed448++;
	buf_clear(&entry);
}

static void drop(struct account *a, unsigned i)
{
	struct account_signer by = first(a);
	struct buf link = BUF_INIT;

	must(account_sign_remove(a->log, &by, &a->number[i], 1, SPAN_EMPTY,
				 &link),
	     "remove");
	take(a, &link);
}

static void withdraw(struct account *a)
{
	struct account_signer by = first(a);
	uint8_t lost[ACCOUNT_HASH];
	struct buf link = BUF_INIT;

	must(rng_fill(rng_system(), lost, sizeof(lost)), "a hash");
	must(account_sign_keys(a->log, &by, NULL, 0, SPAN_ARRAY(lost), &link),
	     "keys");
	take(a, &link);
}

static void grow(struct account *a, unsigned devices, unsigned links)
{
	for (unsigned i = 1; i < devices; i++)
		add(a, i);
	for (unsigned i = a->links_made; i < links; i++) {
		unsigned which = 1 + i / 3 % (devices - 1);

		if (i % 3 == 0)
			drop(a, which);
		else if (i % 3 == 1 && a->number[which] != 0)
			add(a, devices); /* in the place of the last one */
		else
			withdraw(a);
		if (i % 3 == 1) {
			struct account_keys keys = a->keys[which];

			a->keys[which] = a->keys[devices];
			a->keys[devices] = keys;
			a->number[which] = a->number[devices];
		}
	}
}

static void end(struct account *a)
{
	account_log_free(a->log);
	buf_clear(&a->links);
	for (size_t i = 0; i <= DEVICES_MAX; i++)
		account_keys_clear(&a->keys[i]);
}

/* ---- what it costs ---- */

/* Seconds for so many signatures of a suite, with keys that were never seen
 * before, as in a log. */
static double floor_of(uint16_t id, unsigned count)
{
	const struct suite *suite = suite_by_id(id);
	struct sec private_key = { .n = 0 };
	struct buf public_key = BUF_INIT, signature = BUF_INIT;
	struct sign_key *key;
	uint8_t message[256] = { 1 };
	double start;

	must(sign_generate(suite, rng_system(), &private_key, &public_key),
	     "a key");
	must(sign_private_parse(suite, sec_span(&private_key), &key), "a key");
	must(sign_sign(key, SPAN_ARRAY(message), &signature), "a signature");
	sign_key_free(key);
	start = now();
	for (unsigned i = 0; i < count; i++) {
		must(sign_public_parse(suite, buf_span(&public_key), &key),
		     "a key");
		must(
		    sign_verify(key, SPAN_ARRAY(message), buf_span(&signature)),
		    "a signature");
		sign_key_free(key);
	}
	start = now() - start;
	sec_clear(&private_key);
	buf_clear(&public_key);
	buf_clear(&signature);
	return start;
}

static double verify(const struct account *a)
{
	struct account_log *log;
	double start = now();

	must(account_log_new(&log), "a log");
	accept(account_log_add_all(log, buf_span(&a->links)));
	account_log_free(log);
	return now() - start;
}

static void report(const char *what, const struct account *a, unsigned times)
{
	unsigned links = a->links_made * times;
	double took = 0, least;

	for (unsigned i = 0; i < times; i++)
		took += verify(a);
	least = floor_of(SUITE_X25519_AES128GCM_SHA256_ED25519,
			 a->ed25519 * times) +
		floor_of(SUITE_X448_AES256GCM_SHA512_ED448, a->ed448 * times);
	(void)printf("%s: %u links, %zu KB\n"
		     "  verified             %8.1f ms, %.0f links/s\n"
		     "  its signatures alone %8.1f ms, %u of Ed25519, %u of "
		     "Ed448: %.0f %%\n",
		     what, links, a->links.n * times / 1024, took * 1e3,
		     links / took, least * 1e3, a->ed25519 * times,
		     a->ed448 * times, 100 * least / took);
}

static void report_unchanged(const struct account *a, unsigned accounts)
{
	struct account_place place;
	unsigned rounds = 10000, good = 0;
	double start;

	account_log_place(a->log, &place);
	start = now();
	for (unsigned i = 0; i < rounds * accounts; i++)
		good += account_log_has(a->log, &place);
	start = now() - start;
	if (good != rounds * accounts)
		must(ERR_LOCAL_BUG, "a place");
	(void)printf("nothing changed: %u places %.1f us\n", accounts,
		     start * 1e6 / rounds);
}

/* ---- what a node's judgement costs ---- */

struct read_log {
	struct span links; /* as a database has them */
	const struct account_log *loaded;
};

static enum err give_logs(void *context, struct span fingerprint,
			  struct buf *logs)
{
	const struct read_log *read = context;

	(void)fingerprint;
	buf_put_vec(logs, read->links);
	return logs->fail;
}

static enum err give_loaded(void *context, struct span fingerprint,
			    const struct account_log **loaded)
{
	const struct read_log *read = context;

	(void)fingerprint;
	*loaded = read->loaded;
	return ERR_OK;
}

static void judge(const struct account *a, struct read_log *read)
{
	const struct check_source source = { give_logs, give_loaded, read };
	struct check_accounts *accounts;
	const struct account_log *log;
	struct span links;

	must(check_accounts_new(&source, &accounts), "accounts");
	must(check_accounts_find(accounts, account_log_fingerprint(a->log),
				 &log, &links),
	     "a log");
	if (links.n != read->links.n)
		must(ERR_LOCAL_BUG, "a log");
	check_accounts_free(accounts);
}

/* The links from number `from` on come as rows. */
static void judge_kept(const struct account *a, struct kept_logs *kept,
		       uint64_t from)
{
	struct rd r =
	    rd_init(account_links_behind(buf_span(&a->links), from - 1));
	const struct account_place nowhere = { .number = 0 };
	struct kept_reading reading;
	struct kept_log *log;
	struct read_log read;

	kept_reading_begin(&reading, kept, account_log_fingerprint(a->log),
			   &nowhere, false);
	for (int64_t n = (int64_t)from; rd_left(&r) > 0; n++)
		must(kept_reading_row(&reading, 0, n, rd_vec(&r)), "a row");
	must(kept_reading_close(&reading, kept), "rows");
	kept_reading_verify(&reading);
	must(kept_reading_end(&reading, kept, &log), "a log");
	read = (struct read_log){ buf_span(&log->links), log->log };
	judge(a, &read);
	kept_log_release(log);
}

static void report_judgement(const struct account *a)
{
	const unsigned rounds = 200;
	struct read_log read = { buf_span(&a->links), NULL };
	struct kept_logs *kept, *none;
	double loaded, first, again, later;

	loaded = now();
	for (unsigned i = 0; i < rounds; i++)
		judge(a, &read);
	loaded = now() - loaded;
	must(kept_logs_new(64 * 1024 * 1024, &kept), "room");
	first = now();
	judge_kept(a, kept, 1);
	first = now() - first;
	again = now();
	for (unsigned i = 0; i < rounds; i++)
		judge_kept(a, kept, a->links_made);
	again = now() - again;
	kept_logs_free(kept);
	must(kept_logs_new(0, &none), "no room");
	judge_kept(a, none, 1);
	later = now();
	for (unsigned i = 0; i < rounds; i++)
		judge_kept(a, none, 1);
	later = now() - later;
	kept_logs_free(none);
	(void)printf("judged by a log of %u links, %zu KB of rows\n"
		     "  loaded, signatures believed %8.3f ms\n"
		     "  read first, verified        %8.3f ms\n"
		     "  kept, 1 row is read         %8.3f ms\n"
		     "  known to be verified        %8.3f ms\n",
		     a->links_made, a->links.n / 1024, loaded * 1e3 / rounds,
		     first * 1e3, again * 1e3 / rounds, later * 1e3 / rounds);
}

static unsigned number(int argc, char **argv, int i, unsigned otherwise)
{
	return argc > i ? (unsigned)strtoul(argv[i], NULL, 0) : otherwise;
}

int main(int argc, char **argv)
{
	unsigned devices = number(argc, argv, 1, 20);
	unsigned links = number(argc, argv, 2, 1000);
	unsigned accounts = number(argc, argv, 3, 200);
	static struct account a;
	char what[64];
	double ed25519;

	if (devices < 2 || devices >= DEVICES_MAX || links < devices ||
	    links > ACCOUNT_LINKS_MAX || accounts == 0) {
		(void)fprintf(stderr,
			      "bench-account [DEVICES [LINKS [ACCOUNTS]]]\n");
		return 2;
	}
	ed25519 = floor_of(SUITE_X25519_AES128GCM_SHA256_ED25519, 5000);
	(void)printf("Ed25519: %.0f signatures/s\n", 5000 / ed25519);
	begin(&a);
	grow(&a, devices, devices);
	(void)snprintf(what, sizeof(what), "%u accounts of %u devices",
		       accounts, devices);
	report(what, &a, accounts);
	report_judgement(&a);
	end(&a);
	begin(&a);
	grow(&a, devices, links);
	report("a long log", &a, 1);
	report_judgement(&a);
	report_unchanged(&a, accounts);
	end(&a);
	return 0;
}
