#include "command/copies.h"

#include "command/out.h"

#include <string.h>

#define DETAIL                                                                 \
	"Another copy of this device's state is in use, or this one was put "  \
	"back: #%llu of session %s was not made here. Two that are in use "    \
	"lock each other out: end one of them."

/* A departure is told by whichever device posts it. */
static bool may_be(const struct cmd *cmd, const json_t *entry)
{
	return !json_is_true(json_object_get(entry, "own")) &&
	       strcmp(out_member(entry, "kind"), "departed") != 0 &&
	       strcmp(out_member(entry, "from"), hermetic_username(cmd->h)) ==
		   0;
}

/* The account is known by its fingerprint in sessions with places. */
static bool is_from(const json_t *member, const json_t *entry)
{
	const json_t *account = json_object_get(member, "account");

	return json_equal(json_object_get(member, "device_id"),
			  json_object_get(entry, "device")) &&
	       (account == NULL ||
		json_equal(account, json_object_get(entry, "account")));
}

static bool is_from_own_leaf(struct cmd *cmd, const char *id,
			     const json_t *entry)
{
	json_t *session = NULL;
	const json_t *member;
	bool found = false;
	size_t i;

	struct reason kept = cmd->why; /* of what goes on around this */
	enum err e = cmd_describe(cmd, id, &session);

	cmd->why = kept;
	if (e != ERR_OK)
		return false;
	json_array_foreach(json_object_get(session, "members"), i, member)
	    found |= json_is_true(json_object_get(member, "own")) &&
		     is_from(member, entry);
	json_decref(session);
	return found;
}

json_t *copies_marked(struct cmd *cmd, const char *id, const json_t *entry)
{
	json_t *same = (json_t *)(uintptr_t)entry, *marked;

	if (!may_be(cmd, entry) || !is_from_own_leaf(cmd, id, entry))
		return json_incref(same);
	marked = json_copy(same);
	(void)json_object_set_new(marked, "copy", json_true());
	return marked;
}

static void tell(const struct cmd *cmd, const struct hermetic_event *event)
{
	unsigned long long seq = event->number;
	json_t *line;

	if (!cmd->args->json) {
		(void)fprintf(stderr, "hermetic: " DETAIL "\n", seq,
			      event->session);
		return;
	}
	line = json_pack("{s:s, s:s, s:I, s:o}", "warning", "copied-state",
			 "session_id", event->session, "seq", (json_int_t)seq,
			 "detail", json_sprintf(DETAIL, seq, event->session));
	(void)json_dumpf(line, stderr, JSON_COMPACT | JSON_ENSURE_ASCII);
	(void)fputc('\n', stderr);
	json_decref(line);
}

static bool is_copy(struct cmd *cmd, const struct hermetic_event *event)
{
	json_t *entry, *marked;
	bool is;

	if (event->own || strcmp(event->from, hermetic_username(cmd->h)) != 0)
		return false;
	entry = json_loads(event->json, 0, NULL);
	if (entry == NULL)
		return false;
	marked = copies_marked(cmd, event->session, entry);
	is = marked != entry;
	json_decref(marked);
	json_decref(entry);
	return is;
}

void copies_tell(struct cmd *cmd)
{
	json_t *told = json_object();
	const struct hermetic_event *event;

	while ((event = hermetic_next_event(cmd->h)) != NULL) {
		if (json_object_get(told, event->session) != NULL ||
		    !is_copy(cmd, event))
			continue;
		tell(cmd, event);
		(void)json_object_set_new(told, event->session, json_true());
	}
	json_decref(told);
}
