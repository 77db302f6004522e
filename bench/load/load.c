#include "bench/load/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Where things stand in an envelope (wire/envelope.h). The number goes into
 * the nonce's random part, where whole letters of base64 hold it. */
enum {
	NONCE = 25,
	NONCE_SIZE = 16,
	TIME = 6,
	NUMBER = 33,
	NUMBER_SIZE = 6,
	ID_FIRST = 1000000
};

static const char LETTERS[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static unsigned value_of(char c)
{
	const char *at = strchr(LETTERS, c);

	if (c == '\0' || at == NULL)
		peer_die("base64", "not a letter of it");
	return (unsigned)(at - LETTERS);
}

static size_t put_base64(char *to, const unsigned char *p, size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		unsigned v = (unsigned)p[i] << 16;

		v |= left > 1 ? (unsigned)p[i + 1] << 8 : 0;
		v |= left > 2 ? p[i + 2] : 0;
		to[at++] = LETTERS[v >> 18 & 63];
		to[at++] = LETTERS[v >> 12 & 63];
		to[at++] = left > 1 ? LETTERS[v >> 6 & 63] : '=';
		to[at++] = left > 2 ? LETTERS[v & 63] : '=';
	}
	return at;
}

static size_t get_base64(unsigned char *to, size_t max, const char *text)
{
	unsigned v = 0, bits = 0;
	size_t n = 0;

	for (; *text != '\0' && *text != '='; text++) {
		v = v << 6 | value_of(*text);
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		if (n == max)
			peer_die("template", "too long");
		to[n++] = (unsigned char)(v >> bits);
	}
	return n;
}

size_t load_index(const char *base64)
{
	size_t v = 0;

	for (size_t i = 0; i < NUMBER_SIZE / 3 * 4; i++)
		v = v << 6 | value_of(base64[NUMBER / 3 * 4 + i]);
	return v;
}

/* ---- reading what to do ---- */

static void read_session(struct load *load, char *values)
{
	struct load_session *s = &load->sessions[load->session_count++];
	const char *last = strtok(values, " "), *id = strtok(NULL, " "),
		   *envelope = strtok(NULL, " ");

	if (load->session_count > SESSIONS_MAX || envelope == NULL)
		peer_die("session", "too many, or too little about it");
	(void)snprintf(s->last, sizeof(s->last), "%s", last);
	(void)snprintf(s->id, sizeof(s->id), "%s", id);
	s->envelope_n = get_base64(s->envelope, sizeof(s->envelope), envelope);
}

static void read_number(struct load *load, const char *word, size_t v)
{
	const struct {
		const char *word;
		size_t *to;
	} numbers[] = { { "senders", &load->senders },
			{ "receivers", &load->receivers },
			{ "messages", &load->messages },
			{ "window", &load->window },
			{ "rate", &load->rate },
			{ "raw", &load->raw } };

	if (strcmp(word, "everything") == 0) {
		load->everything = v > 0;
		return;
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (strcmp(word, numbers[i].word) == 0) {
			*numbers[i].to = v;
			return;
		}
	peer_die("not a word of ours", word);
}

static void read_line(struct load *load, const char *word, char *values)
{
	unsigned long v = strtoul(values, NULL, 10);

	if (strcmp(word, "sender") == 0)
		(void)snprintf(load->sender, TOKEN_MAX, "%s", values);
	else if (strcmp(word, "receiver") == 0)
		(void)snprintf(load->receiver, TOKEN_MAX, "%s", values);
	else if (strcmp(word, "session") == 0)
		read_session(load, values);
	else if (strcmp(word, "send-port") == 0)
		load->send_ports[load->send_port_count++ % PORTS_MAX] =
		    (unsigned)v;
	else if (strcmp(word, "receive-port") == 0)
		load->receive_ports[load->receive_port_count++ % PORTS_MAX] =
		    (unsigned)v;
	else
		read_number(load, word, v);
}

void load_read(struct load *load, FILE *in)
{
	char line[4096];

	load->window = 256;
	while (fgets(line, sizeof(line), in) != NULL) {
		char *values = strchr(line, ' ');

		line[strcspn(line, "\n")] = '\0';
		if (strcmp(line, "go") == 0)
			return;
		if (values == NULL)
			peer_die("a line without a value", line);
		*values++ = '\0';
		read_line(load, line, values);
	}
	peer_die("input", "it ended before `go`");
}

unsigned load_port(const struct load *load, bool sends, size_t turn)
{
	return sends ? load->send_ports[turn % load->send_port_count]
		     : load->receive_ports[turn % load->receive_port_count];
}

/* ---- frames ---- */

static void fill_nonce(unsigned char *nonce, unsigned char *number, size_t v)
{
	struct timespec t;
	uint64_t ms;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
	if (getrandom(nonce, NONCE_SIZE, 0) != NONCE_SIZE)
		peer_die("getrandom", strerror(errno));
	for (size_t i = TIME; i > 0; i--, ms >>= 8)
		nonce[i - 1] = (unsigned char)ms;
	for (size_t i = NUMBER_SIZE; i > 0; i--, v >>= 8)
		number[i - 1] = (unsigned char)v;
}

void load_prepare(const struct load *load, struct peer *p, size_t k)
{
	size_t all = load->messages, cap = 0;
	char *out = NULL;

	p->first = all * k / load->senders;
	p->count = all * (k + 1) / load->senders - p->first;
	for (size_t i = 0; i < p->count; i++) {
		const struct load_session *s =
		    &load->sessions[(k + i * load->senders) %
				    load->session_count];
		unsigned char envelope[sizeof(s->envelope)];
		char text[2048];
		size_t n;

		memcpy(envelope, s->envelope, s->envelope_n);
		fill_nonce(envelope + NONCE, envelope + NUMBER, p->first + i);
		n = (size_t)snprintf(text, sizeof(text),
				     "{\"type\":\"send\",\"id\":%zu,"
				     "\"envelope\":\"",
				     ID_FIRST + i);
		n += put_base64(text + n, envelope, s->envelope_n);
		text[n++] = '"';
		text[n++] = '}';
		if (out == NULL) {
			cap = p->count * (n + 8);
			out = malloc(cap);
			if (out == NULL)
				peer_die("memory", "none");
		}
		p->frame = peer_frame(out + i * p->frame, text, n);
	}
	p->out = out;
}

/* ---- the floor ---- */

/* As many frames as the server may have to write at once. */
static char *make_frames(const struct load *load, size_t size)
{
	char *frames = calloc(load->window, size);

	if (frames == NULL)
		peer_die("memory", "none");
	for (size_t i = 0; i < load->window; i++) {
		char *frame = frames + i * size;

		frame[0] = (char)0x81;
		frame[1] = 126;
		frame[2] = (char)(load->raw >> 8);
		frame[3] = (char)load->raw;
	}
	return frames;
}

static void write_frames(const struct load *load, int listener)
{
	int *fds = calloc(load->receivers, sizeof(*fds)), one = 1;
	size_t size = 4 + load->raw, n;
	char *frames = make_frames(load, size);

	for (size_t i = 0; i < load->receivers; i++) {
		fds[i] = accept(listener, NULL, NULL);
		(void)setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &one,
				 sizeof(one));
	}
	for (size_t m = 0; m < load->messages; m += n) {
		n = load->messages - m;
		n = n < load->window ? n : load->window;
		for (size_t i = 0; i < load->receivers; i++)
			if (write(fds[i], frames, n * size) !=
			    (ssize_t)(n * size))
				peer_die("write", strerror(errno));
	}
}

pid_t load_start_writer(struct load *load)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	pid_t pid;

	if (bind(fd, (const struct sockaddr *)&at, size) != 0 ||
	    listen(fd, 1024) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &size) != 0)
		peer_die("listen", strerror(errno));
	load->receive_ports[load->receive_port_count++] = ntohs(at.sin_port);
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		write_frames(load, fd);
		for (;;)
			(void)pause(); /* the readers end, not the writer */
	}
	return pid;
}
