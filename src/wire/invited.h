/*
 * Who may come in: GroupContext extension INVITED_EXTENSION, so that it is part of what
 * every member authenticates, and no server says who is invited.
 *
 *   struct { opaque user<V>; opaque by<V>; uint64 last; } Invitation;
 *   struct {
 *     uint8       open;                          1: anybody may come in; 0: not
 *     Invitation  invitations<V>;                by user, ascending
 *   } Invited;
 *
 * `user` and `by` are the parts of identities before '/' (wire/roles.h). `last` is the
 * last epoch of the group in which that user may come in. A session of before has no
 * such extension: there the server alone knows.
 */
#ifndef HERMETIC_WIRE_INVITED_H
#define HERMETIC_WIRE_INVITED_H

#include "base/buf.h"

#define INVITED_EXTENSION 0xF7F8
#define INVITED_MAX 128	    /* invitations */
#define INVITED_USER_MAX 64 /* bytes of a user */

struct invited {
	bool there;
	bool open;
	struct span rows; /* content; borrowed */
};

struct invitation {
	struct span user, by;
	uint64_t last;
};

/* Of a GroupContext's extensions. ERR_PEER_MALFORMED: it does not decode; an empty or
 * a long user, one twice or out of order, or more than INVITED_MAX. */
MUST_CHECK enum err invited_read(struct span extensions,
				 struct invited *invited);

/* Moves `rest`, which begins as invited->rows, past one invitation; false: no more. */
bool invited_next(struct span *rest, struct invitation *one);
bool invited_find(const struct invited *invited, struct span user,
		  struct invitation *found);

/* Appends the whole extension, with those rows: invitations as encoded. */
MUST_CHECK enum err invited_put(bool open, struct span rows,
				struct buf *extension);
void invited_put_row(struct buf *rows, const struct invitation *one);

/* Appends the whole extension with one invitation put in, in the place of one of the
 * same user. ERR_PEER_INVALID: an empty or a long user; ERR_PEER_TOO_LARGE: there would
 * be more than INVITED_MAX. */
MUST_CHECK enum err invited_put_with(const struct invited *invited,
				     const struct invitation *one,
				     struct buf *extension);
/* Without those of whom `goes` says so. */
MUST_CHECK enum err invited_put_without(
    const struct invited *invited,
    bool (*goes)(const void *context, const struct invitation *one),
    const void *context, struct buf *extension);

#endif
