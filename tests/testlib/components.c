#include "tests/testlib/components.h"

static const uint16_t extension_types[] = { MLS_APP_DATA_DICTIONARY };
static const uint16_t proposal_types[] = { MLS_APP_DATA_UPDATE };

static enum err update_data(void *context, uint16_t component,
			    const struct span *now, const struct span *updates,
			    size_t count, struct buf *data)
{
	bool known = component == TOPIC || component == ICON ||
		     component == MLS_APP_COMPONENTS ||
		     component == MLS_SAFE_AAD;
	(void)context;

	if (!known)
		return ERR_PEER_UNSUPPORTED;
	if (count == 0)
		return now != NULL ? ERR_OK : ERR_LOCAL_BUG;
	if (component == TOPIC && now != NULL)
		buf_put(data, *now);
	for (size_t i = component == TOPIC ? 0 : count - 1; i < count; i++) {
		if (span_equal(updates[i], SPAN_LIT("no")))
			return ERR_PEER_DENIED;
		buf_put(data, updates[i]);
	}
	return ERR_OK;
}

const struct mls_authentication components_hooks = { .update_data =
							 update_data };

struct span components_leaf(void)
{
	static const uint8_t bytes[] = {
		0, 6, 15, 14,			/* extension */
		0, 1, 5,  4,  0x80, 1, 0x80, 2, /* app_components */
		0, 2, 3,  2,  0x80, 1,		/* safe_aad */
	};

	return SPAN_ARRAY(bytes);
}

void components_known(struct member *m)
{
	m->me.extension_types = extension_types;
	m->me.extension_type_count = 1;
	m->me.proposal_types = proposal_types;
	m->me.proposal_type_count = 1;
	m->me.leaf_extensions = components_leaf();
	m->me.authentication = &components_hooks;
}

struct mls_change components_change(const struct mls_app_data *list,
				    size_t count)
{
	return (struct mls_change){ .app_data = list, .app_data_count = count };
}
