/* Files of a device without input and output: their bytes sealed and opened, their ciphertext
 * to a server and from it. */
#include "hermetic/core_inside.h"

#include "device/texts/attached.h"
#include "device/texts/outbox_keys.h"
#include "hermetic/inside.h"
#include "reach/look.h"
#include "reach/transfer_plan.h"
#include "reach/upload_book.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE (4 * 262144) /* bytes of one request */
#define FILE_KEY_SIZE 65   /* of the message that names it */

_Static_assert(HERMETIC_FILE_TAG == SUITE_AEAD_TAG, "the same tag");

struct hermetic_file {
	struct attachment is;
	struct attachment_stream *stream; /* NULL: it has ended */
	bool seals;
	bool begun; /* its key has sealed these bytes before */
	bool said;  /* and a message names them */
	bool whole; /* all bytes were passed, and are those */
	uint64_t passed;
	char session[TEXT_UUID_SIZE], record[UPLOAD_RECORD_SIZE];
	char id[TEXT_UUID_SIZE], key[FILE_KEY_SIZE];
	struct hermetic_file_facts facts;

	bool moves; /* `plan` has begun */
	struct transfer_plan plan;
	struct transfer_step step;
	struct hermetic_transfer transfer;
};

void hermetic_file_free(struct hermetic_file *file)
{
	if (file == NULL)
		return;
	attachment_free(file->stream);
	attachment_clear(&file->is);
	free(file);
}

enum err core_file_order(struct hermetic_core *core,
			 const struct hermetic_file *file, struct order *order)
{
	if (file->seals && !file->whole)
		return why_replace(&core->why, ERR_PEER_INVALID, "usage",
				   "A file is sealed to its end before it is "
				   "said.");
	order->file = &file->is;
	order->key = file->key;
	if (!file->said)
		memcpy(core->upload, file->record, sizeof(core->upload));
	return ERR_OK;
}

/* Texts end with a NUL for who asks. */
static enum err state_facts(struct hermetic_file *file)
{
	enum err e;

	buf_put_u8(&file->is.name, 0);
	buf_put_u8(&file->is.type, 0);
	TRY(buf_end(&file->is.name));
	TRY(buf_end(&file->is.type));
	file->is.name.n--;
	file->is.type.n--;
	memcpy(file->id, uuid_text(file->is.id).text, sizeof(file->id));
	file->facts.id = file->id;
	file->facts.name = (const char *)file->is.name.p;
	file->facts.type = (const char *)file->is.type.p;
out:
	return e;
}

const struct hermetic_file_facts *hermetic_file_facts(
    const struct hermetic_file *file)
{
	return file != NULL ? &file->facts : NULL;
}

static void count(struct hermetic_file *file, uint64_t size)
{
	file->facts.size = size;
	file->facts.sealed_size = attachment_sealed_size(size);
}

/* ---- beginning ---- */

/* The key of a sending that was cut off seals the same bytes again, and no others. */
static enum err find(struct hermetic_core *core, struct hermetic_file *file)
{
	json_t *record = NULL;
	enum err e = record_get(&core->store, file->record, &record);

	if (e == ERR_STATE_GONE)
		return ERR_OK;
	TRY(e);
	TRY(attached_get(record, &file->is));
	file->begun = true;
out:
	json_decref(record);
	return e;
}

/* If a file was said under the caller's key, this one is sealed by that file's key, and their
 * hashes say whether both are the same; if not, the file gets a key of its own. */
static enum err begin(struct hermetic_core *core, const struct suite *suite,
		      const struct hermetic_file_wish *wish,
		      struct hermetic_file *file)
{
	struct attachment wanted = { .size = 0 }, said = { .size = 0 };
	enum err e;

	TRY(upload_describe(wish->name, wish->type, &wanted));
	e = upload_said(core->device, wish->session, file->key, &wanted,
			&core->why, &said);
	file->said = file->begun = e == ERR_OK;
	if (file->said) {
		file->is = said;
		said = (struct attachment){ .size = 0 };
	}
	if (e != ERR_STATE_GONE)
		goto out;
	TRY(attachment_make(suite, core->ports.rng, &file->is));
	file->is.name = wanted.name;
	file->is.type = wanted.type;
	wanted = (struct attachment){ .size = 0 };
out:
	attachment_clear(&wanted);
	attachment_clear(&said);
	return e;
}

/* The message gets the caller's key, or, if that is too long, the digest in the record's
 * name. */
static void set_key(struct hermetic_file *file, const char *given)
{
	const size_t n = strlen(given);
	const char *key =
	    n > 0 && n < FILE_KEY_SIZE ? given : strrchr(file->record, '/') + 1;

	(void)snprintf(file->key, sizeof(file->key), "%s", key);
}

static enum err seal(struct hermetic_core *core, const void *given,
		     struct hermetic_file *file)
{
	struct hermetic_file_wish wish;
	const struct suite *suite;
	enum err e;

	if (given == NULL || !inside_take(&wish, sizeof(wish), given) ||
	    wish.session == NULL || wish.name == NULL || wish.key == NULL ||
	    !uuid_is_text(span_str(wish.session)))
		return why_replace(&core->why, ERR_PEER_INVALID, "usage",
				   "struct hermetic_file_wish wants its size, "
				   "a session, a name and a key.");
	memcpy(file->session, wish.session, TEXT_UUID_SIZE);
	TRY(look_suite(core->device, wish.session, &core->why, &suite));
	TRY(upload_name(wish.session, span_str(wish.key), file->record));
	set_key(file, wish.key);
	TRY(find(core, file));
	if (!file->begun)
		TRY(begin(core, suite, &wish, file));
	TRY(attachment_begin(&file->is, true, &file->stream));
	TRY(state_facts(file));
out:
	return e;
}

static enum hermetic_result begun(struct hermetic_core *core, enum err e,
				  struct hermetic_file *file,
				  struct hermetic_file **out)
{
	if (e == ERR_OK)
		*out = file;
	else
		hermetic_file_free(file);
	return core_inside_conclude(core, e);
}

enum hermetic_result hermetic_core_file_seal(
    struct hermetic_core *core, const struct hermetic_file_wish *wish,
    struct hermetic_file **out)
{
	struct hermetic_file *file;
	enum err e = ERR_LOCAL_MEMORY;

	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	CORE_TAKES(core, ARGUMENT_POINTER, out);
	file = calloc(1, sizeof(*file));
	if (file != NULL) {
		file->seals = true;
		e = seal(core, wish, file);
	}
	return begun(core, e, file, out);
}

static enum err open_file(struct hermetic_core *core, const char *session,
			  uint64_t number, struct hermetic_file *file)
{
	enum err e = device_file(core->device, session, number, &file->is);

	if (e == ERR_STATE_GONE)
		e = why_set(&core->why, e, "no-file",
			    "Message #%llu names no file that is known here.",
			    (unsigned long long)number);
	TRY(e);
	memcpy(file->session, session, TEXT_UUID_SIZE);
	upload_key(file->is.id, file->key);
	TRY(attachment_begin(&file->is, false, &file->stream));
	TRY(state_facts(file));
	count(file, file->is.size);
out:
	return e;
}

enum hermetic_result hermetic_core_file_open(struct hermetic_core *core,
					     const char *session,
					     uint64_t number,
					     struct hermetic_file **out)
{
	struct hermetic_file *file;
	enum err e = ERR_LOCAL_MEMORY;

	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	CORE_TAKES(core, ARGUMENT_SESSION, session);
	CORE_TAKES(core, ARGUMENT_POINTER, out);
	file = calloc(1, sizeof(*file));
	if (file != NULL)
		e = open_file(core, session, number, file);
	return begun(core, e, file, out);
}

/* ---- bytes ---- */

static enum err pass(struct hermetic_core *core, struct hermetic_file *file,
		     struct span in, uint8_t *out)
{
	enum err e;

	if (file->stream == NULL)
		return why_replace(&core->why, ERR_PEER_INVALID, "usage",
				   "All of that file was passed before.");
	if (file->seals && in.n > ATTACHMENT_MAX - file->passed)
		return why_set(&core->why, ERR_PEER_TOO_LARGE, "too-large",
			       "That is larger than a file may be.");
	/* a server that gives more than there is */
	ENSURE(file->seals || in.n <= file->is.size - file->passed,
	       ERR_PEER_CRYPTO);
	TRY(attachment_pass(file->stream, in, out));
	file->passed += in.n;
	if (file->seals)
		count(file, file->passed);
out:
	return e;
}

enum hermetic_result hermetic_core_file_pass(struct hermetic_core *core,
					     struct hermetic_file *file,
					     const void *in, size_t size,
					     void *out)
{
	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	CORE_TAKES(core, ARGUMENT_POINTER, file);
	if (size > 0) {
		CORE_TAKES(core, ARGUMENT_POINTER, in);
		CORE_TAKES(core, ARGUMENT_POINTER, out);
	}
	return core_inside_conclude(core,
				    pass(core, file, span_of(in, size), out));
}

/* Writes the record, or removes it. */
static enum err keep(struct hermetic_core *core, const char *name,
		     const struct attachment *file)
{
	const uint64_t now_s = core->ports.now_ms(core->ports.clock) / 1000;
	json_t *record = json_object();
	bool changed;
	enum err e;

	ENSURE(record != NULL, ERR_LOCAL_MEMORY);
	if (file != NULL)
		TRY(attached_put(record, file));
	TRY(core->store.begin(core->store.context, &changed));
	if (file != NULL)
		e = record_put(&core->store, name, record);
	else
		e = core->store.remove(core->store.context, name);
	if (e == ERR_OK)
		e = upload_note(&core->store, name, file != NULL, now_s);
	if (e == ERR_OK)
		e = core->store.commit(core->store.context);
	else
		core->store.rollback(core->store.context);
out:
	json_decref(record);
	return e;
}

enum err core_file_said(struct hermetic_core *core)
{
	enum err e = ERR_OK;

	if (core->upload[0] != '\0')
		e = keep(core, core->upload, NULL);
	core->upload[0] = '\0';
	return e;
}

static enum err end_sealed(struct hermetic_core *core,
			   struct hermetic_file *file,
			   uint8_t tag[SUITE_AEAD_TAG])
{
	uint8_t hash[ATTACHMENT_HASH];
	enum err e;

	TRY(attachment_seal_end(file->stream, tag, hash));
	if (!file->begun) {
		memcpy(file->is.hash, hash, sizeof(hash));
		file->is.size = file->passed;
		TRY(keep(core, file->record, &file->is));
	} else if (!attachment_is(&file->is, file->passed, hash)) {
		if (file->said)
			return outbox_keys_reused(&core->why, file->key);
		TRY(keep(core, file->record, NULL));
		e = why_set(&core->why, ERR_STATE_CONFLICT, "file-changed",
			    "Under that key another file was sealed before.");
	}
	TRY(e);
	file->whole = true;
	count(file, file->passed);
out:
	return e;
}

enum hermetic_result hermetic_core_file_end(
    struct hermetic_core *core, struct hermetic_file *file,
    unsigned char tag[HERMETIC_FILE_TAG])
{
	enum err e;

	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	CORE_TAKES(core, ARGUMENT_POINTER, file);
	CORE_TAKES(core, ARGUMENT_POINTER, tag);
	if (file->stream == NULL)
		e = why_replace(&core->why, ERR_PEER_INVALID, "usage",
				"That file has ended before.");
	else if (file->seals)
		e = end_sealed(core, file, tag);
	else if (file->passed != file->is.size)
		e = ERR_PEER_CRYPTO;
	else
		e = attachment_open_end(file->stream, tag);
	if (e == ERR_PEER_CRYPTO)
		e = why_set(&core->why, e, "file-differs",
			    "What the server has is not the file that the "
			    "message names.");
	attachment_free(file->stream);
	file->stream = NULL;
	return core_inside_conclude(core, e);
}

/* ---- to the server, and from it ---- */

enum hermetic_turn hermetic_core_file_turn(
    struct hermetic_core *core, struct hermetic_file *file,
    const struct hermetic_transfer **transfer, uint32_t *wait_ms)
{
	if (!core_inside_is_usable(core) || file == NULL || file->said)
		return HERMETIC_TURN_DONE;
	if (!file->moves)
		transfer_plan_begin(&file->plan, file->seals, file->session,
				    file->is.id, file->facts.sealed_size, 0,
				    PIECE);
	file->moves = true;
	switch (transfer_plan_turn(&file->plan, &file->step)) {
	case TRANSFER_ASK:
		file->transfer = (struct hermetic_transfer){
			.method = file->step.method,
			.path = file->step.path,
			.headers = file->step.headers,
			.from = file->step.from,
			.count = file->step.count,
		};
		*transfer = &file->transfer;
		return HERMETIC_TURN_ASK;
	case TRANSFER_WAIT:
		*wait_ms = file->step.wait_ms;
		return HERMETIC_TURN_WAIT;
	case TRANSFER_DONE:
		break;
	}
	return HERMETIC_TURN_DONE;
}

void hermetic_core_file_answer(struct hermetic_core *core,
			       struct hermetic_file *file, int status,
			       const char *body, size_t size,
			       uint64_t upload_offset, uint64_t fetched)
{
	json_t *read = core_inside_read(body, size);
	struct why why = { 0 };
	char slug[48] = "";
	enum err e;

	if (!core_inside_is_usable(core) || file == NULL)
		goto out;
	e = core_inside_status(status, read, &why, slug);
	/* a server that gives all of it has not read the range */
	if (e == ERR_OK && !file->seals && status != 206)
		e = ERR_PEER_MALFORMED;
	transfer_plan_take(&file->plan, e, &why, upload_offset, fetched);
out:
	json_decref(read);
}

enum hermetic_result hermetic_core_file_outcome(struct hermetic_core *core,
						struct hermetic_file *file)
{
	enum err e = ERR_STATE_PENDING;

	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	CORE_TAKES(core, ARGUMENT_POINTER, file);
	if (file->moves && file->plan.ended) {
		core->why = file->plan.why;
		e = file->plan.result;
	} else if (file->said && file->whole) {
		e = ERR_OK;
	}
	return core_inside_conclude(core, e);
}
