#include "wire/proposal.h"

static void reinit_read(struct rd *r, struct wire_reinit *reinit)
{
	reinit->group_id = rd_vec(r);
	reinit->version = rd_u16(r);
	reinit->cipher_suite = rd_u16(r);
	reinit->extensions = wire_extensions_read(r);
}

static void reinit_put(struct buf *b, const struct wire_reinit *reinit)
{
	buf_put_vec(b, reinit->group_id);
	buf_put_u16(b, reinit->version);
	buf_put_u16(b, reinit->cipher_suite);
	buf_put_vec(b, reinit->extensions);
}

void wire_proposal_read(struct rd *r, struct wire_proposal *proposal)
{
	struct rd start = *r;

	*proposal = (struct wire_proposal){ .type = rd_u16(r) };
	switch (proposal->type) {
	case WIRE_PROPOSAL_ADD:
		wire_key_package_read(r, &proposal->add);
		break;
	case WIRE_PROPOSAL_UPDATE:
		wire_leaf_node_read(r, &proposal->update);
		break;
	case WIRE_PROPOSAL_REMOVE:
		proposal->removed = rd_u32(r);
		break;
	case WIRE_PROPOSAL_PSK:
		wire_psk_id_read(r, &proposal->psk);
		break;
	case WIRE_PROPOSAL_REINIT:
		reinit_read(r, &proposal->reinit);
		break;
	case WIRE_PROPOSAL_EXTERNAL_INIT:
		proposal->kem_output = rd_vec(r);
		break;
	case WIRE_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
		proposal->extensions = wire_extensions_read(r);
		break;
	case WIRE_PROPOSAL_APP_DATA_UPDATE:
		wire_app_data_update_read(r, &proposal->app_data);
		break;
	case WIRE_PROPOSAL_SELF_REMOVE:
		break;
	default:
		if (wire_proposal_is_private(proposal->type)) {
			proposal->data = rd_vec(r);
			break;
		}
		/* 12.2: "non-default proposal type that is not supported" */
		/* 13.2: "MUST NOT be included in a commit unless" */
		rd_fail(r, ERR_PEER_UNSUPPORTED);
	}
	proposal->encoded = wire_since(&start, r);
}

enum err wire_proposal_decode(struct span bytes, struct wire_proposal *proposal)
{
	struct rd r = rd_init(bytes);

	wire_proposal_read(&r, proposal);
	return rd_end(&r);
}

void wire_proposal_put(struct buf *b, const struct wire_proposal *proposal)
{
	buf_put_u16(b, proposal->type);
	if (wire_proposal_is_private(proposal->type))
		buf_put_vec(b, proposal->data);
	switch ((enum wire_proposal_type)proposal->type) {
	case WIRE_PROPOSAL_ADD:
		wire_key_package_put(b, &proposal->add);
		break;
	case WIRE_PROPOSAL_UPDATE:
		wire_leaf_node_put(b, &proposal->update);
		break;
	case WIRE_PROPOSAL_REMOVE:
		buf_put_u32(b, proposal->removed);
		break;
	case WIRE_PROPOSAL_PSK:
		wire_psk_id_put(b, &proposal->psk);
		break;
	case WIRE_PROPOSAL_REINIT:
		reinit_put(b, &proposal->reinit);
		break;
	case WIRE_PROPOSAL_EXTERNAL_INIT:
		buf_put_vec(b, proposal->kem_output);
		break;
	case WIRE_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
		buf_put_vec(b, proposal->extensions);
		break;
	case WIRE_PROPOSAL_APP_DATA_UPDATE:
		wire_app_data_update_put(b, &proposal->app_data);
		break;
	case WIRE_PROPOSAL_SELF_REMOVE:
		break;
	}
}
