#include "server/edge/head.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

size_t head_length(struct span bytes)
{
	const uint8_t *end =
	    bytes.n >= 4 ? memmem(bytes.p, bytes.n, "\r\n\r\n", 4) : NULL;

	return end != NULL ? (size_t)(end - bytes.p) + 4 : 0;
}

static bool is_token_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

bool head_equals(struct span s, const char *text)
{
	return s.n == strlen(text) &&
	       strncasecmp((const char *)s.p, text, s.n) == 0;
}

/* The bytes up to `c`, and past it; false when it is not there. */
static bool split(struct span *rest, uint8_t c, struct span *part)
{
	const uint8_t *at = rest->n > 0 ? memchr(rest->p, c, rest->n) : NULL;

	if (at == NULL)
		return false;
	*part = span_of(rest->p, (size_t)(at - rest->p));
	rest->n -= part->n + 1;
	rest->p = at + 1;
	return true;
}

static const struct {
	const char *name;
	enum head_method method;
} METHODS[] = { { "GET", HEAD_GET },	    { "POST", HEAD_POST },
		{ "PUT", HEAD_PUT },	    { "DELETE", HEAD_DELETE },
		{ "HEAD", HEAD_HEAD },	    { "PATCH", HEAD_PATCH },
		{ "OPTIONS", HEAD_OPTIONS } };

enum { METHOD_COUNT = sizeof(METHODS) / sizeof(*METHODS) };

const char *head_method_name(enum head_method method)
{
	for (size_t i = 0; i < METHOD_COUNT; i++)
		if (METHODS[i].method == method)
			return METHODS[i].name;
	return "";
}

static int parse_method(struct span text, enum head_method *method)
{
	for (size_t i = 0; i < METHOD_COUNT; i++)
		if (span_equal(text, span_str(METHODS[i].name))) {
			*method = METHODS[i].method;
			return 0;
		}
	for (size_t i = 0; i < text.n; i++)
		if (!is_token_char(text.p[i]))
			return 400;
	return text.n > 0 ? 501 : 400;
}

static int parse_target(struct head *head, struct span target)
{
	if (target.n > HEAD_TARGET_MAX)
		return 414;
	if (target.n == 0 || target.p[0] != '/')
		return 400;
	for (size_t i = 0; i < target.n; i++)
		if (target.p[i] <= ' ' || target.p[i] >= 0x7f)
			return 400;
	head->query = SPAN_EMPTY;
	head->path = target;
	if (split(&target, '?', &head->path))
		head->query = target;
	return 0;
}

static int parse_request_line(struct head *head, struct span line)
{
	struct span method, target;
	int status;

	if (!split(&line, ' ', &method) || !split(&line, ' ', &target))
		return 400;
	status = parse_method(method, &head->method);
	if (status == 0)
		status = parse_target(head, target);
	if (status != 0)
		return status;
	head->http_1_0 = span_equal(line, SPAN_LIT("HTTP/1.0"));
	if (head->http_1_0 || span_equal(line, SPAN_LIT("HTTP/1.1")))
		return 0;
	return line.n == 8 && memcmp(line.p, "HTTP/", 5) == 0 ? 505 : 400;
}

static struct span trim(struct span s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* RFC 9112, 5.1: "No whitespace is allowed between the field name and colon";
 * 5.2: obsolete line folding starts with white space. Both fail as names. */
static int parse_field(struct head *head, struct span line)
{
	struct head_field *field;

	if (head->field_count == HEAD_FIELDS_MAX)
		return 431;
	field = &head->fields[head->field_count++];
	if (!split(&line, ':', &field->name) || field->name.n == 0)
		return 400;
	for (size_t i = 0; i < field->name.n; i++)
		if (!is_token_char(field->name.p[i]))
			return 400;
	field->value = trim(line);
	for (size_t i = 0; i < field->value.n; i++)
		if ((field->value.p[i] < ' ' && field->value.p[i] != '\t') ||
		    field->value.p[i] == 0x7f)
			return 400;
	return 0;
}

bool head_find(const struct head *head, const char *name, struct span *value)
{
	for (size_t i = 0; i < head->field_count; i++)
		if (head_equals(head->fields[i].name, name)) {
			*value = head->fields[i].value;
			return true;
		}
	return false;
}

void head_list(const struct head *head, const char *name, struct buf *out)
{
	bool first = true;

	for (size_t i = 0; i < head->field_count; i++) {
		if (!head_equals(head->fields[i].name, name))
			continue;
		if (!first)
			buf_put_str(out, ", ");
		buf_put(out, head->fields[i].value);
		first = false;
	}
}

bool head_list_has(const struct head *head, const char *name, const char *token)
{
	for (size_t i = 0; i < head->field_count; i++)
		if (head_equals(head->fields[i].name, name) &&
		    head_has_token(head->fields[i].value, token))
			return true;
	return false;
}

bool head_list_after_prefix(const struct head *head, const char *name,
			    const char *prefix, struct span *rest)
{
	for (size_t i = 0; i < head->field_count; i++)
		if (head_equals(head->fields[i].name, name) &&
		    head_after_prefix(head->fields[i].value, prefix, rest))
			return true;
	return false;
}

bool head_next_part(struct span *list, char separator, struct span *part)
{
	if (list->n == 0)
		return false;
	if (!split(list, (uint8_t)separator, part)) {
		*part = *list;
		*list = SPAN_EMPTY;
	}
	*part = trim(*part);
	return true;
}

bool head_has_token(struct span list, const char *token)
{
	struct span part;

	while (head_next_part(&list, ',', &part))
		if (head_equals(part, token))
			return true;
	return false;
}

bool head_after_prefix(struct span list, const char *prefix, struct span *rest)
{
	size_t n = strlen(prefix);
	struct span part;

	while (head_next_part(&list, ',', &part))
		if (part.n >= n && memcmp(part.p, prefix, n) == 0) {
			*rest = span_of(part.p + n, part.n - n);
			return true;
		}
	return false;
}

static size_t count_fields(const struct head *head, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < head->field_count; i++)
		count += head_equals(head->fields[i].name, name);
	return count;
}

/* RFC 9112, 6: where the body ends must be beyond doubt. */
static int parse_framing(struct head *head)
{
	struct span value;
	uint64_t length;
	enum err e;

	if (head_find(head, "Transfer-Encoding", &value))
		return count_fields(head, "Content-Length") > 0 ? 400 : 411;
	if (count_fields(head, "Content-Length") > 1)
		return 400;
	if (!head_find(head, "Content-Length", &value))
		return 0;
	e = text_parse_u64(&length, value, SIZE_MAX / 2);
	if (e != ERR_OK)
		return e == ERR_PEER_TOO_LARGE ? 413 : 400;
	/* a body where none belongs is where readers disagree */
	if (length > 0 &&
	    (head->method == HEAD_GET || head->method == HEAD_HEAD ||
	     head->method == HEAD_OPTIONS))
		return 400;
	head->has_body = true;
	head->content_length = (size_t)length;
	return 0;
}

/* RFC 9110, 5.3: a field that is no list has one line. Of two, one reader takes the
 * first and another the last. */
static bool has_doubled(const struct head *head)
{
	static const char *const ONCE[] = {
		"Authorization",
		"Content-Type",
		"If-Range",
		"Origin",
		"Range",
		"Sec-WebSocket-Key",
		"Sec-WebSocket-Version",
		"Upload-Complete",
		"Upload-Length",
		"Upload-Offset",
	};

	for (size_t i = 0; i < sizeof(ONCE) / sizeof(ONCE[0]); i++)
		if (count_fields(head, ONCE[i]) > 1)
			return true;
	return false;
}

/* RFC 3986, 3.2.2 and 3.2.3, without user information: a name or an address, and a port. */
static bool is_host(struct span host)
{
	for (size_t i = 0; i < host.n; i++) {
		uint8_t c = host.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') &&
		    (c == '\0' || strchr("-._~!$&'()*+;=%:[]", c) == NULL))
			return false;
	}
	return true;
}

static int parse_connection(struct head *head)
{
	struct span value;

	/* RFC 9112, 3.2: exactly one Host, which is one */
	if (!head->http_1_0 && count_fields(head, "Host") != 1)
		return 400;
	if (head_find(head, "Host", &value) && !is_host(value))
		return 400;
	/* RFC 9110, 8.4: no coding of a body is read here */
	if (head_find(head, "Content-Encoding", &value) &&
	    !head_equals(value, "identity"))
		return 415;
	head->keep_alive =
	    !head->http_1_0 && !head_list_has(head, "Connection", "close");
	if (head_find(head, "Expect", &value) && !head->http_1_0) {
		if (!head_equals(value, "100-continue"))
			return 417;
		head->expects_continue = true;
	}
	return 0;
}

int head_parse(struct head *head, struct span bytes)
{
	struct span line;
	int status = 0;
	bool first = true;

	head->field_count = 0;
	head->content_length = 0;
	head->has_body = head->expects_continue = false;
	while (bytes.n > 2 && status == 0) {
		if (!split(&bytes, '\n', &line) || line.n == 0 ||
		    line.p[line.n - 1] != '\r')
			return 400; /* a bare LF */
		line.n--;
		if (memchr(line.p, '\r', line.n) != NULL ||
		    memchr(line.p, '\0', line.n) != NULL)
			return 400;
		status = first ? parse_request_line(head, line)
			       : parse_field(head, line);
		first = false;
	}
	if (status == 0 && first)
		return 400;
	if (status == 0)
		status = has_doubled(head) ? 400 : parse_framing(head);
	return status != 0 ? status : parse_connection(head);
}
