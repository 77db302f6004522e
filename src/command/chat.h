/* The parts of the chat, for its own sources. */
#ifndef HERMETIC_COMMAND_CHAT_H
#define HERMETIC_COMMAND_CHAT_H

#include "command/cmd.h"
#include "command/entry_line.h"
#include "command/line.h"
#include "command/shown.h"

#define CHAT_FOUND_MAX 50 /* entries that /search and /topic show */

struct chat {
	struct cmd *cmd;
	struct line *line;
	char current[TEXT_UUID_SIZE];	    /* "": none */
	char topic[HERMETIC_TOPIC_MAX + 1]; /* of that session; "": none */
	bool outside; /* it was told that others write outside of the topic */
	struct entry_lines lines; /* those of the session that is open */
	struct shown_part shown;  /* of that session, so far */
	bool unread_line;  /* is due before the next text of another behind */
	uint64_t read;	   /* that entry */
	struct buf asked;  /* a long text: the person is asked about it */
	const char *typed; /* the line whose words are a command */
	bool leaving;
	enum err refused; /* the first line of a pipe that was; ERR_OK: none */
	struct reason refusal;
	bool listens;
	bool disconnected;
	bool deaf;	 /* the server gave no answer, and none since */
	bool begun;	 /* the person has been given the line to type in */
	json_t *printed; /* by session: whose coming in was printed */
	json_t *waiting; /* items that were said to wait: "SESSION/ITEM" */
	json_t *invited; /* sessions that were listed as ones to join */
	json_t *noticed; /* sessions of which it was said that there is news */
	json_t *typing;	 /* by session: the names of who types */
};

/* Opens the account; logs in or registers as needed. */
MUST_CHECK enum err chat_log_in(struct cmd *cmd);

/* A text of another user. */
bool chat_is_news(const struct chat *chat, const json_t *entry);

/* ---- chat_label.c ---- */

/* What a session is called, in quotes that the name cannot end, cut to a few columns; its
 * short id where it has no name. In a static buffer. */
const char *chat_label(struct chat *chat, const char *id);
/* The same of the session that is talked in, without quotes: for the prompt. */
void chat_put_title(struct chat *chat, struct buf *out);

/* Others' label up to as many columns and bytes as it has room for, as it is put, and "..."
 * where it is longer. `inside`: as out_put_inside() puts it, else as out_put_name(). */
#define CHAT_LABEL_BYTES 256
void chat_put_cut(struct buf *out, struct span label, bool inside);

/* ---- chat_session.c ---- */

void chat_update_prompt(struct chat *chat);

/* An entry of the session that is open is about to be printed: where it is the first one
 * that was not read, a line says so. */
void chat_mark_unread(struct chat *chat, const json_t *entry);

/* A session becomes the one that is talked in; its last messages are told. */
MUST_CHECK enum err chat_enter(struct chat *chat, const char *id);

/* Runs a verb. What it leaves waiting is told, and no exit code. */
MUST_CHECK enum err chat_run_args(struct chat *chat, struct args *args);

/* An entry of a session was printed, or it was entered (entry NULL). */
void chat_note_printed(struct chat *chat, const char *id, const json_t *entry);

/* Whoever came in by printed lines was seen. Others are printed first. */
MUST_CHECK enum err chat_note_shown(struct chat *chat);

/* ---- chat_topic.c ---- */

/* /topic: begins, ends, or says one text in a topic. As commands have it. */
MUST_CHECK enum err chat_topic_command(struct chat *chat, char **words,
				       size_t count);

/* Nothing is shown or said in a topic from now on. */
void chat_topic_leave(struct chat *chat);

/* What people say in the session that is open: does it belong to the topic that the person
 * is in? All does where there is none. */
bool chat_topic_has(struct chat *chat, const json_t *entry);

/* For the prompt; nothing where there is none. */
void chat_topic_put(const struct chat *chat, struct buf *out);

/* ---- chat_commands.c ---- */

/* ERR_STATE_GONE, with a reason, when no session is open. */
MUST_CHECK enum err chat_need_current(struct chat *chat);

/* The line as it was typed, without its first words. */
const char *chat_behind_words(const struct chat *chat, size_t count);

/* The same where it is one operand that may have spaces: as typed_put_rest() has it, and a
 * NUL. */
MUST_CHECK enum err chat_rest(const struct chat *chat, size_t count,
			      struct buf *rest);

/* Each command with its slash. */
void chat_each_command(void (*each)(void *context, const char *word),
		       void *context);

/* A line that begins with a slash; it is cut up. */
MUST_CHECK enum err chat_command(struct chat *chat, char *text);

/* ---- chat_say.c ---- */

/* A refusal is told, and the chat goes on. Nothing is told of ERR_OK. */
void chat_complain(struct chat *chat, enum err e);

/* Says it in the session that is open; a text that is about nothing in the topic that the
 * person is in. `text` may have a NUL, and then is refused. */
MUST_CHECK enum err chat_say(struct chat *chat, struct span text,
			     struct hermetic_saying saying);

/* What was to be sent by itself waits for the person now. */
void chat_on_waits(struct chat *chat, const struct hermetic_event *event);
/* Sends what waits in all sessions. */
MUST_CHECK enum err chat_flush(struct chat *chat);

/* It was said that the item waits; it is not said again. */
bool chat_has_waited(struct chat *chat, const char *session, uint64_t item);

/* ---- chat_paths.c ---- */

/* Appends the path, in which ~/ is the home, and a NUL. */
void chat_put_path(struct buf *out, const char *path);

/* Appends the paths that begin as it was typed, as they are typed, each with a NUL. */
void chat_complete_path(struct span typed, struct buf *words);

/* ---- chat_typed.c ---- */

/* As struct line_ports has them; the context is the chat. */
void chat_complete(void *context, struct span text, size_t *from,
		   struct buf *words);
void chat_list_words(void *context, struct span words);

/* A text was typed: it is a command, an answer, or is sent. Two slashes in front are
 * one, and no command. */
MUST_CHECK enum err chat_take(struct chat *chat, struct buf *text);

/* ---- chat_typing.c ---- */

/* HERMETIC_EVENT_TYPING */
void chat_on_typing(struct chat *chat, const struct hermetic_event *event);

/* The row above the prompt says who types in the session that is open. */
void chat_update_status(struct chat *chat);

/* Keys came: the others are told that the person types, or does not any more. */
void chat_tell_typing(struct chat *chat);

#endif
