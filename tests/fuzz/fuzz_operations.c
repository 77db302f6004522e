/*
 * What an operation of the administration is asked with, as hermetic-admin and the API
 * read it: a number that says which operation, then its argument, where a page begins,
 * and a list of scopes, a line each. What is taken becomes the parameters that the row
 * of the table says, and what is not leaves none.
 */
#include "fuzz.h"

#include "base/text.h"

/* No archive that these programs link has this one. */
#include "admin/operations.c"

static struct span take_line(struct span *rest)
{
	const uint8_t *end =
	    rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
	size_t n = end != NULL ? (size_t)(end - rest->p) : rest->n;
	struct span line = span_of(rest->p, n);

	n += end != NULL;
	*rest = span_of(rest->p + n, rest->n - n);
	return line;
}

static struct span param(const struct params *p, int i)
{
	return span_of(p->bytes.p + p->start[i], (size_t)p->length[i]);
}

/* How many bytes a parameter of that kind has in PostgreSQL's format; 0: it is text. */
static int length_of(char kind)
{
	switch (kind) {
	case 'i':
	case 't':
	case 'A':
		return 16;
	case 'h':
		return 32;
	case 'c':
	case 'u':
		return 4;
	case 's':
	case 'N':
	case 'd':
		return 8;
	default:
		return 0;
	}
}

static void check_params(const struct operation *operation,
			 const struct operation_args *args,
			 const struct params *p)
{
	int i = 0;

	for (const char *kind = operation->takes; *kind != '\0'; kind++) {
		int length = length_of(*kind);

		for (int n = *kind == 's' ? 3 : 1; n > 0; n--, i++) {
			if (i >= p->count)
				abort();
			if (*kind == 'o' ||
			    (*kind == 't' && args->token == NULL)) {
				if (p->start[i] != -1)
					abort();
			} else if (length > 0) {
				if (p->length[i] != length)
					abort();
			} else if (!text_is_utf8(param(p, i)) ||
				   !span_equal(param(p, i),
					       *kind == 'a' ? args->after
							    : args->argument)) {
				abort();
			}
		}
	}
	if (i != p->count)
		abort();
}

static void use_operation(const struct operation *operation,
			  const struct operation_args *args)
{
	struct params params;
	enum err e = operations_params(operation, args, &params);

	if (e != ERR_OK) {
		if ((e != ERR_PEER_MALFORMED && e != ERR_PEER_INVALID) ||
		    params.count != 0 || params.bytes.n != 0 ||
		    (e == ERR_PEER_MALFORMED &&
		     !operations_has_argument(operation)))
			abort();
		return;
	}
	if (params_end(&params) != ERR_OK)
		abort();
	check_params(operation, args, &params);
	params_clear(&params);
}

/* Whoever has a set of scopes has each by its name, and that list is the set. */
static void use_scopes(struct span text)
{
	unsigned scopes = operations_scopes(text), again;
	struct buf names = BUF_INIT;

	for (unsigned one = 1; one != 0 && one <= scopes; one <<= 1) {
		if ((scopes & one) == 0)
			continue;
		if (*operations_scope_name(one) == '\0')
			abort();
		buf_put_str(&names, names.n > 0 ? "," : "");
		buf_put_str(&names, operations_scope_name(one));
	}
	again = operations_scopes(buf_span(&names));
	if (again != scopes)
		abort();
	buf_clear(&names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct uuid token = { { 1 } };
	struct span rest = span_of(data, size), number;
	struct operation_args args = { .rows = 100, .uses = 1, .days = 7 };
	const struct operation *all;
	uint64_t which;
	size_t count;

	if (size == 0)
		return 0;
	all = operations_all(&count);
	number = take_line(&rest);
	if (text_parse_u64(&which, number, count - 1) != ERR_OK)
		return 0;
	args.argument = take_line(&rest);
	args.after = take_line(&rest);
	use_operation(&all[which], &args);
	args.token = &token;
	use_operation(&all[which], &args);
	use_scopes(rest);
	return 0;
}
