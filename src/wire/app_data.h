/* Data of an application's components: AppDataDictionary and AppDataUpdate of
 * draft-ietf-mls-extensions-10, sections 4.6 and 4.7, and ComponentsList of section 5. */
#ifndef HERMETIC_WIRE_APP_DATA_H
#define HERMETIC_WIRE_APP_DATA_H

#include "wire/types.h"

enum wire_component_id { /* section 7.5 */
			 WIRE_COMPONENT_APP_COMPONENTS = 1,
			 WIRE_COMPONENT_SAFE_AAD = 2
};

struct wire_component {
	uint16_t id;
	struct span data;
};

/* The components of a dictionary, in the order of their ids, each id once; otherwise
 * ERR_PEER_MALFORMED and none. */
MUST_CHECK enum err wire_dictionary_decode(struct span data,
					   struct span *components);
bool wire_components_next(struct span *rest, struct wire_component *component);
bool wire_components_find(struct span components, uint16_t id,
			  struct span *data);
void wire_component_put(struct buf *b, const struct wire_component *component);

/* uint16 component_ids<V>: what a client understands, or a group requires. */
MUST_CHECK enum err wire_components_list_decode(struct span data,
						struct span *ids);

enum wire_app_data_op { WIRE_APP_DATA_UPDATE = 1, WIRE_APP_DATA_REMOVE = 2 };

struct wire_app_data_update {
	uint16_t component;
	uint8_t op; /* enum wire_app_data_op; others do not decode */
	struct span update;
};

void wire_app_data_update_read(struct rd *r,
			       struct wire_app_data_update *update);
void wire_app_data_update_put(struct buf *b,
			      const struct wire_app_data_update *update);

#endif
