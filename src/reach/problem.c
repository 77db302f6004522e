#include "reach/problem.h"

#include <stdio.h>
#include <string.h>

/* What a person can do about a problem; NULL: the detail says it all. */
static const char *advice(const char *slug, long status)
{
	static const struct {
		const char *slug, *text;
	} table[] = {
		{ "bad-credentials",
		  "Check the user name and the passphrase, or register." },
		{ "username-taken",
		  "Choose another name, or log in if it is yours." },
		{ "not-invited", "Ask a member to invite you." },
		{ "not-a-member", "Join it first." },
		{ "files-full", "Take back files that nobody needs any more." },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(slug, table[i].slug) == 0)
			return table[i].text;
	if (status == 401)
		return "Log in again.";
	if (status >= 500)
		return "Nothing of yours is lost; try again.";
	return NULL;
}

static enum err from_status(long status, const char *slug)
{
	if (status == 409)
		return strcmp(slug, "epoch-changed") == 0 ? ERR_STATE_EPOCH
							  : ERR_STATE_CONFLICT;
	if (status == 404)
		return ERR_STATE_GONE;
	if (status == 401 || status == 403)
		return ERR_PEER_DENIED;
	if (status == 429 || status >= 500)
		return ERR_LOCAL_BUSY;
	return ERR_PEER_INVALID;
}

/* Of a problem's type, unless that is none of the API's. "usage" is what the command
 * says of itself. */
static void read_slug(long status, const char *type, char slug[48])
{
	static const char prefix[] = "urn:hermetic:problem:";
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	const char *name = type;
	size_t n;

	(void)snprintf(slug, 48, "http-%ld", status);
	if (type == NULL || strncmp(type, prefix, sizeof(prefix) - 1) != 0)
		return;
	name += sizeof(prefix) - 1;
	n = strlen(name);
	if (n > 0 && n < 48 && strspn(name, letters) == n &&
	    strcmp(name, "usage") != 0)
		memcpy(slug, name, n + 1);
}

static enum err explain_status(long status, const char *slug, struct why *why)
{
	const char *next = status == 429 ? "Wait a little and try again."
					 : advice(slug, status);

	if (status >= 300 && status < 400)
		return why_set(
		    why, from_status(status, slug), slug,
		    "The server sends us elsewhere (HTTP %ld), where "
		    "nobody follows: is that its address?",
		    status);
	return why_set(why, from_status(status, slug), slug,
		       "The server refused this (HTTP %ld).%s%s", status,
		       next != NULL ? " " : "", next != NULL ? next : "");
}

/* What a file may have, where the server says so. */
static void put_room(const json_t *problem, char text[64])
{
	const json_t *most = json_object_get(problem, "most");

	text[0] = '\0';
	if (json_is_integer(most))
		(void)snprintf(text, 64, " It takes %lld bytes at most.",
			       (long long)json_integer_value(most));
}

enum err problem_read(long status, const json_t *problem, struct why *why,
		      char slug[48])
{
	const char *text =
	    json_string_value(json_object_get(problem, "detail"));
	char room[64];
	const char *next;

	read_slug(status, json_string_value(json_object_get(problem, "type")),
		  slug);
	if (text == NULL || text[0] == '\0')
		text = json_string_value(json_object_get(problem, "title"));
	if (text == NULL)
		return explain_status(status, slug, why);
	next = advice(slug, status);
	put_room(problem, room);
	return why_set(why, from_status(status, slug), slug,
		       "The server says: %.300s (%s).%s%s%s", text, slug, room,
		       next != NULL ? " " : "", next != NULL ? next : "");
}
