#include "base/address.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t MAPPED[12] = { [10] = 0xff, [11] = 0xff };
static const uint8_t NAT64[12] = { 0x00, 0x64, 0xff, 0x9b };

bool address_read(struct span text, uint8_t out[16])
{
	char copy[INET6_ADDRSTRLEN];

	memset(out, 0, 16);
	if (text.n == 0 || text.n >= sizeof(copy))
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	if (inet_pton(AF_INET, copy, out + 12) == 1) {
		memcpy(out, MAPPED, sizeof(MAPPED));
		return true;
	}
	if (inet_pton(AF_INET6, copy, out) != 1)
		return false;
	if (memcmp(out, NAT64, sizeof(NAT64)) == 0)
		memcpy(out, MAPPED, sizeof(MAPPED));
	return true;
}

static bool is_four(const uint8_t address[16])
{
	return memcmp(address, MAPPED, sizeof(MAPPED)) == 0;
}

struct span address_network(const uint8_t address[16])
{
	return span_of(address, is_four(address) ? 16 : 8);
}

struct span address_around(const uint8_t address[16])
{
	return is_four(address) ? SPAN_EMPTY : span_of(address, 6);
}
