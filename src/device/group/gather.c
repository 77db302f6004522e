#include "device/group/gather.h"

#define PAGE_LIMIT 5000

void gather_ask(struct request *request, uint64_t seq)
{
	request->kind = REQUEST_HANDSHAKES;
	request->after = seq;
	request->limit = PAGE_LIMIT;
}

enum err gather_take(const struct gather *gather, struct device *d,
		     const struct answer *answer, uint64_t *seq, bool *done)
{
	uint64_t before = *seq;
	enum err e = ERR_OK;

	for (size_t i = 0; i < answer->entry_count; i++) {
		const struct answer_entry *entry = &answer->entries[i];

		ENSURE(entry->seq > *seq, ERR_PEER_MALFORMED);
		*seq = entry->seq;
		if (entry->seq > gather->end)
			continue;
		if (entry->kind == CHAIN_DEPARTURE)
			TRY(gather->add(d, entry->bytes));
		else if (entry->kind == CHAIN_COMMIT)
			gather->spend(d, entry->bytes);
	}
	*done = *seq >= gather->end || !work_page(d, answer, *seq > before);
out:
	return e;
}
