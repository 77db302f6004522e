/* What uploads and downloads have in common. */
#ifndef HERMETIC_SERVER_FILES_H
#define HERMETIC_SERVER_FILES_H

#include "server/routes_table.h"
#include "store/files.h"

/* The file of the path, as the caller names it. False: answered. */
bool files_place(const struct call *call, struct file_place *place);

/* A file is about to be taken from the caller or given to it: there is room for one
 * more, and its account has its share of that. False: answered. files_end() of the
 * same account follows it once. */
bool files_begin(const struct call *call);
void files_end(struct uuid user);

/* Asks what there is of the file; files_found() reads it. */
MUST_CHECK enum err files_ask(const struct file_place *place,
			      connection_done *done, void *arg);

struct file_found {
	uint64_t size, stored;
	bool own;     /* the caller's account may go on storing it */
	bool objects; /* its bytes are in objects */
};

/* False: answered. */
bool files_found(struct request *req, enum err e, struct rows *rows,
		 struct file_found *found);

/* Headers of the answer: how far it has come. */
void files_add_offset(struct request *req, uint64_t stored, uint64_t size);

#endif
