#include "mqtt_bridge/packet.h"

#include "base/rd.h"

/* 1.5.5: 7 bits a byte, the least first, four bytes at most. */
static size_t take_length(struct rd *r)
{
	size_t value = 0;

	for (unsigned shift = 0; shift < 28; shift += 7) {
		uint8_t byte = rd_u8(r);

		value |= (size_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0)
			return value;
	}
	rd_fail(r, ERR_PEER_MALFORMED);
	return 0;
}

static struct span take_string(struct rd *r)
{
	return rd_take(r, rd_u16(r));
}

enum err packet_next(struct span in, size_t max, struct packet *out)
{
	struct rd r = rd_init(in);
	uint8_t first = rd_u8(&r);
	size_t length;

	*out = (struct packet){ .type = 0 };
	/* its end may simply not be there yet; five bytes always tell */
	for (size_t i = 1; i < in.n && i < 5; i++)
		if ((in.p[i] & 0x80) == 0)
			goto whole_length;
	return in.n >= 5 ? ERR_PEER_MALFORMED : ERR_OK;
whole_length:
	length = take_length(&r);
	if (!rd_ok(&r))
		return ERR_PEER_MALFORMED;
	if (length > max)
		return ERR_PEER_TOO_LARGE;
	if (rd_left(&r) < length)
		return ERR_OK;
	out->type = first >> 4;
	out->flags = first & 0x0f;
	out->whole = span_of(in.p, in.n - rd_left(&r) + length);
	out->body = rd_take(&r, length);
	return ERR_OK;
}

/* 2.2.2.2 of MQTT 5: how long a property's value is; 0: a string, or a pair. */
static size_t property_bytes(uint8_t id)
{
	switch (id) {
	case 0x17: /* request problem information */
	case 0x19: /* request response information */
		return 1;
	case 0x21: /* receive maximum */
	case 0x22: /* topic alias maximum */
		return 2;
	case 0x11: /* session expiry interval */
	case 0x27: /* maximum packet size */
		return 4;
	default:
		return 0;
	}
}

/* 3.1.2.11: the session's expiry among the properties of a CONNECT, or 0. */
static uint32_t take_expiry(struct rd *r)
{
	struct rd in = rd_init(rd_take(r, take_length(r)));
	uint32_t expiry = 0;

	while (rd_ok(&in) && rd_left(&in) > 0) {
		uint8_t id = rd_u8(&in);

		if (id == 0x11)
			expiry = rd_u32(&in);
		else if (property_bytes(id) > 0)
			(void)rd_take(&in, property_bytes(id));
		else
			(void)take_string(&in);
		if (id == 0x26) /* user property: a pair */
			(void)take_string(&in);
	}
	if (!rd_ok(&in))
		rd_fail(r, ERR_PEER_MALFORMED);
	return expiry;
}

enum err packet_read_connect(const struct packet *packet,
			     struct packet_connect *out)
{
	struct rd r = rd_init(packet->body);
	uint8_t flags;

	*out = (struct packet_connect){ .version = 0 };
	(void)take_string(&r); /* MQTT, or MQIsdp */
	out->version = rd_u8(&r) & 0x7f;
	if (out->version == 0) /* to the gate: before its CONNECT */
		rd_fail(&r, ERR_PEER_MALFORMED);
	flags = rd_u8(&r);
	(void)rd_u16(&r); /* keep alive */
	out->keeps = (flags & 0x02) == 0;
	if (out->version == 5)
		out->keeps = take_expiry(&r) > 0;
	out->client_id = take_string(&r);
	out->will = (flags & 0x04) != 0;
	return rd_ok(&r) ? ERR_OK : ERR_PEER_MALFORMED;
}

enum err packet_read_publish(const struct packet *packet, uint8_t version,
			     struct packet_publish *out)
{
	struct rd r = rd_init(packet->body);

	*out = (struct packet_publish){ .qos = packet->flags >> 1 & 3 };
	out->topic = take_string(&r);
	if (out->qos > 0)
		out->id = rd_u16(&r);
	if (version == 5)
		(void)rd_take(&r, take_length(&r));
	out->payload = rd_take(&r, rd_left(&r));
	return rd_ok(&r) ? ERR_OK : ERR_PEER_MALFORMED;
}

enum err packet_read_puback(const struct packet *packet, uint16_t *id,
			    uint8_t *reason)
{
	struct rd r = rd_init(packet->body);

	*id = rd_u16(&r);
	*reason = rd_left(&r) > 0 ? rd_u8(&r) : 0;
	return rd_ok(&r) ? ERR_OK : ERR_PEER_MALFORMED;
}
