#include "tests/sim/seen_group.h"

#include <stdlib.h>

#include "tests/sim/blob.h"
#include "wire/places.h"

static bool read_tree(struct span data, struct seen_group *group)
{
	struct rd r = rd_init(data);
	struct rd list = rd_open_vec(&r);

	while (rd_left(&list) > 0)
		wire_node_read(&list, SIM_ADD(group->nodes, group->node_count));
	rd_close(&r, &list);
	group->leaf_count = (group->node_count + 1) / 2;
	return rd_end(&r) == ERR_OK && group->node_count > 0;
}

bool seen_group_read(struct span bytes, struct seen_group *group)
{
	struct wire_message message;
	struct span tree;

	*group = (struct seen_group){ .suite = NULL };
	if (wire_message_decode(bytes, &message) == ERR_OK &&
	    message.format == WIRE_GROUP_INFO) {
		group->info = message.group_info;
		group->suite = suite_by_id(group->info.context.cipher_suite);
		if (group->suite != NULL &&
		    wire_extensions_find(group->info.extensions,
					 WIRE_EXTENSION_RATCHET_TREE, &tree) &&
		    read_tree(tree, group))
			return true;
	}
	seen_group_clear(group);
	return false;
}

bool seen_group_places(const struct seen_group *group, struct span *rows)
{
	struct places places;

	if (wire_extensions_find(group->info.extensions, PLACES_ROOT_EXTENSION,
				 rows))
		return true;
	if (places_read(group->info.context.extensions, &places) != ERR_OK)
		return false;
	*rows = places.rows;
	return places.there;
}

bool seen_group_lacks_places(const struct seen_group *group)
{
	struct span data;

	return wire_extensions_find(group->info.context.extensions,
				    PLACES_ROOT_EXTENSION, &data) &&
	       !wire_extensions_find(group->info.extensions,
				     PLACES_ROOT_EXTENSION, &data);
}

void seen_group_clear(struct seen_group *group)
{
	free(group->nodes);
	*group = (struct seen_group){ .suite = NULL };
}

const struct wire_leaf_node *seen_group_leaf(const struct seen_group *group,
					     uint32_t leaf)
{
	const struct wire_node *node;

	if (leaf >= group->leaf_count)
		return NULL;
	node = &group->nodes[2 * (size_t)leaf];
	return node->type == WIRE_NODE_LEAF ? &node->leaf : NULL;
}
