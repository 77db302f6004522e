/* The QR code in a terminal, read back module by module. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "command/qr.h"

#define SIDE 64

/* true: light. Returns the width; *rows: two for each line. */
static size_t read_back(const struct buf *text, bool light[SIDE][SIDE],
			size_t *rows)
{
	const uint8_t *p = text->p, *end = text->p + text->n;
	size_t x = 0, y = 0, width = 0;

	while (p < end) {
		bool above = true, below = true;

		if (*p == '\n') {
			assert_true(width == 0 || x == width);
			width = x;
			x = 0;
			y += 2;
			p++;
			continue;
		}
		if (*p == ' ') {
			above = below = false;
			p++;
		} else {
			assert_memory_equal(p, "\xe2\x96", 2);
			above = p[2] == 0x88 || p[2] == 0x80;
			below = p[2] == 0x88 || p[2] == 0x84;
			p += 3;
		}
		assert_true(x < SIDE && y + 1 < SIDE);
		light[y][x] = above;
		light[y + 1][x++] = below;
	}
	*rows = y;
	return width;
}

/* ISO/IEC 18004, 6.3.3: three squares in each other. */
static void expect_finder(bool light[SIDE][SIDE], size_t top, size_t left)
{
	static const char *const rows[] = { "#######", "#     #", "# ### #",
					    "# ### #", "# ### #", "#     #",
					    "#######" };

	for (size_t y = 0; y < 7; y++)
		for (size_t x = 0; x < 7; x++)
			assert_int_equal(light[top + y][left + x],
					 rows[y][x] == ' ');
}

static void test_qr(void **state)
{
	static bool light[SIDE][SIDE];
	struct buf text = BUF_INIT;
	size_t rows, width;

	(void)state;
	assert_int_equal(qr_put("7K2QM-XW04D-R9ZTB-H5C1E", &text), ERR_OK);
	width = read_back(&text, light, &rows);
	assert_true(width >= 25 && rows >= width && rows <= width + 1);
	for (size_t i = 0; i < width; i++) /* the quiet zone */
		assert_true(light[0][i] && light[1][i] && light[i][0] &&
			    light[i][1] && light[i][width - 1]);
	expect_finder(light, 2, 2);
	expect_finder(light, 2, width - 9);
	expect_finder(light, width - 9, 2);
	buf_clear(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_qr) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
