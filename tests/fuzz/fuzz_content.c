/* What is inside a message, and what a terminal gets to see of it: well-formed
 * UTF-8 without control characters, whatever came in. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "command/out.h"
#include "device/texts/content.h"
#include "device/texts/mentions.h"
#include "device/texts/said.h"

static void check_safe(struct span text)
{
	struct buf safe = BUF_INIT;

	out_put_safe(&safe, text);
	if (buf_end(&safe) != ERR_OK || !text_is_utf8(buf_span(&safe)))
		abort();
	for (size_t i = 0; i < safe.n; i++)
		if ((safe.p[i] < 0x20 && safe.p[i] != '\n' &&
		     safe.p[i] != '\t') ||
		    safe.p[i] == 0x7f)
			abort();
	buf_clear(&safe);
}

/* Accounts, each once. */
static void check_mentions(const struct said *said)
{
	struct span all = buf_span(&said->mentions);

	if (all.n % MENTIONS_USER != 0 || all.n > MENTIONS_MAX * MENTIONS_USER)
		abort();
	for (size_t i = 0; i < all.n; i += MENTIONS_USER) {
		if (!places_is_account(span_of(all.p + i, MENTIONS_USER)))
			abort();
		for (size_t j = 0; j < i; j += MENTIONS_USER)
			if (memcmp(all.p + i, all.p + j, MENTIONS_USER) == 0)
				abort();
	}
}

static void check_room(const struct room *room)
{
	if (!room->is)
		return;
	if (room->name.n > CONTENT_NAME_MAX ||
	    room->subject.n > ROOM_SUBJECT_MAX ||
	    !content_is_sound(CONTENT_TEXT, room->name) ||
	    !content_is_sound(CONTENT_TEXT, room->subject) ||
	    (room->picture.n > 0 && room_picture_type(room->picture) == NULL))
		abort();
}

static void check_given(struct span mimi)
{
	struct buf given = BUF_INIT;
	struct said said;
	bool alone;

	if (said_as_given(mimi, &given, &alone) != ERR_OK)
		abort();
	if (!alone && said_read(buf_span(&given), &said) == ERR_OK)
		said_clear(&said);
	buf_clear(&given);
}

static void check_said(struct span mimi)
{
	struct said said;

	if (said_read(mimi, &said) != ERR_OK)
		return;
	if (!content_is_sound(CONTENT_TEXT, buf_span(&said.text)))
		abort();
	check_safe(buf_span(&said.text));
	check_mentions(&said);
	check_room(&said.room);
	said_clear(&said);
	check_given(mimi);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum content_type type;
	struct buf again = BUF_INIT;
	struct span value;

	check_safe(span_of(data, size));
	if (content_read(span_of(data, size), &type, &value) != ERR_OK)
		return 0;
	if (type == CONTENT_MIMI)
		check_said(value);
	content_put(&again, type, value);
	if (buf_end(&again) != ERR_OK ||
	    !span_equal(buf_span(&again), span_of(data, size)))
		abort();
	buf_clear(&again);
	return 0;
}
