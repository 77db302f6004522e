#include "admin/operations.h"

#include <string.h>

#include "base/text.h"

static const struct operation ROWS[] = {
#define OPERATION_ROW(name, verb, words, method, path, scope, statement,       \
		      takes, gives, without)                                   \
	{ #name,                                                               \
	  verb,                                                                \
	  words,                                                               \
	  OPERATION_##method,                                                  \
	  path,                                                                \
	  SCOPE_##scope,                                                       \
	  STATEMENT_ADMIN_##statement,                                         \
	  takes,                                                               \
	  OPERATION_##gives,                                                   \
	  OUTCOME_##without },
	OPERATIONS(OPERATION_ROW)
#undef OPERATION_ROW
};

const struct operation *operations_all(size_t *count)
{
	*count = sizeof(ROWS) / sizeof(*ROWS);
	return ROWS;
}

bool operations_has_argument(const struct operation *operation)
{
	return strpbrk(operation->takes, "niw") != NULL;
}

/* ---- parameters ---- */

static enum err put_id(struct params *out, struct span text)
{
	struct uuid id;
	enum err e;

	TRY(uuid_parse(&id, text));
	params_uuid(out, id);
out:
	return e;
}

static enum err put_after(struct params *out, char kind, struct span after)
{
	uint64_t number = 0;
	enum err e = ERR_OK;

	switch (kind) {
	case 'A':
		if (after.n == 0)
			params_uuid(out, (struct uuid){ { 0 } });
		else
			e = put_id(out, after);
		break;
	case 'N':
		if (after.n > 0)
			e = text_parse_u64(&number, after, INT64_MAX);
		params_i64(out, (int64_t)number);
		break;
	default:
		if (text_is_utf8(after))
			params_text(out, after);
		else
			e = ERR_PEER_INVALID;
		break;
	}
	return e == ERR_OK ? e : ERR_PEER_INVALID;
}

static enum err put(struct params *out, char kind,
		    const struct operation_args *args)
{
	switch (kind) {
	case 'n':
	case 'w':
		params_text(out, args->argument);
		return text_is_utf8(args->argument) ? ERR_OK
						    : ERR_PEER_MALFORMED;
	case 'i':
		return put_id(out, args->argument);
	case 'o':
		params_null(out);
		break;
	case 't':
		if (args->token != NULL)
			params_uuid(out, *args->token);
		else
			params_null(out);
		break;
	case 'c':
		params_i32(out, args->rows);
		break;
	case 's':
		params_i64(out, (int64_t)args->rotation);
		params_i64(out, (int64_t)args->idle);
		params_i64(out, (int64_t)args->sign);
		break;
	case 'h':
		params_digest(out, args->hash);
		break;
	case 'u':
		params_i32(out, (int32_t)args->uses);
		break;
	case 'd':
		params_i64(out, (int64_t)args->days * 86400);
		break;
	default:
		return put_after(out, kind, args->after);
	}
	return ERR_OK;
}

enum err operations_params(const struct operation *operation,
			   const struct operation_args *args,
			   struct params *out)
{
	enum err e = ERR_OK;

	*out = PARAMS_INIT;
	for (const char *kind = operation->takes; *kind != '\0'; kind++)
		TRY(put(out, *kind, args));
out:
	if (e != ERR_OK)
		params_clear(out);
	return e;
}

/* ---- answers ---- */

enum outcome operations_outcome(const struct operation *operation,
				struct rows *rows)
{
	switch (operation->gives) {
	case OPERATION_DONE:
	case OPERATION_TOKEN:
		return rows_count(rows) == 1 && rows_bool(rows, 0, "done")
			   ? OUTCOME_OK
			   : operation->without;
	case OPERATION_ONE:
	case OPERATION_LIST:
	case OPERATION_CHAIN:
		break;
	}
	return rows_count(rows) > 0 ? OUTCOME_OK : operation->without;
}

struct span operations_json(struct rows *rows, size_t i)
{
	return rows_is_null(rows, i, "json") ? SPAN_EMPTY
					     : rows_text(rows, i, "json");
}

struct span operations_line(struct rows *rows, size_t i)
{
	struct span json = operations_json(rows, i);

	return json.n == 0 || rows_is_null(rows, i, "line")
		   ? json
		   : rows_text(rows, i, "line");
}

void operations_next(const struct operation *operation, int32_t page,
		     struct rows *rows, char at[OPERATION_AT_MAX])
{
	size_t n = rows_count(rows);
	struct span text;

	at[0] = '\0';
	if (strchr(operation->takes, 'c') == NULL || n < (size_t)page ||
	    rows_is_null(rows, n - 1, "at"))
		return;
	text = rows_text(rows, n - 1, "at");
	if (text.n >= OPERATION_AT_MAX)
		return;
	memcpy(at, text.p, text.n);
	at[text.n] = '\0';
}

/* ---- scopes ---- */

static const char *const SCOPES[] = { "read", "write", "export", "erase" };

enum { SCOPE_COUNT = sizeof(SCOPES) / sizeof(*SCOPES) };

static unsigned scope_named(struct span name)
{
	for (unsigned i = 0; i < SCOPE_COUNT; i++)
		if (span_equal(name, span_str(SCOPES[i])))
			return 1U << i;
	return 0;
}

unsigned operations_scopes(struct span text)
{
	unsigned all = 0, one;
	size_t from = 0;

	if (text.n == 0)
		return 0;
	for (size_t i = 0; i <= text.n; i++) {
		if (i < text.n && text.p[i] != ',')
			continue;
		one = scope_named(span_of(text.p + from, i - from));
		if (one == 0)
			return 0;
		all |= one;
		from = i + 1;
	}
	return all;
}

const char *operations_scope_name(unsigned scope)
{
	for (unsigned i = 0; i < SCOPE_COUNT; i++)
		if (scope == 1U << i)
			return SCOPES[i];
	return "";
}
