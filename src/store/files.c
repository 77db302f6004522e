#include "store/files.h"

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

enum err files_put(struct store *store, const struct file_place *place,
		   uint64_t offset, struct span bytes, connection_done *done,
		   void *arg)
{
	struct params params = of_place(place);

	/* once: a buffer that grows copies what it has */
	(void)buf_reserve(&params.bytes, bytes.n + 64);
	params_i64(&params, (int64_t)offset);
	params_i32(&params, (int32_t)(offset / FILES_PIECE));
	params_bytea(&params, bytes);
	return store_move(store, STATEMENT_FILE_APPEND, &params, done, arg);
}

enum err files_read(struct store *store, const struct file_place *place,
		    uint64_t offset, size_t max, connection_done *done,
		    void *arg)
{
	struct params params = of_place(place);

	params_i32(&params, (int32_t)(offset / FILES_PIECE));
	params_i32(&params, (int32_t)(offset % FILES_PIECE));
	params_i32(&params, (int32_t)max);
	return store_move(store, STATEMENT_FILE_READ, &params, done, arg);
}

enum err files_drop(struct store *store, const struct file_place *place,
		    connection_done *done, void *arg)
{
	struct params params = of_place(place);

	return store_move(store, STATEMENT_FILE_DROP, &params, done, arg);
}
