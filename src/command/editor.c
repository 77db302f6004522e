#include "command/editor.h"

#include "base/text.h"
#include "command/keys.h"
#include "signs/cluster.h"

#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct editor {
	EditLine *el;
	HistoryW *history;
	FILE *nowhere; /* where libedit draws */
	struct editor_ports ports;
	wchar_t queue[KEYS_SEQUENCE_MAX];
	size_t queued, taken;
	bool said, left, vi;
	bool searching;	   /* what is typed is looked for in the history */
	struct buf sought; /* and so is that */
	size_t older;	   /* the text is that many matches before the last */
};

/* In vi's way of editing the escape key is this one, as it begins sequences. */
#define VI_COMMAND "\035"

#define CTRL_R 0x12
#define ERASE 0x7f

/* ---- characters ---- */

_Static_assert(sizeof(wchar_t) >= 4, "a wchar_t is a character of Unicode");

/* The first character, as it is for libedit; 0: there is none. */
static size_t take(struct span text, wchar_t *c)
{
	uint32_t point;
	size_t n = text_character(text, &point);

	if (n > 0)
		*c = (wchar_t)point;
	return n;
}

static void put(struct buf *out, wchar_t wide)
{
	uint32_t c = (uint32_t)wide;

	if (c < 0x80) {
		buf_put_u8(out, (uint8_t)c);
		return;
	}
	if (c < 0x800)
		buf_put_u8(out, (uint8_t)(0xc0 | c >> 6));
	else if (c < 0x10000)
		buf_put_u8(out, (uint8_t)(0xe0 | c >> 12));
	else
		buf_put_u8(out, (uint8_t)(0xf0 | c >> 18));
	if (c >= 0x10000)
		buf_put_u8(out, (uint8_t)(0x80 | (c >> 12 & 63)));
	if (c >= 0x800)
		buf_put_u8(out, (uint8_t)(0x80 | (c >> 6 & 63)));
	buf_put_u8(out, (uint8_t)(0x80 | (c & 63)));
}

static int count_characters(struct span text)
{
	int count = 0;

	for (size_t i = 0; i < text.n; i++)
		count += (text.p[i] & 0xc0) != 0x80;
	return count;
}

void editor_text(struct editor *editor, struct buf *text, size_t *cursor)
{
	const LineInfoW *line = el_wline(editor->el);

	buf_reset(text);
	*cursor = 0;
	for (const wchar_t *p = line->buffer; p < line->lastchar; p++) {
		if (p == line->cursor)
			*cursor = text->n;
		put(text, *p);
	}
	if (line->cursor >= line->lastchar)
		*cursor = text->n;
}

static bool insert(struct editor *editor, struct span text)
{
	size_t count = (size_t)count_characters(text), used = 0, cursor, n;
	wchar_t *wide = calloc(count + 1, sizeof(*wide));
	struct buf before = BUF_INIT;
	bool fits;

	editor_text(editor, &before, &cursor);
	fits =
	    wide != NULL && text.n > 0 && before.n + text.n <= EDITOR_BYTES_MAX;
	for (size_t i = 0; fits && i < count; i++) {
		n = take(span_of(text.p + used, text.n - used), &wide[i]);
		fits = n > 0;
		used += n;
	}
	fits = fits && el_winsertstr(editor->el, wide) == 0;
	buf_clear(&before);
	free(wide);
	return fits;
}

/* What is pasted is none of what is sought. */
bool editor_insert(struct editor *editor, struct span text)
{
	editor->searching = false;
	return insert(editor, text);
}

/* ---- what keys do, beside what libedit has them do ---- */

static struct editor *editor_of(EditLine *el)
{
	struct editor *editor = NULL;

	(void)el_wget(el, EL_CLIENTDATA, &editor);
	return editor;
}

/* Characters of the cluster before the cursor, or of the one after it. */
static int count_cluster(EditLine *el, bool before)
{
	struct buf text = BUF_INIT;
	size_t cursor, from, n;
	int count;

	editor_text(editor_of(el), &text, &cursor);
	from = before ? cluster_before(buf_span(&text), cursor) : cursor;
	n = before ? cursor - from
		   : cluster_length(span_of(text.p + cursor, text.n - cursor));
	count = count_characters(span_of(text.p + from, n));
	buf_clear(&text);
	return count;
}

static unsigned char on_left(EditLine *el, wint_t c)
{
	(void)c;
	(void)el_cursor(el, -count_cluster(el, true));
	return CC_CURSOR;
}

static unsigned char on_right(EditLine *el, wint_t c)
{
	(void)c;
	(void)el_cursor(el, count_cluster(el, false));
	return CC_CURSOR;
}

static unsigned char on_erase(EditLine *el, wint_t c)
{
	(void)c;
	el_wdeletestr(el, count_cluster(el, true));
	return CC_REFRESH;
}

static unsigned char on_delete(EditLine *el, wint_t c)
{
	int count = count_cluster(el, false);

	(void)c;
	(void)el_cursor(el, count);
	el_wdeletestr(el, count);
	return CC_REFRESH;
}

static bool is_empty(EditLine *el)
{
	const LineInfoW *line = el_wline(el);

	return line->buffer == line->lastchar;
}

static unsigned char on_leave(EditLine *el, wint_t c)
{
	(void)c;
	editor_of(el)->left = true;
	return CC_NORM;
}

static unsigned char on_leave_or_delete(EditLine *el, wint_t c)
{
	return is_empty(el) ? on_leave(el, c) : on_delete(el, c);
}

static unsigned char on_say(EditLine *el, wint_t c)
{
	struct editor *editor = editor_of(el);
	const LineInfoW *line = el_wline(el);
	size_t n = (size_t)(line->lastchar - line->buffer);
	wchar_t *text = calloc(n + 1, sizeof(*text));
	HistEventW event;

	(void)c;
	editor->said = true;
	if (text != NULL && n > 0) {
		memcpy(text, line->buffer, n * sizeof(*text));
		(void)history_w(editor->history, &event, H_ENTER, text);
	}
	free(text);
	return CC_NORM;
}

static unsigned char on_line(EditLine *el, wint_t c)
{
	(void)c;
	return insert(editor_of(el), SPAN_LIT("\n")) ? CC_REFRESH : CC_ERROR;
}

/* How many bytes all words have in common at their beginning; never a part of a
 * character. */
static size_t common(struct span words)
{
	const char *first = (const char *)words.p, *word = first;
	size_t n = words.n > 0 ? strlen(first) : 0, i;

	for (; word < first + words.n; word += strlen(word) + 1) {
		for (i = 0; i < n && word[i] == first[i]; i++)
			;
		n = i;
	}
	while (n > 0 && ((uint8_t)first[n] & 0xc0) == 0x80)
		n--;
	return n;
}

/* A space stands behind a word that is the only one, but for a folder. */
static void complete(struct editor *editor, struct span text)
{
	struct buf words = BUF_INIT, put_in = BUF_INIT;
	size_t from = 0, n;
	bool only;

	editor->ports.complete(editor->ports.context, text, &from, &words);
	if (buf_end(&words) != ERR_OK || words.n == 0 || from > text.n)
		goto out;
	only = strlen((const char *)words.p) + 1 == words.n;
	n = common(buf_span(&words));
	buf_put(&put_in, span_of(words.p, n));
	if (only && n > 0 && words.p[n - 1] != '/')
		buf_put_u8(&put_in, ' ');
	if (buf_end(&put_in) == ERR_OK && n > 0) {
		el_wdeletestr(editor->el, count_characters(span_of(
					      text.p + from, text.n - from)));
		(void)insert(editor, buf_span(&put_in));
	}
	if (!only && from + n <= text.n)
		editor->ports.list(editor->ports.context, buf_span(&words));
out:
	buf_clear(&words);
	buf_clear(&put_in);
}

static unsigned char on_complete(EditLine *el, wint_t c)
{
	struct editor *editor = editor_of(el);
	struct buf text = BUF_INIT;
	size_t cursor;

	(void)c;
	editor_text(editor, &text, &cursor);
	if (buf_end(&text) == ERR_OK)
		complete(editor, span_of(text.p, cursor));
	buf_clear(&text);
	return CC_REFRESH;
}

static unsigned char on_search(EditLine *el, wint_t c)
{
	struct editor *editor = editor_of(el);

	(void)c;
	editor->searching = true;
	editor->older = 0;
	buf_reset(&editor->sought);
	return CC_NORM;
}

/* What libedit has that reads more keys, or draws, is not there. */
static const struct {
	const wchar_t *name, *help;
	unsigned char (*run)(EditLine *, wint_t);
} FUNCTIONS[] = {
	{ L"cluster-left", L"one character to the left", on_left },
	{ L"cluster-right", L"one character to the right", on_right },
	{ L"cluster-erase", L"erase the character before", on_erase },
	{ L"cluster-delete", L"erase the character at the cursor", on_delete },
	{ L"leave", L"leave", on_leave },
	{ L"leave-or-delete", L"leave, where nothing is typed",
	  on_leave_or_delete },
	{ L"say", L"the text is done", on_say },
	{ L"new-line", L"go on in another line", on_line },
	{ L"complete", L"complete the word", on_complete },
	{ L"search", L"find what was typed before", on_search },
};

static const struct {
	const wchar_t *keys, *function;
} BINDINGS[] = {
	{ L"\\e[D", L"cluster-left" },
	{ L"\\eOD", L"cluster-left" },
	{ L"^B", L"cluster-left" },
	{ L"\\e[C", L"cluster-right" },
	{ L"\\eOC", L"cluster-right" },
	{ L"^F", L"cluster-right" },
	{ L"^H", L"cluster-erase" },
	{ L"^?", L"cluster-erase" },
	{ L"\\e[3~", L"cluster-delete" },
	{ L"\\e[A", L"ed-prev-history" },
	{ L"\\eOA", L"ed-prev-history" },
	{ L"\\e[B", L"ed-next-history" },
	{ L"\\eOB", L"ed-next-history" },
	{ L"\\e[H", L"ed-move-to-beg" },
	{ L"\\eOH", L"ed-move-to-beg" },
	{ L"\\e[1~", L"ed-move-to-beg" },
	{ L"\\e[F", L"ed-move-to-end" },
	{ L"\\eOF", L"ed-move-to-end" },
	{ L"\\e[4~", L"ed-move-to-end" },
	{ L"\\e[1;5D", L"ed-prev-word" },
	{ L"\\e[1;5C", L"em-next-word" },
	{ L"^R", L"search" },
	{ L"^W", L"ed-delete-prev-word" },
	{ L"^U", L"vi-kill-line-prev" },

	{ L"\\e^J", L"new-line" },
	{ L"\\e^M", L"new-line" },
	{ L"^I", L"complete" },
	{ L"^L", L"ed-unassigned" },
	{ L"^Q", L"ed-unassigned" },
	{ L"^S", L"ed-unassigned" },
	{ L"^V", L"ed-unassigned" },
	{ L"^Z", L"ed-unassigned" },
	{ L"\\034", L"ed-unassigned" },
	{ L"\\ex", L"ed-unassigned" },
	{ L"\\eX", L"ed-unassigned" },
};

/* What must be there in both maps of vi, too. */
static const struct {
	const wchar_t *keys, *function;
} ALWAYS[] = {
	{ L"^C", L"leave" },
	{ L"^D", L"leave-or-delete" },
	{ L"^J", L"say" },
	{ L"^M", L"say" },
};

/* ---- libedit ---- */

static int on_getc(EditLine *el, wchar_t *c)
{
	struct editor *editor = editor_of(el);
	struct buf key = BUF_INIT;
	bool more = true;

	if (editor->taken < editor->queued) {
		*c = editor->queue[editor->taken++];
		return 1;
	}
	while (more && take(buf_span(&key), c) == 0)
		more = editor->ports.key(editor->ports.context, &key);
	buf_clear(&key);
	return more ? 1 : 0;
}

static bool is_vi(EditLine *el)
{
	const wchar_t *name = NULL;

	return el_wget(el, EL_EDITOR, &name) == 0 && name != NULL &&
	       wcscmp(name, L"vi") == 0;
}

static bool set_keys(EditLine *el)
{
	bool good = el_wset(el, EL_EDITOR, L"emacs") == 0;

	for (size_t i = 0; i < sizeof(FUNCTIONS) / sizeof(*FUNCTIONS); i++)
		good &= el_wset(el, EL_ADDFN, FUNCTIONS[i].name,
				FUNCTIONS[i].help, FUNCTIONS[i].run) == 0;
	(void)el_source(el, NULL); /* there may be none */
	for (size_t i = 0; i < sizeof(BINDINGS) / sizeof(*BINDINGS); i++)
		good &= el_wset(el, EL_BIND, BINDINGS[i].keys,
				BINDINGS[i].function, NULL) == 0;
	for (size_t i = 0; i < sizeof(ALWAYS) / sizeof(*ALWAYS); i++)
		good &= el_wset(el, EL_BIND, ALWAYS[i].keys, ALWAYS[i].function,
				NULL) == 0 &&
			el_wset(el, EL_BIND, L"-a", ALWAYS[i].keys,
				ALWAYS[i].function, NULL) == 0;
	if (is_vi(el))
		good &=
		    el_wset(el, EL_BIND, L"^]", L"vi-command-mode", NULL) == 0;
	/* signals come as keys: nobody dies with the terminal raw; and CR LF, which the
	 * terminal would exchange, as it was pasted */
	good &= el_wset(el, EL_SETTY, L"-d", L"-isig", L"-ixon", L"-icrnl",
			L"-inlcr", NULL) == 0;
	return good && el_wset(el, EL_EDITMODE, 1) == 0;
}

static bool set_up(struct editor *editor)
{
	HistEventW event;
	EditLine *el = editor->el;

	if (el_wset(el, EL_CLIENTDATA, editor) != 0 ||
	    el_wset(el, EL_GETCFN, on_getc) != 0 || !set_keys(el))
		return false;
	editor->vi = is_vi(el);
	return history_w(editor->history, &event, H_SETSIZE, EDITOR_HISTORY) >=
		   0 &&
	       history_w(editor->history, &event, H_SETUNIQUE, 1) >= 0 &&
	       el_wset(el, EL_HIST, history_w, editor->history) == 0 &&
	       el_wset(el, EL_UNBUFFERED, 1) == 0;
}

struct editor *editor_open(int fd, const struct editor_ports *ports)
{
	struct editor *editor = calloc(1, sizeof(*editor));

	if (editor == NULL)
		return NULL;
	editor->ports = *ports;
	editor->nowhere = fopen("/dev/null", "w");
	editor->history = history_winit();
	if (editor->nowhere != NULL && editor->history != NULL)
		editor->el = el_init_fd("hermetic", editor->nowhere,
					editor->nowhere, editor->nowhere, fd,
					STDOUT_FILENO, STDERR_FILENO);
	if (editor->el != NULL && set_up(editor))
		return editor;
	editor_close(editor);
	return NULL;
}

void editor_close(struct editor *editor)
{
	if (editor == NULL)
		return;
	if (editor->el != NULL) {
		(void)el_wset(editor->el, EL_UNBUFFERED, 0);
		el_end(editor->el);
	}
	if (editor->history != NULL)
		history_wend(editor->history);
	if (editor->nowhere != NULL)
		(void)fclose(editor->nowhere);
	buf_clear(&editor->sought);
	free(editor);
}

/* What is left of a sequence that is bound to nothing is no text. */
static void feed(struct editor *editor, struct span key)
{
	size_t n = 1;
	int count;

	editor->queued = editor->taken = 0;
	for (size_t at = 0; at < key.n && n > 0; at += n) {
		n = take(span_of(key.p + at, key.n - at),
			 &editor->queue[editor->queued]);
		if (n > 0 && editor->queued + 1 < KEYS_SEQUENCE_MAX)
			editor->queued++;
	}
	if (editor->queued > 0)
		(void)el_wgets(editor->el, &count);
	editor->queued = editor->taken = 0;
}

/* ---- the history, searched ---- */

/* The text of the history that has what is sought, editor->older before the last one that
 * does. */
static bool find(struct editor *editor, struct buf *found)
{
	size_t left = editor->older + 1;
	HistEventW event;

	for (int at = history_w(editor->history, &event, H_FIRST);
	     at >= 0 && left > 0;
	     at = history_w(editor->history, &event, H_NEXT)) {
		buf_reset(found);
		for (const wchar_t *p = event.str; *p != 0; p++)
			put(found, *p);
		left -=
		    found->n > 0 && memmem(found->p, found->n, editor->sought.p,
					   editor->sought.n) != NULL;
	}
	return left == 0 && found->fail == ERR_OK;
}

/* The text becomes the one that was found; it stays where there is none. */
static bool show_found(struct editor *editor)
{
	struct buf found = BUF_INIT, text = BUF_INIT;
	bool any = editor->sought.n > 0 && find(editor, &found);
	size_t cursor;

	if (any) {
		editor_text(editor, &text, &cursor);
		(void)el_cursor(editor->el, count_characters(buf_span(&text)));
		el_wdeletestr(editor->el, count_characters(buf_span(&text)));
		any = insert(editor, buf_span(&found));
	}
	buf_clear(&found);
	buf_clear(&text);
	return any;
}

/* False: the search is over, and the key is one for the text. */
static bool search(struct editor *editor, struct span key)
{
	struct buf *sought = &editor->sought;

	if (key.n == 1 && key.p[0] == CTRL_R) {
		editor->older++;
		if (!show_found(editor))
			editor->older--;
		return true;
	}
	if (key.n == 1 && (key.p[0] == '\b' || key.p[0] == ERASE))
		sought->n = cluster_before(buf_span(sought), sought->n);
	else if (key.n > 0 && key.p[0] >= ' ')
		buf_put(sought, key);
	else
		return false;
	editor->older = 0;
	(void)show_found(editor);
	return true;
}

bool editor_is_searching(const struct editor *editor, struct span *sought)
{
	*sought = buf_span(&editor->sought);
	return editor->searching;
}

/* An escape that was pressed alone comes with the key behind it. */
static bool is_command_of_vi(const struct editor *editor, struct span key)
{
	return editor->vi && key.n > 1 && key.p[0] == '\033' &&
	       memchr("[O\r\n", key.p[1], 4) == NULL;
}

enum editor_result editor_key(struct editor *editor, struct span key)
{
	editor->said = false;
	if (editor->searching && search(editor, key))
		return EDITOR_GOES_ON;
	editor->searching = false;
	if (is_command_of_vi(editor, key)) {
		feed(editor, SPAN_LIT(VI_COMMAND));
		key = span_of(key.p + 1, key.n - 1);
	}
	feed(editor, key);
	if (editor->left)
		return EDITOR_LEFT;
	return editor->said ? EDITOR_SAID : EDITOR_GOES_ON;
}

void editor_begin(struct editor *editor)
{
	(void)el_wset(editor->el, EL_UNBUFFERED, 0);
	(void)el_wset(editor->el, EL_UNBUFFERED, 1);
}
