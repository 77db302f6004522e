/*
 * What the command reads beside the answers of fuzz_reply.c: pages of an account's log,
 * tokens, what is pushed, and where a broker is. No push names a session by anything
 * but an id, no token is anything but a header's word. The first byte chooses.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "reach/drive.h"

/* Nothing is asked of a server: what is to be asked, and about which session, is
 * checked in its place. */
static enum err asks(struct account *a, enum order_kind kind,
		     const char *session);
static enum err orders(struct account *a, const struct order *order,
		       const struct outcome **outcome);
#define drive_session asks
#define drive_order orders

/* Their reading of bytes is their own. */
#include "reach/enrol.c"
#define subscribe subscribe_to_topic
#include "reach/live.c"
#include "reach/live_push.c"
#undef subscribe
#include "reach/mqtt.c"
#include "reach/shown_log.c"
#include "reach/tokens.c"

static enum err asks(struct account *a, enum order_kind kind,
		     const char *session)
{
	if (a == NULL || kind == ORDER_LEAVE ||
	    (session != NULL && !uuid_is_text(span_str(session))))
		abort();
	return ERR_OK;
}

static enum err orders(struct account *a, const struct order *order,
		       const struct outcome **outcome)
{
	if (outcome != NULL)
		*outcome = NULL;
	return asks(a, order->kind, order->session);
}

/* ---- a state that has nothing ---- */

static enum err begin(void *context, bool *changed)
{
	(void)context;
	*changed = false;
	return ERR_OK;
}

static enum err commit(void *context)
{
	(void)context;
	return ERR_OK;
}

static void rollback(void *context)
{
	(void)context;
}

static enum err get(void *context, const char *name, struct buf *value)
{
	(void)context;
	(void)name;
	(void)value;
	return ERR_STATE_GONE;
}

static enum err keep(void *context, const char *name, struct span value)
{
	(void)context;
	(void)name;
	(void)value;
	return ERR_OK;
}

static enum err discard(void *context, const char *name)
{
	(void)context;
	(void)name;
	return ERR_OK;
}

static uint64_t no_time(void *context)
{
	(void)context;
	return 0;
}

static void open_account(struct account *a)
{
	static const struct device_config config = {
		.username = "alice",
		.device_id = "00000000-0000-4000-8000-000000000000",
	};

	a->store = (struct device_store){ begin, commit,  rollback, get,
					  keep,	 discard, NULL };
	a->ports =
	    (struct device_ports){ &a->store, rng_system(), no_time, NULL };
	if (device_open(&config, &a->ports, &a->device) != ERR_OK ||
	    api_open("localhost:1", NULL, &a->api) != ERR_OK)
		abort();
}

static void close_account(struct account *a)
{
	device_close(a->device);
	api_close(a->api);
}

/* ---- pages of a log, a line each ---- */

static void read_pages(char *rest)
{
	struct shown_log shown = { .count = 0 };
	struct account_shown log = { .links = NULL };
	const char *line;
	size_t bytes = 0;
	bool more = true;

	while (more && (line = strsep(&rest, "\n")) != NULL) {
		json_t *page = json_loads(line, 0, NULL);
		enum err e = shown_log_add(&shown, page, &more);

		json_decref(page);
		if (e != ERR_OK)
			break;
	}
	if (shown.count > ACCOUNT_LINKS_MAX ||
	    shown_log_end(&shown, &log) != ERR_OK)
		abort();
	for (size_t i = 0; i < shown.count; i++)
		bytes += log.links[i].n;
	if (bytes > shown.bytes.n)
		abort();
	shown_log_clear(&shown);
}

/* ---- tokens ---- */

static void take_tokens(const char *text)
{
	struct account a = { .renew_token_at = 0 };
	json_t *answer = json_loads(text, 0, NULL);

	open_account(&a);
	if (tokens_save(&a, answer) == ERR_OK &&
	    (!is_token(api_token(a.api)) ||
	     a.renew_token_at > clock_now_ms() + LIFE_MAX_S * 1000))
		abort();
	json_decref(answer);
	close_account(&a);
}

/* ---- what is pushed, a line each ---- */

static void welcome(void *context, const char *id)
{
	(void)context;
	if (!uuid_is_text(span_str(id)))
		abort();
}

static void take_lines(char *rest)
{
	static const struct live_listener listener = { .welcome = welcome };
	struct account a = { .renew_token_at = 0 };
	struct live live = { .a = &a, .listener = &listener };
	struct channel channel = { .ended = false };
	const char *line;
	enum err e;

	open_account(&a);
	if (channel_init(&channel, &MQTT) != ERR_OK)
		abort();
	live.channel = &channel;
	while ((line = strsep(&rest, "\n")) != NULL)
		if (!channel_received(&channel, span_str(line)))
			channel_end(&channel, SPAN_LIT("no JSON object"));
	e = live_take_pushes(&live);
	(void)e; /* no push of a hostile server ends the program */
	channel_clear(&channel);
	close_account(&a);
}

/* ---- where a broker is ---- */

static void find_broker(char *rest)
{
	struct channel_target target = { .api = strsep(&rest, "\n") };
	struct address address = { NULL, 0, false };
	struct why why = { 0 };

	target.mqtt = rest != NULL ? rest : "";
	if (find_address(&target, &why, &address) == ERR_OK &&
	    (address.host == NULL || address.port < 0 || address.port > 65535))
		abort();
	curl_free(address.host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size == 0)
		return 0;
	text = fuzz_text(data + 1, size - 1);
	switch (data[0] % 4) {
	case 0:
		read_pages(text);
		break;
	case 1:
		take_tokens(text);
		break;
	case 2:
		take_lines(text);
		break;
	default:
		find_broker(text);
	}
	free(text);
	return 0;
}
