#include "wire/app_data.h"

static void component_read(struct rd *r, struct wire_component *component)
{
	component->id = rd_u16(r);
	component->data = rd_vec(r);
}

enum err wire_dictionary_decode(struct span data, struct span *components)
{
	struct rd r = rd_init(data), inside;
	struct wire_component component;
	uint16_t last = 0;
	enum err e;

	*components = rd_vec(&r);
	inside = rd_init(*components);
	for (size_t count = 0; rd_left(&inside) > 0; count++) {
		component_read(&inside, &component);
		/* "MUST be sorted by component_id, and there MUST be at most one
		 * entry for each" */
		if (count > 0 && component.id <= last)
			rd_fail(&inside, ERR_PEER_MALFORMED);
		last = component.id;
	}
	if (inside.fail != ERR_OK)
		rd_fail(&r, inside.fail);
	e = rd_end(&r);
	if (e != ERR_OK)
		*components = SPAN_EMPTY;
	return e;
}

bool wire_components_next(struct span *rest, struct wire_component *component)
{
	struct rd r = rd_init(*rest);

	if (rest->n == 0)
		return false;
	component_read(&r, component);
	*rest = span_of(r.p, r.n);
	return rd_ok(&r);
}

bool wire_components_find(struct span components, uint16_t id,
			  struct span *data)
{
	struct wire_component component;

	while (wire_components_next(&components, &component))
		if (component.id == id) {
			*data = component.data;
			return true;
		}
	return false;
}

void wire_component_put(struct buf *b, const struct wire_component *component)
{
	buf_put_u16(b, component->id);
	buf_put_vec(b, component->data);
}

enum err wire_components_list_decode(struct span data, struct span *ids)
{
	struct rd r = rd_init(data);

	*ids = wire_u16_list_read(&r);
	return rd_end(&r);
}

void wire_app_data_update_read(struct rd *r,
			       struct wire_app_data_update *update)
{
	update->component = rd_u16(r);
	update->op = rd_u8(r);
	if (update->op == WIRE_APP_DATA_UPDATE)
		update->update = rd_vec(r);
	else if (update->op != WIRE_APP_DATA_REMOVE)
		rd_fail(r, ERR_PEER_MALFORMED);
}

void wire_app_data_update_put(struct buf *b,
			      const struct wire_app_data_update *update)
{
	buf_put_u16(b, update->component);
	buf_put_u8(b, update->op);
	if (update->op == WIRE_APP_DATA_UPDATE)
		buf_put_vec(b, update->update);
}
