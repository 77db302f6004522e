/* Orders of a device without input and output that take several orders of the device, and
 * requests besides (reach/act.h). */
#include "hermetic/core_inside.h"

#include "device/record.h"

bool core_act_kind(enum hermetic_order_kind kind, enum act_kind *out)
{
	static const struct {
		enum hermetic_order_kind kind;
		enum act_kind act;
	} table[] = {
		{ HERMETIC_ORDER_DEVICES, ACT_DEVICES },
		{ HERMETIC_ORDER_APPROVE, ACT_APPROVE },
		{ HERMETIC_ORDER_LINK, ACT_LINK },
		{ HERMETIC_ORDER_REFUSE, ACT_REFUSE },
		{ HERMETIC_ORDER_REVOKE, ACT_REVOKE },
		{ HERMETIC_ORDER_BLOCKS, ACT_BLOCKS },
		{ HERMETIC_ORDER_BLOCK, ACT_BLOCK },
		{ HERMETIC_ORDER_UNBLOCK, ACT_UNBLOCK },
		{ HERMETIC_ORDER_LETTERS, ACT_LETTERS },
		{ HERMETIC_ORDER_DECLINE, ACT_DECLINE },
		{ HERMETIC_ORDER_RECOVERY_KEY, ACT_RECOVERY_KEY },
		{ HERMETIC_ORDER_RECOVERY, ACT_RECOVERY },
		{ HERMETIC_ORDER_RECOVER, ACT_RECOVER },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (table[i].kind == kind) {
			*out = table[i].act;
			return true;
		}
	return false;
}

bool core_act_runs(struct hermetic_core *core)
{
	return core->act_on &&
	       (core->act_orders || act_turn(core->act) != ACT_DONE);
}

enum err core_act_start(struct hermetic_core *core, enum act_kind kind,
			const struct hermetic_order *order)
{
	const struct act_device whose = { core->device, core->username,
					  core->device_id };
	const struct act_wish wish = { .kind = kind,
				       .session = order->session,
				       .whom = order->whom,
				       .text = order->text };
	struct act *made;
	enum err e;

	TRY(act_make(&whose, &wish, &core->why, &made));
	act_free(core->act);
	core->act = made;
	core->act_on = true;
	core->act_orders = false;
out:
	return e;
}

enum act_turn core_act_turn(struct hermetic_core *core)
{
	enum act_turn turn;
	enum err e;

	while ((turn = act_turn(core->act)) == ACT_ORDER) {
		e = device_start(core->device, act_order(core->act));
		core->act_orders = e == ERR_OK;
		core->unreachable = false;
		if (core->act_orders)
			break;
		act_ordered(core->act, e, NULL, &(const struct why){ 0 });
	}
	return turn;
}

void core_act_ordered(struct hermetic_core *core)
{
	const struct outcome *ended = device_outcome(core->device);
	struct why why = { 0 };

	if (ended->result != ERR_OK && ended->why != NULL)
		why = *ended->why;
	why.unreachable |= ended->result != ERR_OK && core->unreachable;
	core->act_orders = false;
	act_ordered(core->act, ended->result, ended, &why);
}

enum err core_act_outcome(struct hermetic_core *core)
{
	const json_t *value = NULL;
	enum err e;

	core->outcome = (struct hermetic_outcome){ .session = "" };
	if (core_act_runs(core))
		return ERR_STATE_PENDING;
	e = act_end(core->act, &core->why, &value);
	buf_reset(&core->json);
	if (value != NULL && record_print(value, &core->json) == ERR_OK) {
		buf_put_u8(&core->json, 0);
		if (buf_end(&core->json) == ERR_OK)
			core->outcome.json = (const char *)core->json.p;
	}
	return e;
}
