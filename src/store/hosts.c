#include "store/hosts.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

enum {
	NAMES_MAX = 8,	   /* in a process, of all its connection strings */
	ADDRESSES_MAX = 4, /* of a name */
	LIST_MAX = 16,
	AGAIN_MS = 1000,   /* no sooner a name is looked up again */
	PATIENCE_MS = 300, /* for one name when another is known */
	NAME_SIZE = 256
};

/* A lookup that glibc's thread works on must stay where it is. */
struct name {
	char text[NAME_SIZE];
	struct gaicb lookup;
	bool pending;
	uint64_t since; /* ms: when it began */
	char addresses[ADDRESSES_MAX][INET6_ADDRSTRLEN];
	size_t count;
};

static struct name names[NAMES_MAX];
static const struct addrinfo HINTS = { .ai_family = AF_UNSPEC,
				       .ai_socktype = SOCK_STREAM };

/* ---- lookups ---- */

static void take_addresses(struct name *name, const struct addrinfo *list)
{
	name->count = 0;
	for (; list != NULL && name->count < ADDRESSES_MAX;
	     list = list->ai_next)
		if (getnameinfo(list->ai_addr, list->ai_addrlen,
				name->addresses[name->count], INET6_ADDRSTRLEN,
				NULL, 0, NI_NUMERICHOST) == 0)
			name->count++;
}

/* What was known of a name stays until something newer is known. */
static void harvest(struct name *name)
{
	int state = gai_error(&name->lookup);

	if (state == EAI_INPROGRESS)
		return;
	name->pending = false;
	if (state == 0)
		take_addresses(name, name->lookup.ar_result);
	else
		LOG(WARN, "database host not found",
		    LOG_STR("host", name->text),
		    LOG_STR("reason", gai_strerror(state)));
	if (name->lookup.ar_result != NULL)
		freeaddrinfo(name->lookup.ar_result);
	name->lookup.ar_result = NULL;
}

static void look_up(struct name *name)
{
	struct gaicb *list[1] = { &name->lookup };

	name->lookup =
	    (struct gaicb){ .ar_name = name->text, .ar_request = &HINTS };
	name->since = clock_steady_ms();
	name->pending = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL) == 0;
}

/* NULL: there are too many names, or it is too long. */
static struct name *name_of(struct span text)
{
	struct name *name = names;

	while (name < names + NAMES_MAX && name->text[0] != '\0' &&
	       !span_equal(text, span_str(name->text)))
		name++;
	if (name == names + NAMES_MAX || text.n >= NAME_SIZE)
		return NULL;
	if (name->text[0] == '\0')
		memcpy(name->text, text.p, text.n);
	if (name->pending)
		harvest(name);
	if (!name->pending &&
	    (name->since == 0 || name->since + AGAIN_MS < clock_steady_ms()))
		look_up(name);
	return name;
}

/* ---- lists ---- */

struct list {
	struct span item[LIST_MAX];
	size_t count;
};

static void split(struct list *list, const char *text)
{
	list->count = 0;
	while (text != NULL && list->count < LIST_MAX) {
		size_t n = strcspn(text, ",");

		list->item[list->count++] = span_of(text, n);
		text = text[n] == ',' ? text + n + 1 : NULL;
	}
}

/* A directory of sockets, an address, or nothing. */
static bool is_literal(struct span host)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t address[16];

	if (host.n == 0 || host.p[0] == '/' || host.p[0] == '@')
		return true;
	if (host.n >= sizeof(text))
		return false;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	return inet_pton(AF_INET, text, address) == 1 ||
	       inet_pton(AF_INET6, text, address) == 1;
}

static void put(struct hosts *out, struct span host, struct span address,
		struct span port)
{
	if (out->count++ > 0) {
		buf_put_u8(&out->host, ',');
		buf_put_u8(&out->hostaddr, ',');
		buf_put_u8(&out->port, ',');
	}
	buf_put(&out->host, host);
	buf_put(&out->hostaddr, address);
	buf_put(&out->port, port);
}

/* Never empty: a value that is empty alone would not replace the string's,
 * which may have more ports than hosts are left. */
static struct span port_of(const struct list *ports, size_t i)
{
	struct span port = SPAN_EMPTY;

	if (ports->count > 0)
		port = ports->item[ports->count == 1 ? 0 : i % ports->count];
	return port.n > 0 ? port : span_str("5432");
}

/* True: it is, or may be, worth waiting for. */
static bool put_host(struct hosts *out, struct span host, struct span port)
{
	struct name *name;

	if (is_literal(host)) {
		put(out, host, SPAN_EMPTY, port);
		return false;
	}
	name = name_of(host);
	if (name == NULL) {
		put(out, host, SPAN_EMPTY, port); /* libpq's matter */
		return false;
	}
	for (size_t i = 0; i < name->count; i++)
		put(out, host, span_str(name->addresses[i]), port);
	return name->count == 0 && name->pending &&
	       name->since + PATIENCE_MS > clock_steady_ms();
}

static enum err end(struct hosts *out)
{
	enum err e;

	buf_put_u8(&out->host, 0);
	buf_put_u8(&out->hostaddr, 0);
	buf_put_u8(&out->port, 0);
	TRY(buf_end(&out->host));
	TRY(buf_end(&out->hostaddr));
	TRY(buf_end(&out->port));
out:
	return e;
}

static const char *value_of(const PQconninfoOption *options, const char *key)
{
	for (; options->keyword != NULL; options++)
		if (strcmp(options->keyword, key) == 0)
			return options->val;
	return NULL;
}

enum err hosts_find(const char *conninfo, unsigned turn, struct hosts *out,
		    bool *found)
{
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
	struct list hosts, ports;
	bool wait = false;
	enum err e;

	*found = true;
	ENSURE(options != NULL, ERR_LOCAL_CONFIG);
	split(&hosts, value_of(options, "host"));
	split(&ports, value_of(options, "port"));
	if (value_of(options, "hostaddr") != NULL)
		hosts.count = 0; /* who says addresses has no names */
	for (size_t i = 0; i < hosts.count; i++) {
		size_t at = (turn + i) % hosts.count;

		wait |= put_host(out, hosts.item[at], port_of(&ports, at));
	}
	*found = hosts.count == 0 || (out->count > 0 && !wait);
	TRY(end(out));
out:
	PQconninfoFree(options);
	return e;
}

void hosts_clear(struct hosts *hosts)
{
	buf_clear(&hosts->host);
	buf_clear(&hosts->hostaddr);
	buf_clear(&hosts->port);
}
