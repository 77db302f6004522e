/*
 * Every decoder of src/wire. The first byte picks one; what decodes is encoded
 * again from its fields and must give the same bytes: the encoding is
 * canonical, nothing is read that is not kept.
 */
#include "fuzz.h"

#include <stdlib.h>

#include "wire/app_data.h"
#include "wire/context.h"
#include "wire/message.h"
#include "wire/tree.h"

static void same(struct buf *encoded, struct span input)
{
	if (buf_end(encoded) != ERR_OK || !span_equal(buf_span(encoded), input))
		abort();
}

static void message(struct span in, struct buf *out)
{
	struct wire_message m;

	if (wire_message_decode(in, &m) != ERR_OK)
		return;
	wire_message_put(out, &m);
	same(out, in);
}

static void commit(struct span in, struct buf *out)
{
	struct wire_commit c;

	if (wire_commit_decode(in, &c) != ERR_OK)
		return;
	wire_commit_put(out, &c);
	same(out, in);
}

static void proposal(struct span in, struct buf *out)
{
	struct wire_proposal p;

	if (wire_proposal_decode(in, &p) != ERR_OK)
		return;
	wire_proposal_put(out, &p);
	same(out, in);
}

static void key_package(struct span in, struct buf *out)
{
	struct wire_key_package kp;

	if (wire_key_package_decode(in, &kp) != ERR_OK)
		return;
	wire_key_package_put(out, &kp);
	same(out, in);
}

static void group_secrets(struct span in, struct buf *out)
{
	struct wire_group_secrets s;

	if (wire_group_secrets_decode(in, &s) != ERR_OK)
		return;
	wire_group_secrets_put(out, &s);
	same(out, in);
}

static void group_context(struct span in, struct buf *out)
{
	struct wire_group_context c;

	if (wire_group_context_decode(in, &c) != ERR_OK)
		return;
	wire_group_context_put(out, &c);
	same(out, in);
}

static void node(struct span in, struct buf *out)
{
	struct rd r = rd_init(in);
	struct wire_node n;

	wire_node_read(&r, &n);
	if (rd_end(&r) != ERR_OK)
		return;
	wire_node_put(out, &n);
	same(out, in);
}

static void private_content(struct span in, struct buf *out)
{
	struct wire_content content = { 0 };
	struct wire_auth auth;

	(void)out;
	for (uint8_t type = 0; type < 4; type++) {
		enum err e =
		    wire_private_content_decode(in, type, &content, &auth);

		if (e == ERR_OK && content.body.n > in.n)
			abort();
	}
}

static void extensions(struct span in, struct buf *out)
{
	struct wire_required_capabilities required;
	struct span found;

	if (wire_required_capabilities_decode(in, &required) == ERR_OK) {
		wire_required_capabilities_put(out, &required);
		same(out, in);
	}
	if (wire_external_senders_decode(in, &found) == ERR_OK &&
	    found.n > in.n)
		abort();
	if (wire_external_pub_decode(in, &found) == ERR_OK && found.n > in.n)
		abort();
}

static void group_info_part(struct span in, struct buf *out)
{
	struct wire_group_info_part part;

	if (wire_group_info_part_decode(in, &part) != ERR_OK)
		return;
	wire_group_info_part_put(out, &part);
	same(out, in);
}

static void dictionary(struct span in, struct buf *out)
{
	struct wire_component component;
	struct span rest, ids;
	size_t vec;

	if (wire_components_list_decode(in, &ids) == ERR_OK && ids.n > in.n)
		abort();
	if (wire_dictionary_decode(in, &rest) != ERR_OK)
		return;
	vec = buf_open_vec(out);
	while (wire_components_next(&rest, &component))
		wire_component_put(out, &component);
	buf_close_vec(out, vec);
	same(out, in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const decoders[])(struct span, struct buf *) = {
		message,       commit,		proposal,   key_package,
		group_secrets, group_context,	node,	    private_content,
		extensions,    group_info_part, dictionary,
	};
	struct buf out = BUF_INIT;

	if (size == 0)
		return 0;
	decoders[data[0] % (sizeof(decoders) / sizeof(*decoders))](
	    span_of(data + 1, size - 1), &out);
	buf_clear(&out);
	return 0;
}
