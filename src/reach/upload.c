#include "reach/upload.h"

#include "base/digest.h"
#include "crypto/hash.h"
#include "device/attached.h"
#include "reach/sealing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FOLDER "files"
#define KEPT_S (2 * 24 * 3600) /* what nobody goes on with */

static enum err cannot_read(struct account *a, const char *path)
{
	return why_set(&a->why, ERR_PEER_INVALID, "file",
		       "%.200s cannot be read, or is no file.", path);
}

static enum err cannot_keep(struct account *a)
{
	return why_set(&a->why, ERR_LOCAL_IO, "file",
		       "There is no room for the sealed file below %.200s.",
		       a->home);
}

/* ---- what it is ---- */

static const char *type_of(const char *name)
{
	static const char *const types[][2] = {
		{ ".txt", "text/plain" },      { ".md", "text/markdown" },
		{ ".pdf", "application/pdf" }, { ".png", "image/png" },
		{ ".jpg", "image/jpeg" },      { ".jpeg", "image/jpeg" },
		{ ".gif", "image/gif" },       { ".webp", "image/webp" },
		{ ".mp3", "audio/mpeg" },      { ".ogg", "audio/ogg" },
		{ ".mp4", "video/mp4" },       { ".webm", "video/webm" },
		{ ".zip", "application/zip" },
	};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot != NULL && i < sizeof(types) / sizeof(*types);
	     i++)
		if (strcasecmp(dot, types[i][0]) == 0)
			return types[i][1];
	return "application/octet-stream";
}

static enum err describe(const char *path, struct attachment *file)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	struct span text = text_cut(span_str(name), ATTACHMENT_NAME_MAX);

	if (text.n == 0 || !text_is_utf8(text))
		text = SPAN_LIT("file");
	buf_put(&file->name, text);
	buf_put_str(&file->type, type_of(name));
	return file->name.fail != ERR_OK ? file->name.fail : file->type.fail;
}

static enum err name_record(const char *session, const char *path,
			    char record[128])
{
	struct buf text = BUF_INIT;
	struct digest digest;
	enum err e;

	TRY(hash_one(span_str(path), digest.bytes));
	buf_putf(&text, "upload/%s/", session);
	digest_put(&text, digest);
	buf_put_u8(&text, 0);
	TRY(buf_end(&text));
	ENSURE(text.n <= 128, ERR_LOCAL_BUG);
	memcpy(record, text.p, text.n);
out:
	buf_clear(&text);
	return e;
}

/* ---- where its ciphertext is ---- */

static enum err name_sealed(const struct account *a, struct uuid id,
			    struct buf *path)
{
	buf_putf(path, "%s/" FOLDER "/", a->home);
	uuid_put(path, id);
	buf_put_u8(path, 0);
	return path->fail;
}

/* What nobody goes on with leaves the folder. */
static void sweep(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	struct stat is;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (fstatat(dirfd(dir), entry->d_name, &is,
			    AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(is.st_mode) && is.st_mtime < time(NULL) - KEPT_S)
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	(void)closedir(dir);
}

static enum err make_folder(struct account *a)
{
	struct buf path = BUF_INIT;
	enum err e;

	buf_putf(&path, "%s/" FOLDER, a->home);
	buf_put_u8(&path, 0);
	TRY(buf_end(&path));
	if (mkdir((const char *)path.p, 0700) != 0 && errno != EEXIST)
		TRY(cannot_keep(a));
	sweep((const char *)path.p);
out:
	buf_clear(&path);
	return e;
}

/* ---- records of uploads ---- */

/* The book has when each was begun: {RECORD: seconds…}. */
#define BOOK "uploads"

static enum err open_book(struct account *a, json_t **book)
{
	enum err e = record_get(&a->store, BOOK, book);

	if (e != ERR_STATE_GONE)
		return e;
	*book = json_object();
	return *book != NULL ? ERR_OK : ERR_LOCAL_MEMORY;
}

/* The keys of what nobody goes on with go, as its ciphertext does. Inside a
 * transaction. */
static enum err strike_old(struct account *a, json_t *book)
{
	json_int_t now = (json_int_t)time(NULL);
	const char *record;
	json_t *begun;
	void *next;
	enum err e = ERR_OK;

	json_object_foreach_safe(book, next, record, begun)
	{
		if (json_integer_value(begun) >= now - KEPT_S)
			continue;
		TRY(state_delete(a->state, record));
		(void)json_object_del(book, record);
	}
out:
	return e;
}

/* Inside a transaction. */
static enum err note_record(struct account *a, const char *record, bool begun)
{
	json_t *book = NULL;
	enum err e;

	TRY(open_book(a, &book));
	if (begun)
		ENSURE(json_object_set_new(
			   book, record,
			   json_integer((json_int_t)time(NULL))) == 0,
		       ERR_LOCAL_MEMORY);
	else
		(void)json_object_del(book, record);
	TRY(strike_old(a, book));
	TRY(record_put(&a->store, BOOK, book));
out:
	json_decref(book);
	return e;
}

/* ---- beginning, or going on ---- */

static json_int_t modified_ns(const struct stat *is)
{
	return (json_int_t)is->st_mtim.tv_sec * 1000000000 +
	       is->st_mtim.tv_nsec;
}

/* False: there is none of this version, or its ciphertext has gone. */
static bool find(struct account *a, const struct stat *is,
		 struct upload *upload)
{
	json_t *record = NULL;
	struct stat sealed;
	bool found = false;

	if (record_get(&a->store, upload->record, &record) != ERR_OK)
		return false;
	if (attached_get(record, &upload->file) != ERR_OK ||
	    name_sealed(a, upload->file.id, &upload->sealed) != ERR_OK)
		goto out;
	upload->fd = open((const char *)upload->sealed.p,
			  O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	found = json_integer_value(json_object_get(record, "bytes")) ==
		    (json_int_t)is->st_size &&
		json_integer_value(json_object_get(record, "modified_ns")) ==
		    modified_ns(is) &&
		upload->fd >= 0 && fstat(upload->fd, &sealed) == 0 &&
		(uint64_t)sealed.st_size ==
		    attachment_sealed_size(upload->file.size);
	if (!found) /* another version of the file */
		(void)unlink((const char *)upload->sealed.p);
out:
	json_decref(record);
	return found;
}

static void forget(struct upload *upload)
{
	if (upload->fd >= 0)
		(void)close(upload->fd);
	upload->fd = -1;
	attachment_clear(&upload->file);
	buf_clear(&upload->sealed);
}

static enum err keep_record(struct account *a, const struct stat *is,
			    const struct upload *upload)
{
	json_t *record =
	    json_pack("{s:I, s:I}", "bytes", (json_int_t)is->st_size,
		      "modified_ns", modified_ns(is));
	enum err e;

	ENSURE(record != NULL, ERR_LOCAL_MEMORY);
	TRY(attached_put(record, &upload->file));
	TRY(state_begin(a->state));
	TRY(record_put(&a->store, upload->record, record));
	TRY(note_record(a, upload->record, true));
	TRY(state_commit(a->state));
out:
	state_rollback(a->state);
	json_decref(record);
	return e;
}

static enum err seal(struct account *a, int from, const char *path,
		     const struct suite *suite, struct upload *upload)
{
	enum err e;

	TRY(make_folder(a));
	TRY(attachment_make(suite, rng_system(), &upload->file));
	TRY(describe(path, &upload->file));
	TRY(name_sealed(a, upload->file.id, &upload->sealed));
	upload->fd =
	    open((const char *)upload->sealed.p,
		 O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (upload->fd < 0)
		TRY(cannot_keep(a));
	e = sealing_seal(from, &upload->file, upload->fd);
	if (e == ERR_PEER_TOO_LARGE)
		e = why_set(&a->why, e, "too-large",
			    "%.200s is larger than a file may be.", path);
	else if (e == ERR_LOCAL_IO || (e == ERR_OK && fsync(upload->fd) != 0))
		e = cannot_keep(a);
	if (e != ERR_OK)
		(void)unlink((const char *)upload->sealed.p);
out:
	return e;
}

enum err upload_open(struct account *a, const char *session, const char *path,
		     const struct suite *suite, struct upload *upload)
{
	char *whole = realpath(path, NULL);
	int from = whole != NULL ? open(whole, O_RDONLY | O_CLOEXEC) : -1;
	struct stat is;
	enum err e;

	*upload = (struct upload){ .fd = -1 };
	if (from < 0 || fstat(from, &is) != 0 || !S_ISREG(is.st_mode))
		TRY(cannot_read(a, path));
	TRY(name_record(session, whole, upload->record));
	if (find(a, &is, upload)) {
		e = ERR_OK;
		goto out;
	}
	forget(upload);
	TRY(seal(a, from, whole, suite, upload));
	TRY(keep_record(a, &is, upload));
out:
	if (from >= 0)
		(void)close(from);
	free(whole);
	return e;
}

enum err upload_close(struct account *a, struct upload *upload, bool over)
{
	enum err e = ERR_OK;

	if (over && upload->sealed.n > 0) {
		TRY(state_begin(a->state));
		TRY(state_delete(a->state, upload->record));
		TRY(note_record(a, upload->record, false));
		TRY(state_commit(a->state));
		(void)unlink((const char *)upload->sealed.p);
	}
out:
	state_rollback(a->state);
	forget(upload);
	return e;
}
