#include "mls/app_data.h"

#include <stdlib.h>

#include "mls/broken.h"
#include "mls/leaf.h"

/* The dictionary's components; none where there is no dictionary. */
static enum err find_dictionary(struct span extensions, struct span *components)
{
	struct span data;
	enum err e = ERR_OK;

	*components = SPAN_EMPTY;
	if (wire_extensions_find(extensions, WIRE_EXTENSION_APP_DATA_DICTIONARY,
				 &data))
		TRY(RULED(APP_DATA_DICTIONARY,
			  wire_dictionary_decode(data, components)));
out:
	return e;
}

/* The list of a component such as app_components; *there: it has data. */
static enum err find_list(struct span extensions, uint16_t component,
			  bool *there, struct span *ids)
{
	struct span components, data;
	enum err e;

	*ids = SPAN_EMPTY;
	TRY(find_dictionary(extensions, &components));
	*there = wire_components_find(components, component, &data);
	if (*there)
		TRY(RULED(APP_DATA_LISTS,
			  wire_components_list_decode(data, ids)));
out:
	return e;
}

enum err app_data_check_group(struct span group_extensions)
{
	struct span ids;
	bool there;
	enum err e;

	TRY(find_list(group_extensions, WIRE_COMPONENT_APP_COMPONENTS, &there,
		      &ids));
	TRY(find_list(group_extensions, WIRE_COMPONENT_SAFE_AAD, &there, &ids));
out:
	return e;
}

/* Each id of the group's list of a component stands in the leaf's. */
static enum err check_list(struct span leaf_extensions,
			   struct span group_extensions, uint16_t component)
{
	struct span required, listed;
	bool there;
	uint16_t id;
	enum err e;

	TRY(find_list(group_extensions, component, &there, &required));
	if (required.n == 0)
		return ERR_OK;
	TRY(find_list(leaf_extensions, component, &there, &listed));
	while (wire_u16_list_next(&required, &id))
		ENSURE(wire_u16_list_has(listed, id), RULE(APP_DATA_REQUIRED));
out:
	return e;
}

enum err app_data_check_leaf(const struct wire_leaf_node *leaf,
			     struct span group_extensions)
{
	struct span unused;
	enum err e = ERR_OK;

	if (!wire_extensions_find(group_extensions,
				  WIRE_EXTENSION_APP_DATA_DICTIONARY, &unused))
		return ERR_OK;
	TRY(check_list(leaf->extensions, group_extensions,
		       WIRE_COMPONENT_APP_COMPONENTS));
	TRY(check_list(leaf->extensions, group_extensions,
		       WIRE_COMPONENT_SAFE_AAD));
out:
	return e;
}

/* "MUST understand and advertise the app_components component" */
enum err app_data_check_own(const struct wire_leaf_node *leaf,
			    struct span leaf_extensions)
{
	struct span ids;
	bool there;

	return !leaf_lists_extension(leaf,
				     WIRE_EXTENSION_APP_DATA_DICTIONARY) ||
		       (find_list(leaf_extensions,
				  WIRE_COMPONENT_APP_COMPONENTS, &there,
				  &ids) == ERR_OK &&
			there)
		   ? ERR_OK
		   : ERR_LOCAL_BUG;
}

static bool requires_updates(struct span extensions)
{
	struct wire_required_capabilities required;
	struct span data;

	return wire_extensions_find(
		   extensions, WIRE_EXTENSION_REQUIRED_CAPABILITIES, &data) &&
	       wire_required_capabilities_decode(data, &required) == ERR_OK &&
	       wire_u16_list_has(required.proposal_types,
				 WIRE_PROPOSAL_APP_DATA_UPDATE);
}

/* "MUST NOT add, remove, or modify the app_data_dictionary" where the group requires
 * AppDataUpdate */
enum err app_data_check_reset(struct span now, struct span next)
{
	uint16_t type = WIRE_EXTENSION_APP_DATA_DICTIONARY;
	struct span before = SPAN_EMPTY, after = SPAN_EMPTY;
	bool was = wire_extensions_find(now, type, &before);
	bool is = wire_extensions_find(next, type, &after);
	enum err e = ERR_OK;

	ENSURE(!requires_updates(now) ||
		   (was == is && span_equal(before, after)),
	       RULE(APP_DATA_BY_EXTENSIONS));
out:
	return e;
}

/* ---- applying ---- */

/* An AppDataUpdate and its number in the list. */
struct change_of {
	const struct wire_app_data_update *update;
	size_t number;
};

static int compare_changes(const void *a, const void *b)
{
	const struct change_of *x = a, *y = b;

	if (x->update->component != y->update->component)
		return x->update->component < y->update->component ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* "in the order in which they appear in the Commit", by their components. */
static enum err sort_changes(const struct proposal_list *list,
			     struct change_of **changes, size_t *count)
{
	enum err e = ERR_OK;

	*count = 0;
	*changes = calloc(list->count + 1, sizeof(**changes));
	ENSURE(*changes != NULL, ERR_LOCAL_MEMORY);
	for (size_t i = 0; i < list->count; i++) {
		const struct wire_proposal *p = &list->items[i].proposal;

		if (p->type == WIRE_PROPOSAL_APP_DATA_UPDATE)
			(*changes)[(*count)++] =
			    (struct change_of){ &p->app_data, i };
	}
	qsort(*changes, *count, sizeof(**changes), compare_changes);
out:
	return e;
}

/* What the application makes of the `count` changes of one component, whose data is
 * `now`, NULL for none: a component, appended, or nothing. */
static enum err change_component(const struct mls_authentication *application,
				 const struct change_of *changes, size_t count,
				 const struct span *now, struct buf *out)
{
	struct wire_component made = { .id = changes->update->component };
	bool removes = changes->update->op == WIRE_APP_DATA_REMOVE;
	struct buf data = BUF_INIT;
	struct span *updates;
	enum err e = ERR_OK;

	updates = calloc(count, sizeof(*updates));
	ENSURE(updates != NULL, ERR_LOCAL_MEMORY);
	for (size_t i = 0; i < count; i++) {
		/* "(a) a single remove operation or (b) one or more update" */
		ENSURE((changes[i].update->op == WIRE_APP_DATA_REMOVE) ==
			       removes &&
			   (!removes || count == 1),
		       RULE(APP_DATA_MIXED));
		updates[i] = changes[i].update->update;
	}
	/* "it specifies the removal of state for a component_id that has no state" */
	ENSURE(!removes || now != NULL, RULE(APP_DATA_NOTHING));
	/* "a component that is not known to the application" */
	ENSURE(application->update_data != NULL,
	       broken(ERR_PEER_UNSUPPORTED, MLS_RULE_APP_DATA_UNKNOWN));
	TRY(application->update_data(application->context, made.id, now,
				     updates, removes ? 0 : count, &data));
	TRY(buf_end(&data));
	made.data = buf_span(&data);
	if (!removes)
		wire_component_put(out, &made);
out:
	free(updates);
	buf_clear(&data);
	return e;
}

/* The components with all changes, which are sorted. */
static enum err merge(const struct mls_authentication *application,
		      const struct change_of *changes, size_t count,
		      struct span components, struct buf *out)
{
	struct wire_component now;
	bool there = wire_components_next(&components, &now);
	enum err e = ERR_OK;

	while (there || count > 0) {
		uint16_t id = count > 0 ? changes->update->component : 0;
		size_t same = 0;

		if (there && (count == 0 || now.id < id)) {
			wire_component_put(out, &now);
			there = wire_components_next(&components, &now);
			continue;
		}
		while (same < count && changes[same].update->component == id)
			same++;
		TRY(change_component(application, changes, same,
				     there && now.id == id ? &now.data : NULL,
				     out));
		if (there && now.id == id)
			there = wire_components_next(&components, &now);
		changes += same;
		count -= same;
	}
	TRY(buf_end(out));
out:
	return e;
}

/* The extensions with a dictionary in the place of theirs, or at the end. */
static void put_dictionary(struct buf *b, struct span extensions,
			   struct span dictionary)
{
	struct wire_extension extension;
	bool there = false;

	while (wire_extensions_next(&extensions, &extension)) {
		bool it = extension.type == WIRE_EXTENSION_APP_DATA_DICTIONARY;

		wire_extension_put(b, extension.type,
				   it ? dictionary : extension.data);
		there |= it;
	}
	if (!there)
		wire_extension_put(b, WIRE_EXTENSION_APP_DATA_DICTIONARY,
				   dictionary);
}

enum err app_data_apply(const struct proposal_list *list,
			const struct mls_authentication *application,
			struct epoch_change *change)
{
	struct buf merged = BUF_INIT, dictionary = BUF_INIT;
	struct change_of *changes = NULL;
	struct span components;
	size_t count;
	enum err e;

	TRY(sort_changes(list, &changes, &count));
	if (count == 0)
		goto out;
	TRY(find_dictionary(change->extensions, &components));
	TRY(merge(application, changes, count, components, &merged));
	buf_put_vec(&dictionary, buf_span(&merged));
	TRY(buf_end(&dictionary));
	put_dictionary(&change->app_data, change->extensions,
		       buf_span(&dictionary));
	TRY(buf_end(&change->app_data));
	ENSURE(change->app_data.n <= MLS_EXTENSIONS_MAX, ERR_PEER_TOO_LARGE);
	change->extensions = buf_span(&change->app_data);
	TRY(app_data_check_group(change->extensions));
out:
	free(changes);
	buf_clear(&merged);
	buf_clear(&dictionary);
	return e;
}

/* ---- beside messages ---- */

static bool wants_safe_aad(struct span group_extensions)
{
	struct span ids;
	bool there = false;

	return find_list(group_extensions, WIRE_COMPONENT_SAFE_AAD, &there,
			 &ids) == ERR_OK &&
	       there;
}

enum err app_data_check_aad(struct span group_extensions,
			    struct span authenticated_data)
{
	struct span items;

	return wants_safe_aad(group_extensions)
		   ? RULED(APP_DATA_SAFE_AAD,
			   wire_dictionary_decode(authenticated_data, &items))
		   : ERR_OK;
}

enum err app_data_own_aad(struct span group_extensions,
			  struct span *authenticated_data)
{
	static const uint8_t no_items[] = { 0 };

	if (!wants_safe_aad(group_extensions))
		return ERR_OK;
	if (authenticated_data->n == 0)
		*authenticated_data = SPAN_ARRAY(no_items);
	return app_data_check_aad(group_extensions, *authenticated_data) ==
		       ERR_OK
		   ? ERR_OK
		   : ERR_LOCAL_BUG;
}
