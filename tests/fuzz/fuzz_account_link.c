/* A link of an account's log: what decodes encodes to the same bytes. */
#include "fuzz.h"
#include "wire/account_link.h"

static void look_through(const struct account_link *link)
{
	struct span rest = link->device.keys, element;
	uint64_t device;
	uint16_t scheme;

	while (account_link_next_key(&rest, &scheme, &element))
		;
	rest = link->device.signatures;
	while (account_link_next_signature(&rest, &element))
		;
	rest = link->withdrawn;
	while (account_link_next_hash(&rest, &element))
		;
	rest = link->removed;
	while (account_link_next_device(&rest, &device))
		;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = span_of(data, size);
	struct account_link link;
	struct buf again = BUF_INIT;

	if (account_link_decode(bytes, &link) != ERR_OK)
		return 0;
	look_through(&link);
	account_link_put(&again, &link);
	if (buf_end(&again) != ERR_OK || !span_equal(buf_span(&again), bytes) ||
	    !span_equal(link.unsigned_part,
			span_of(data, link.unsigned_part.n)))
		__builtin_trap();
	buf_clear(&again);
	return 0;
}
