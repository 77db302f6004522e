/* Addresses of clients in one form: 16 bytes, IPv4 as ::ffff:a.b.c.d. */
#ifndef HERMETIC_BASE_ADDRESS_H
#define HERMETIC_BASE_ADDRESS_H

#include "base/span.h"

/* Reads a numeric address of either kind. An IPv4 address that stands in an IPv6
 * one (mapped, RFC 4291; or behind NAT64, RFC 6052) is the IPv4 one. False: it is
 * none; `out` is cleared then. */
bool address_read(struct span text, uint8_t out[16]);

/* The part of an address that one client has to itself: of IPv4 all of it, of
 * IPv6 the first 64 bits. Borrows from `address`. */
struct span address_network(const uint8_t address[16]);

/* The network around that, which one customer may have: of IPv6 the first 48 bits; empty
 * for IPv4. Borrows from `address`. */
struct span address_around(const uint8_t address[16]);

#endif
