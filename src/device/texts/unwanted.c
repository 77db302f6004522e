#include "device/texts/unwanted.h"

#include "device/steps.h"

#define NOTE "unwanted"
#define FILES_MAX 64 /* that wait for a server; of more the last ones */

enum err unwanted_note(struct device *d, const json_t *entry)
{
	const char *file = record_string(json_object_get(entry, "file"), "id");
	json_t *list = json_object_get(d->open.notes, NOTE);

	if (file == NULL)
		return ERR_OK;
	if (list == NULL) {
		list = json_array();
		(void)json_object_set_new(d->open.notes, NOTE, list);
	}
	if (json_array_size(list) == FILES_MAX)
		(void)json_array_remove(list, 0);
	return json_array_append_new(list, json_string(file)) == 0
		   ? ERR_OK
		   : ERR_LOCAL_MEMORY;
}

static const char *first(const struct device *d)
{
	return json_string_value(
	    json_array_get(json_object_get(d->open.notes, NOTE), 0));
}

/* Nothing that was ordered waits for it, or fails with it. */
static bool drop_due(struct device *d)
{
	return d->open.session != NULL && !d->work.unanswered &&
	       core_is_settled(d) && first(d) != NULL;
}

static enum err drop_ask(struct device *d, struct request *request)
{
	request->kind = REQUEST_DROP_FILE;
	request->session = d->open.id;
	request->file = first(d);
	return ERR_OK;
}

/* A server that refuses has nothing that this account could have deleted. */
static enum err drop_take(struct device *d, const struct answer *answer)
{
	if (answer->result != ERR_OK && work_is_passing(answer)) {
		d->work.unanswered = true;
		return ERR_OK;
	}
	(void)json_array_remove(json_object_get(d->open.notes, NOTE), 0);
	if (first(d) == NULL)
		(void)json_object_del(d->open.notes, NOTE);
	work_changed(d);
	work_news(d);
	return ERR_OK;
}

const struct step unwanted_step_drop = { "unwanted file", NULL,
					 drop_due,	  NULL,
					 drop_ask,	  drop_take };
