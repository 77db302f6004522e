#include "store/files.h"

#include <stdlib.h>

#include "base/log.h"

static struct objects *objects; /* NULL: there are none */

void files_use(struct objects *o)
{
	objects = o;
}

size_t files_room(uint64_t offset)
{
	return FILES_PIECE - (size_t)(offset % FILES_PIECE);
}

static struct params of_place(const struct file_place *place)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, place->session);
	params_uuid(&params, place->device);
	params_uuid(&params, place->file);
	return params;
}

/* Of `bytes`, or of the object that has them. */
static enum err append(struct store *store, const struct file_place *place,
		       uint64_t offset, struct span bytes,
		       const struct uuid *object, connection_done *done,
		       void *arg)
{
	struct params params = of_place(place);

	/* once: a buffer that grows copies what it has */
	if (object == NULL)
		(void)buf_reserve(&params.bytes, bytes.n + 80);
	params_i64(&params, (int64_t)offset);
	params_i32(&params, (int32_t)(offset / FILES_PIECE));
	if (object == NULL) {
		params_bytea(&params, bytes);
		params_null(&params);
	} else {
		params_null(&params);
		params_uuid(&params, *object);
	}
	return store_move(store, STATEMENT_FILE_APPEND, &params, done, arg);
}

static enum err there_are_none(void)
{
	LOG(ERROR, "a file is in a store of objects, and none is named",
	    LOG_STR("setting", "HERMETIC_OBJECTS_URL"));
	return ERR_LOCAL_BUSY;
}

/* ---- bytes go to an object ----
 *
 * A row says that it comes, so that it goes if nothing more is heard of it; then the
 * store takes it; then it is the file's, and only that is told. */

struct putting {
	struct store *store;
	struct file_place place;
	uint64_t offset;
	struct span bytes;
	struct uuid object;
	connection_done *done;
	void *arg;
};

static void fail_putting(struct putting *p, enum err e)
{
	p->done(p->arg, e, NULL);
	free(p);
}

static void on_ended(void *arg, enum err e, struct rows *rows)
{
	(void)arg;
	(void)e;
	(void)rows;
}

/* Where this cannot be said it goes when its time is over. */
static void end_object(const struct putting *p)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, p->place.session);
	params_uuid(&params, p->object);
	if (store_move(p->store, STATEMENT_FILE_OBJECT_END, &params, on_ended,
		       NULL) != ERR_OK)
		LOG(WARN, "an object is not known to go yet",
		    LOG_STR("why", "the statements' queue is full"));
}

static void on_put(void *arg, enum err e, struct span none)
{
	struct putting *p = arg;

	(void)none;
	if (e == ERR_OK)
		e = append(p->store, &p->place, p->offset, p->bytes, &p->object,
			   p->done, p->arg);
	if (e == ERR_OK) {
		free(p);
		return;
	}
	if (e == ERR_LOCAL_BUSY)
		end_object(p);
	fail_putting(p, e);
}

/* What is refused is told as of an append. */
static void on_begun(void *arg, enum err e, struct rows *rows)
{
	struct putting *p = arg;

	if (e == ERR_OK && rows_count(rows) == 1 &&
	    rows_is_null(rows, 0, "object_id")) {
		p->done(p->arg, e, rows);
		free(p);
		return;
	}
	if (e == ERR_OK && rows_count(rows) == 1)
		p->object = rows_uuid(rows, 0, "object_id");
	else if (e == ERR_OK)
		e = ERR_LOCAL_BUSY;
	if (e == ERR_OK)
		e = rows_end(rows);
	if (e == ERR_OK)
		e = objects_put(objects, p->object, p->bytes, on_put, p);
	if (e != ERR_OK)
		fail_putting(p, e);
}

static enum err put_object(struct store *store, const struct file_place *place,
			   uint64_t offset, struct span bytes,
			   connection_done *done, void *arg)
{
	struct putting *p = malloc(sizeof(*p));
	struct params params = PARAMS_INIT;
	enum err e;

	if (p == NULL)
		return ERR_LOCAL_MEMORY;
	*p = (struct putting){ .store = store,
			       .place = *place,
			       .offset = offset,
			       .bytes = bytes,
			       .done = done,
			       .arg = arg };
	params_uuid(&params, place->session);
	params_uuid(&params, place->file);
	params_i64(&params, (int64_t)offset);
	params_i32(&params, (int32_t)bytes.n);
	params_i32(&params, FILES_PIECE);
	e = store_move(store, STATEMENT_FILE_OBJECT_BEGIN, &params, on_begun,
		       p);
	if (e != ERR_OK)
		free(p);
	return e;
}

enum err files_put(struct store *store, const struct file_place *place,
		   uint64_t offset, struct span bytes, connection_done *done,
		   void *arg)
{
	if (!place->objects)
		return append(store, place, offset, bytes, NULL, done, arg);
	if (objects == NULL)
		return there_are_none();
	return put_object(store, place, offset, bytes, done, arg);
}

/* ---- reading ---- */

struct reading {
	uint64_t offset;
	size_t max;
	files_read_done *done;
	void *arg;
};

static void end_reading(struct reading *r, enum err e, struct span bytes)
{
	r->done(r->arg, e, bytes);
	free(r);
}

static void on_row(void *arg, enum err e, struct rows *rows)
{
	struct span bytes = SPAN_EMPTY;

	if (e == ERR_OK && rows_count(rows) == 1)
		bytes = rows_bytes(rows, 0, "bytes");
	if (e == ERR_OK)
		e = rows_end(rows);
	end_reading(arg, e, e == ERR_OK ? bytes : SPAN_EMPTY);
}

static void on_got(void *arg, enum err e, struct span bytes)
{
	end_reading(arg, e, bytes);
}

static void on_found(void *arg, enum err e, struct rows *rows)
{
	struct uuid object = { { 0 } };
	struct reading *r = arg;
	uint64_t from = 0, end = 0;
	size_t n = 0;

	if (e == ERR_OK && rows_count(rows) == 1) {
		object = rows_uuid(rows, 0, "object_id");
		from = r->offset - (uint64_t)rows_i64(rows, 0, "start");
		end = (uint64_t)rows_i64(rows, 0, "size");
		n = end - from < r->max ? (size_t)(end - from) : r->max;
	}
	if (e == ERR_OK)
		e = rows_end(rows);
	if (e == ERR_OK && n > 0)
		e = objects_get(objects, object, from, n, on_got, r);
	if (e != ERR_OK || n == 0)
		end_reading(r, e, SPAN_EMPTY);
}

enum err files_read(struct store *store, const struct file_place *place,
		    uint64_t offset, size_t max, files_read_done *done,
		    void *arg)
{
	struct params params = PARAMS_INIT;
	struct reading *r;
	enum err e;

	if (place->objects && objects == NULL)
		return there_are_none();
	r = malloc(sizeof(*r));
	if (r == NULL)
		return ERR_LOCAL_MEMORY;
	*r = (struct reading){ offset, max, done, arg };
	params = of_place(place);
	if (place->objects) {
		params_i64(&params, (int64_t)offset);
	} else {
		params_i32(&params, (int32_t)(offset / FILES_PIECE));
		params_i32(&params, (int32_t)(offset % FILES_PIECE));
		params_i32(&params, (int32_t)max);
	}
	e = store_move(store,
		       place->objects ? STATEMENT_FILE_OBJECT_FIND
				      : STATEMENT_FILE_READ,
		       &params, place->objects ? on_found : on_row, r);
	if (e != ERR_OK)
		free(r);
	return e;
}

enum err files_drop(struct store *store, const struct file_place *place,
		    connection_done *done, void *arg)
{
	struct params params = of_place(place);

	return store_move(store, STATEMENT_FILE_DROP, &params, done, arg);
}
