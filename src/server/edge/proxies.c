#include "server/edge/proxies.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "base/text.h"

enum { NETWORKS_MAX = 16 };

/* IPv4 as ::ffff:a.b.c.d, so that there is one kind. */
struct network {
	uint8_t address[16];
	unsigned bits;
};

static struct network networks[NETWORKS_MAX];
static size_t network_count;

static struct span trim(struct span text)
{
	while (text.n > 0 && (text.p[0] == ' ' || text.p[0] == '\t'))
		text = span_of(text.p + 1, text.n - 1);
	while (text.n > 0 &&
	       (text.p[text.n - 1] == ' ' || text.p[text.n - 1] == '\t'))
		text.n--;
	return text;
}

static bool read_network(struct span text, struct network *out)
{
	const uint8_t *slash = text.n > 0 ? memchr(text.p, '/', text.n) : NULL;
	size_t n = slash != NULL ? (size_t)(slash - text.p) : text.n;
	bool four = n > 0 && memchr(text.p, ':', n) == NULL;
	uint64_t bits = four ? 32 : 128;

	if (!address_read(span_of(text.p, n), out->address))
		return false;
	if (slash != NULL &&
	    text_parse_u64(&bits, span_of(slash + 1, text.n - n - 1), bits) !=
		ERR_OK)
		return false;
	out->bits = (unsigned)bits + (four ? 96 : 0);
	return true;
}

const char *proxies_set(const char *text)
{
	network_count = 0;
	while (*text != '\0') {
		size_t n = strcspn(text, ",");

		if (network_count == NETWORKS_MAX ||
		    !read_network(trim(span_of(text, n)),
				  &networks[network_count]))
			return "must be a list of addresses and networks, "
			       "10.0.0.0/8";
		network_count++;
		text += n + (text[n] == ',');
	}
	return NULL;
}

static bool is_in(const struct network *network, const uint8_t address[16])
{
	unsigned bytes = network->bits / 8, rest = network->bits % 8;

	return memcmp(network->address, address, bytes) == 0 &&
	       (rest == 0 ||
		(network->address[bytes] ^ address[bytes]) >> (8 - rest) == 0);
}

static bool is_trusted(struct span text)
{
	uint8_t address[16];

	if (!address_read(text, address))
		return false;
	for (size_t i = 0; i < network_count; i++)
		if (is_in(&networks[i], address))
			return true;
	return false;
}

/* Takes the last element off the list. */
static struct span last_of(struct span *list)
{
	size_t n = list->n;
	struct span last;

	while (n > 0 && list->p[n - 1] != ',')
		n--;
	last = trim(span_of(list->p + n, list->n - n));
	list->n = n > 0 ? n - 1 : 0;
	return last;
}

void proxies_client(const char *peer, struct span forwarded_for,
		    char out[INET6_ADDRSTRLEN])
{
	struct span who = span_str(peer);
	uint8_t unused[16];

	while (forwarded_for.n > 0 && is_trusted(who)) {
		struct span next = last_of(&forwarded_for);

		if (!address_read(next, unused))
			break; /* no address: the proxy itself, then */
		who = next;
	}
	(void)snprintf(out, INET6_ADDRSTRLEN, "%.*s", (int)who.n,
		       (const char *)who.p);
}
