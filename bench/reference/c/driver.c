/*
 * A log driver in C, as fast as the C client of NATS lets it be: what a line costs at least. Same protocol, same frames, same message as the
 * driver that this project is about; it knows no option but `nats-subject`, keeps no journal, and loses what the client loses.
 *
 * One thread reads all FIFOs, 64 KiB at a time, and hands each message to the client, which collects them in one buffer; one answers the engine.
 *
 * usage: NATS_SERVERS=nats://… [NATS_TRANSPORT=jetstream] driver SOCKET
 */
#include <errno.h>
#include <fcntl.h>
#include <nats/nats.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "http.h"
#include "json.h"

/* What a pipe holds. */
#define READ_BYTES (64 * 1024)
/* As the engine's own reader of frames. */
#define FRAME_MAX (1024 * 1024)
/* What the client collects before it writes; its default is half of a pipe. */
#define CLIENT_BUFFER (256 * 1024)
#define UNCONFIRMED_MAX 8192
#define SESSIONS_MAX 4096
/* `2024-05-06T07:08:09.` */
#define SECOND_BYTES 20

struct line
{
    bool is_stderr, is_partial, is_last;
    uint64_t nanos;
    const char *bytes;
    size_t size;
};

struct buffer
{
    char *bytes;
    size_t size, capacity;
};

struct session
{
    /* -1: free. */
    int fd;
    char *file, *subject, *prefix;
    size_t prefix_bytes;
    /* A frame whose rest has not been read. */
    struct buffer rest;
    /* Pieces of lines that the engine has cut: stdout, stderr. */
    struct buffer pieces[2];
    uint64_t second;
    /* Make a message's ID, by which a stream knows that it has it already. */
    uint64_t number, sequence;
    char second_text[SECOND_BYTES + 1];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct session sessions[SESSIONS_MAX];
static int epoll;
static natsConnection *nats;
static jsCtx *jetstream;
static char *input;
static struct buffer message;
static char hostname[256];

static void die(const char *what, const char *why)
{
    fprintf(stderr, "driver: %s: %s\n", what, why);
    exit(1);
}

static void must(natsStatus status, const char *what)
{
    if (status != NATS_OK) die(what, natsStatus_GetText(status));
}

static void reserve(struct buffer *b, size_t capacity)
{
    if (capacity <= b->capacity) return;
    b->capacity = capacity * 2;
    b->bytes = realloc(b->bytes, b->capacity);
}

static void append(struct buffer *b, const char *bytes, size_t size)
{
    reserve(b, b->size + size);
    memcpy(b->bytes + b->size, bytes, size);
    b->size += size;
}

static char *put(char *to, const char *bytes, size_t size)
{
    memcpy(to, bytes, size);
    return to + size;
}

#define PUT(to, literal) put(to, literal, sizeof(literal) - 1)

static char *put_time(struct session *s, char *to, uint64_t nanos)
{
    uint64_t second = nanos / 1000000000, rest = nanos % 1000000000;
    if (second != s->second)
    {
        struct tm utc;
        time_t seconds = (time_t)second;
        strftime(s->second_text, sizeof s->second_text, "%Y-%m-%dT%H:%M:%S.", gmtime_r(&seconds, &utc));
        s->second = second;
    }
    to = put(to, s->second_text, SECOND_BYTES);
    for (int i = 8; i >= 0; i--, rest /= 10)
        to[i] = (char)('0' + rest % 10);
    return to + 9;
}

static void publish(struct session *s, const struct line *line)
{
    reserve(&message, s->prefix_bytes + JSON_WORST(line->size) + 128);
    char *to = put(message.bytes, s->prefix, s->prefix_bytes);
    to = put_time(s, to, line->nanos);
    to = PUT(to, "Z\",\"text\":\"");
    to = json_append(to, line->bytes, line->size);
    to = line->is_stderr ? PUT(to, "\",\"source\":\"stderr\"}") : PUT(to, "\",\"source\":\"stdout\"}");
    int size = (int)(to - message.bytes);
    if (jetstream == NULL)
    {
        must(natsConnection_Publish(nats, s->subject, message.bytes, size), "publish");
        return;
    }
    char id[96];
    snprintf(id, sizeof id, "%d-%llu-%llu", getpid(), (unsigned long long)s->number, (unsigned long long)s->sequence++);
    jsPubOptions options = {.MsgId = id, .MaxWait = 30000};
    must(js_PublishAsync(jetstream, s->subject, message.bytes, size, &options), "publish to the stream");
}

static void take(struct session *s, struct line *line)
{
    struct buffer *pieces = &s->pieces[line->is_stderr];
    if (!line->is_partial && pieces->size == 0)
    {
        publish(s, line);
        return;
    }
    append(pieces, line->bytes, line->size);
    if (line->is_partial && !line->is_last) return;
    line->bytes = pieces->bytes;
    line->size = pieces->size;
    publish(s, line);
    pieces->size = 0;
}

static const char *varint(const char *at, const char *end, uint64_t *value)
{
    *value = 0;
    for (int shift = 0; at < end && shift < 64; shift += 7)
    {
        unsigned char byte = (unsigned char)*at++;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return at;
    }
    return NULL;
}

/* False: not a LogEntry. Source: moby daemon/logger/internal/logdriver/entry.proto. */
static bool decode(const char *at, const char *end, struct line *line)
{
    *line = (struct line){.bytes = ""};
    while (at < end)
    {
        char tag = *at++;
        uint64_t value;
        if ((at = varint(at, end, &value)) == NULL) return false;
        if (tag == 0x10) line->nanos = value;
        else if (tag == 0x20) line->is_partial = value != 0;
        else if ((tag & 7) != 2 || value > (uint64_t)(end - at)) return false;
        else
        {
            if (tag == 0x0a) line->is_stderr = value == 6 && memcmp(at, "stderr", 6) == 0;
            else if (tag == 0x1a) line->bytes = at, line->size = value;
            /* proto3 leaves `last` out when it is false; else it is the first field. */
            else if (tag == 0x2a) line->is_last = value >= 2 && at[0] == 0x08 && at[1] == 1;
            at += value;
        }
    }
    return true;
}

/* Handles the frames that are whole; returns where the rest begins. */
static const char *take_frames(struct session *s, const char *at, const char *end)
{
    while (end - at >= 4)
    {
        uint32_t size;
        memcpy(&size, at, 4);
        size = __builtin_bswap32(size);
        if (size > FRAME_MAX) die("frame", "too long");
        if ((size_t)(end - at) < 4 + (size_t)size) break;
        struct line line;
        if (!decode(at + 4, at + 4 + size, &line)) die("frame", "not a LogEntry");
        take(s, &line);
        at += 4 + size;
    }
    return at;
}

/* One read. False: there is nothing more. */
static bool read_session(struct session *s)
{
    /* Behind the rest of the last read. */
    memcpy(input, s->rest.bytes, s->rest.size);
    ssize_t size = read(s->fd, input + s->rest.size, READ_BYTES);
    if (size <= 0) return false;
    const char *end = input + s->rest.size + size, *rest = take_frames(s, input, end);
    s->rest.size = 0;
    append(&s->rest, rest, (size_t)(end - rest));
    return true;
}

static void *read_all(void *unused)
{
    (void)unused;
    for (;;)
    {
        struct epoll_event events[64];
        int count = epoll_wait(epoll, events, 64, -1);
        pthread_mutex_lock(&lock);
        for (int i = 0; i < count; i++)
        {
            struct session *s = &sessions[events[i].data.u32];
            if (s->fd >= 0) read_session(s);
        }
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

/* Everything of the message that does not change from line to line, up to the time. */
static void make_prefix(struct session *s, const char *info)
{
    char *id = json_string(json_member(info, "ContainerID")), *name = json_string(json_member(info, "ContainerName"));
    char *image_id = json_string(json_member(info, "ContainerImageID")), *image = json_string(json_member(info, "ContainerImageName"));
    char *subject = json_string(json_member(json_member(info, "Config"), "nats-subject"));
    const char *fields[] = {"{\"container_id\":\"", id, "\",\"container_name\":\"", name + (name[0] == '/'), "\",\"image_id\":\"", image_id,
                            "\",\"image_name\":\"", image, "\",\"hostname\":\"", hostname, "\",\"tag\":\"", NULL, "\",\"time\":\""};
    char tag[13];
    snprintf(tag, sizeof tag, "%s", id);
    s->prefix = malloc(256 + JSON_WORST(strlen(id) + strlen(name) + strlen(image_id) + strlen(image) + strlen(hostname) + strlen(tag)));
    char *to = s->prefix;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    {
        const char *field = fields[i] == NULL ? tag : fields[i];
        /* Every second one is a value. */
        to = i % 2 == 0 ? put(to, field, strlen(field)) : json_append(to, field, strlen(field));
    }
    s->prefix_bytes = (size_t)(to - s->prefix);
    s->subject = subject[0] != '\0' ? strdup(subject) : strdup(tag);
    free(id), free(name), free(image_id), free(image), free(subject);
}

static void start_logging(const char *request)
{
    char *file = json_string(json_member(request, "File"));
    int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) die(file, strerror(errno));
    pthread_mutex_lock(&lock);
    uint32_t at = 0;
    while (at < SESSIONS_MAX && sessions[at].fd >= 0) at++;
    if (at == SESSIONS_MAX) die(file, "too many containers");
    struct session *s = &sessions[at];
    static uint64_t number;
    *s = (struct session){.fd = fd, .file = file, .number = number++};
    make_prefix(s, json_member(request, "Info"));
    pthread_mutex_unlock(&lock);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = at};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) die(file, strerror(errno));
}

/* The engine still has the FIFO open: what it has written is all there is. */
static void stop_logging(const char *request)
{
    char *file = json_string(json_member(request, "File"));
    pthread_mutex_lock(&lock);
    for (struct session *s = sessions; s < sessions + SESSIONS_MAX; s++)
    {
        if (s->fd < 0 || strcmp(s->file, file) != 0) continue;
        while (read_session(s)) continue;
        close(s->fd);
        free(s->file), free(s->subject), free(s->prefix), free(s->rest.bytes), free(s->pieces[0].bytes), free(s->pieces[1].bytes);
        s->fd = -1;
    }
    pthread_mutex_unlock(&lock);
    free(file);
    if (jetstream == NULL) must(natsConnection_FlushTimeout(nats, 10000), "flush");
    else must(js_PublishAsyncComplete(jetstream, &(jsPubOptions){.MaxWait = 30000}), "acknowledgements");
}

static const char *answer(const char *path, const char *request)
{
    if (strcmp(path, "/Plugin.Activate") == 0) return "{\"Implements\":[\"LogDriver\"]}";
    if (strcmp(path, "/LogDriver.Capabilities") == 0) return "{\"Cap\":{\"ReadLogs\":false}}";
    if (strcmp(path, "/LogDriver.StartLogging") == 0) start_logging(request);
    else if (strcmp(path, "/LogDriver.StopLogging") == 0) stop_logging(request);
    else return "{\"Err\":\"unknown method\"}";
    return "{\"Err\":\"\"}";
}

static void refused(jsCtx *context, jsPubAckErr *error, void *unused)
{
    (void)context, (void)unused;
    die("publish to the stream", error->ErrText);
}

static void connect_nats(void)
{
    const char *url = getenv("NATS_SERVERS"), *transport = getenv("NATS_TRANSPORT");
    natsOptions *options;
    must(natsOptions_Create(&options), "options");
    must(natsOptions_SetURL(options, url == NULL ? "nats://127.0.0.1:4222" : url), "NATS_SERVERS");
    must(natsOptions_SetIOBufSize(options, CLIENT_BUFFER), "buffer");
    must(natsConnection_Connect(&nats, options), "connect");
    natsOptions_Destroy(options);
    if (transport == NULL || strcmp(transport, "jetstream") != 0) return;
    jsOptions js;
    must(jsOptions_Init(&js), "options of JetStream");
    js.PublishAsync.MaxPending = UNCONFIRMED_MAX;
    js.PublishAsync.ErrHandler = refused;
    must(natsConnection_JetStream(&jetstream, nats, &js), "JetStream");
}

int main(int argc, char **argv)
{
    if (argc != 2) die("usage", "driver SOCKET");
    for (int i = 0; i < SESSIONS_MAX; i++)
        sessions[i].fd = -1;
    gethostname(hostname, sizeof hostname - 1);
    input = malloc(FRAME_MAX + 4 + READ_BYTES);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    connect_nats();
    pthread_t reader;
    pthread_create(&reader, NULL, read_all, NULL);
    http_serve(argv[1], answer);
}
