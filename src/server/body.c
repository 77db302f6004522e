#include "server/body.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

bool body_parse(struct body *body, struct span text)
{
	json_error_t error;

	*body = (struct body){ .bytes = BUF_INIT };
	body->json = (struct json_t *)json_loadb(
	    (const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &error);
	if (json_is_object((json_t *)body->json)) {
		/* one allocation: spans into it must not move */
		(void)buf_reserve(&body->bytes, text.n + 1);
		return true;
	}
	body_free(body);
	return false;
}

bool body_read(struct body *body, struct request *req)
{
	struct span type = SPAN_EMPTY;

	if (!request_header(req, "Content-Type", &type) ||
	    type.n < strlen("application/json") ||
	    strncmp((const char *)type.p, "application/json",
		    strlen("application/json")) != 0) {
		request_problem(req, OUTCOME_UNSUPPORTED_MEDIA_TYPE, NULL);
		return false;
	}
	if (body_parse(body, request_body(req)))
		return true;
	request_problem(req, OUTCOME_MALFORMED,
			"the body must be a JSON object");
	return false;
}

void body_free(struct body *body)
{
	json_decref((json_t *)body->json);
	body->json = NULL;
	buf_clear(&body->bytes);
}

static void fault(struct body *body, const char *name, const char *why)
{
	if (body->fault != NULL)
		return;
	(void)snprintf(body->fault_text, sizeof(body->fault_text), "%s %s",
		       name, why);
	body->fault = body->fault_text;
}

static json_t *member(struct body *body, const char *name)
{
	if (body->wanted_count < BODY_MEMBERS_MAX)
		body->wanted[body->wanted_count++] = name;
	return json_object_get((json_t *)body->json, name);
}

const char *body_optional_text(struct body *body, const char *name)
{
	const json_t *value = member(body, name);

	if (value == NULL || json_is_null(value))
		return NULL;
	if (!json_is_string(value)) {
		fault(body, name, "must be a string");
		return NULL;
	}
	return json_string_value(value);
}

const char *body_text(struct body *body, const char *name)
{
	const char *text = body_optional_text(body, name);

	if (text != NULL)
		return text;
	fault(body, name, "must be a string");
	return "";
}

bool body_optional_uuid(struct body *body, const char *name, struct uuid *out)
{
	const char *text = body_optional_text(body, name);

	*out = (struct uuid){ { 0 } };
	if (text == NULL)
		return false;
	if (uuid_parse(out, span_str(text)) != ERR_OK)
		fault(body, name, "must be a UUID");
	return true;
}

struct uuid body_uuid(struct body *body, const char *name)
{
	struct uuid uuid;

	if (!body_optional_uuid(body, name, &uuid))
		fault(body, name, "must be a UUID");
	return uuid;
}

static struct span decode(struct body *body, const char *name, const char *text,
			  size_t max)
{
	size_t start = body->bytes.n;

	if (text_base64(&body->bytes, span_str(text)) != ERR_OK) {
		fault(body, name, "must be base64");
		return SPAN_EMPTY;
	}
	if (body->bytes.n - start > max)
		fault(body, name, "is too large");
	return span_of(body->bytes.p + start, body->bytes.n - start);
}

struct span body_optional_bytes(struct body *body, const char *name, size_t max)
{
	const char *text = body_optional_text(body, name);

	return text != NULL ? decode(body, name, text, max) : SPAN_EMPTY;
}

struct span body_bytes(struct body *body, const char *name, size_t max)
{
	struct span bytes = body_optional_bytes(body, name, max);

	if (bytes.n == 0)
		fault(body, name, "must be bytes in base64");
	return bytes;
}

bool body_optional_number(struct body *body, const char *name, uint64_t max,
			  uint64_t *out)
{
	const json_t *value = member(body, name);
	json_int_t number = json_integer_value(value);

	*out = 0;
	if (value == NULL)
		return false;
	if (!json_is_integer(value) || number < 0 || (uint64_t)number > max)
		fault(body, name, "must be a whole number in range");
	else
		*out = (uint64_t)number;
	return true;
}

bool body_optional_flag(struct body *body, const char *name)
{
	const json_t *value = member(body, name);

	if (value != NULL && !json_is_boolean(value))
		fault(body, name, "must be true or false");
	return json_is_true(value);
}

uint64_t body_number(struct body *body, const char *name, uint64_t max)
{
	uint64_t number;

	if (!body_optional_number(body, name, max, &number))
		fault(body, name, "must be a whole number");
	return number;
}

size_t body_texts(struct body *body, const char *name,
		  const char *out[BODY_ITEMS_MAX])
{
	json_t *array = member(body, name), *item;
	size_t i;

	if (array == NULL)
		return 0;
	if (!json_is_array(array) || json_array_size(array) > BODY_ITEMS_MAX) {
		fault(body, name, "must be an array of at most 128 strings");
		return 0;
	}
	json_array_foreach(array, i, item)
	{
		out[i] = json_string_value(item);
		if (out[i] == NULL) {
			fault(body, name, "must be an array of strings");
			return 0;
		}
	}
	return json_array_size(array);
}

size_t body_numbers(struct body *body, const char *name, uint64_t max,
		    uint64_t out[BODY_ITEMS_MAX])
{
	json_t *array = member(body, name), *item;
	size_t i;

	if (array == NULL)
		return 0;
	if (!json_is_array(array) || json_array_size(array) > BODY_ITEMS_MAX) {
		fault(body, name, "must be an array of at most 128 numbers");
		return 0;
	}
	json_array_foreach(array, i, item)
	{
		if (!json_is_integer(item) || json_integer_value(item) < 0 ||
		    (uint64_t)json_integer_value(item) > max) {
			fault(body, name, "must be an array of whole numbers");
			return 0;
		}
		out[i] = (uint64_t)json_integer_value(item);
	}
	return json_array_size(array);
}

static bool was_wanted(const struct body *body, const char *name)
{
	for (size_t i = 0; i < body->wanted_count; i++)
		if (strcmp(body->wanted[i], name) == 0)
			return true;
	return false;
}

bool body_is_good(struct body *body)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)body->json, name,
			    value) if (!was_wanted(body, name))
	    fault(body, "a member", "is not known here");
	return body->fault == NULL;
}

bool body_end(struct body *body, struct request *req)
{
	if (body_is_good(body))
		return true;
	request_problem(req, OUTCOME_MALFORMED, body->fault);
	body_free(body);
	return false;
}
