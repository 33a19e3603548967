/*
 * Subscribes to all messages of the bench and checks each: of a container that there is, the line that is next there, every byte of the message
 * as expected. Times differ from message to message; one in 500 is compared with the time in its frame. Speaks the protocol of NATS itself
 * and reads in place: a client would be what the bench measures. Source: docs.nats.io, reference of the client protocol.
 *
 * The file EXPECTED has a line for each container: its message for line 0 at time 0.
 *
 * usage: receiver PORT SHARED EXPECTED LINES_EACH WANT_LATENCIES
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "tool.h"

#define SUBJECT_PREFIX "bench.c"
#define READ_BYTES (1024 * 1024)
/* The beginning of a message whose rest has not come. */
#define KEPT_BYTES (256 * 1024)
#define STALLED_SECONDS 20
/* After the last line, for one that arrives twice. */
#define LINGER_MICROS 100000
#define COMPARE_EVERY 500
/* `2024-05-06T07:08:09.123456789Z` */
#define TIME_BYTES 30

struct container
{
    const char *expected;
    size_t bytes, time_at, text_at;
    uint64_t next;
};

static struct shared *shared;
static struct container *containers;
static size_t count;
static uint64_t lines_each, total, received;
static int64_t now;
static uint32_t *latencies;
static int server;

static void fail_at(const char *what, size_t container, const char *message, size_t size)
{
    /* The message goes to our log, the reason to the runner. */
    fprintf(stderr, "container %zu: %.*s\nexpected: %.*s\n", container, (int)size, message,
            container < count ? (int)containers[container].bytes : 0, container < count ? containers[container].expected : "");
    FAIL("container %zu: %s (line %llu was next); %llu of %llu lines had arrived", container, what,
         container < count ? (unsigned long long)containers[container].next : 0, (unsigned long long)received, (unsigned long long)total);
}

static size_t after(const char *json, size_t bytes, const char *key)
{
    const char *at = memmem(json, bytes, key, strlen(key));
    if (at == NULL) FAIL("an expected message has no such key");
    return (size_t)(at - json) + strlen(key);
}

static void read_expected(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) FAIL("cannot open %s", path);
    char *line = NULL;
    size_t capacity = 0;
    for (ssize_t size; (size = getline(&line, &capacity, file)) > 0; line = NULL, capacity = 0, count++)
    {
        containers = realloc(containers, (count + 1) * sizeof *containers);
        size_t bytes = (size_t)size - 1;
        containers[count] = (struct container){
            .expected = line, .bytes = bytes, .time_at = after(line, bytes, "\"time\":\""), .text_at = after(line, bytes, "\"text\":\"")};
    }
    fclose(file);
}

static void compare_time(size_t container, const char *message, size_t size)
{
    const struct container *c = &containers[container];
    int64_t wall = (int64_t)read_digits(message + c->text_at + CLOCK_AT, CLOCK_DIGITS) * 1000 + shared->wall_offset;
    time_t seconds = wall / 1000000000;
    struct tm utc;
    char date[TIME_BYTES];
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S.", gmtime_r(&seconds, &utc));
    int64_t fraction = (int64_t)read_digits(message + c->time_at + 20, 9) - wall % 1000000000;
    /* The line has only microseconds. */
    if (memcmp(message + c->time_at, date, 20) != 0 || fraction < 0 || fraction >= 1000) fail_at("another time", container, message, size);
}

static void receive(size_t container, const char *message, size_t size)
{
    if (container >= count) fail_at("there is no such container", container, message, size);
    struct container *c = &containers[container];
    if (size != c->bytes) fail_at("another message", container, message, size);
    uint64_t number = read_digits(message + c->text_at + NUMBER_AT, NUMBER_DIGITS);
    if (number != c->next) fail_at("another line", container, message, size);
    size_t text = c->text_at + NUMBER_AT + NUMBER_DIGITS, rest = c->text_at + CLOCK_AT + CLOCK_DIGITS;
    if (memcmp(message, c->expected, c->time_at) != 0 || message[c->time_at + TIME_BYTES - 1] != 'Z' ||
        memcmp(message + c->time_at + TIME_BYTES, c->expected + c->time_at + TIME_BYTES, c->text_at + NUMBER_AT - c->time_at - TIME_BYTES) != 0 ||
        memcmp(message + text, c->expected + text, CLOCK_AT - NUMBER_AT - NUMBER_DIGITS) != 0 ||
        memcmp(message + rest, c->expected + rest, size - rest) != 0)
        fail_at("another message", container, message, size);
    if (number % COMPARE_EVERY == 0 && shared->wall_offset != 0) compare_time(container, message, size);
    if (latencies != NULL && received < total)
        latencies[received] = (uint32_t)((uint64_t)now / 1000 - read_digits(message + c->text_at + CLOCK_AT, CLOCK_DIGITS));
    c->next++;
    if (++received > total) fail_at("too many lines", container, message, size);
}

static void say(const char *command)
{
    if (write(server, command, strlen(command)) < 0) FAIL("write to nats-server: %s", strerror(errno));
}

static void other(const char *line, size_t size)
{
    if (strncmp(line, "PING", 4) == 0) say("PONG\r\n");
    else if (strncmp(line, "PONG", 4) == 0) report("{\"type\":\"subscribed\"}\n");
    else if (line[0] == '-') FAIL("nats-server says %.*s", (int)(size - 1), line);
}

/* Returns where the command after the one at `at` begins, or NULL when it is not there whole. */
static const char *command(const char *at, const char *limit)
{
    const char *newline = memchr(at, '\n', (size_t)(limit - at));
    if (newline == NULL) return NULL;
    bool has_headers = at[0] == 'H';
    if (!has_headers && at[0] != 'M')
    {
        other(at, (size_t)(newline - at));
        return newline + 1;
    }
    /* `MSG bench.c7 1 477`, `HMSG bench.c7 1 REPLY 98 575`: last the bytes of the headers, and of all. */
    size_t container = strtoul(at + (has_headers ? 5 : 4) + strlen(SUBJECT_PREFIX), NULL, 10);
    const char *field = memrchr(at, ' ', (size_t)(newline - at));
    size_t size = strtoul(field, NULL, 10);
    size_t headers = has_headers ? strtoul(memrchr(at, ' ', (size_t)(field - at)), NULL, 10) : 0;
    const char *message = newline + 1;
    if (message + size + 2 > limit) return NULL;
    receive(container, message + headers, size - headers);
    return message + size + 2;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double quantile_ms(double q)
{
    return latencies == NULL ? -1 : latencies[(size_t)((double)(total - 1) * q)] / 1000.0;
}

static void set_patience(long seconds, long micros)
{
    struct timeval patience = {.tv_sec = seconds, .tv_usec = micros};
    setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

static void connect_to(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    server = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(server, (struct sockaddr *)&address, sizeof address) != 0) FAIL("connect to nats-server: %s", strerror(errno));
    say("CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true}\r\nSUB bench.> 1\r\nPING\r\n");
}

int main(int argc, char **argv)
{
    if (argc != 6) FAIL("receiver: expected five arguments");
    shared = map_shared(argv[2]);
    read_expected(argv[3]);
    lines_each = strtoull(argv[4], NULL, 10);
    total = lines_each * count;
    if (atoi(argv[5]) != 0) latencies = malloc(total * sizeof *latencies);
    connect_to(atoi(argv[1]));
    set_patience(STALLED_SECONDS, 0);
    char *buffer = malloc(KEPT_BYTES + READ_BYTES + 1);
    size_t kept = 0;
    int64_t first = 0, last = 0;
    for (;;)
    {
        ssize_t size = recv(server, buffer + kept, READ_BYTES, 0);
        if (size < 0 && errno == EAGAIN && received == total) break;
        if (size < 0 && errno == EAGAIN) FAIL("nothing came for %d s; %llu of %llu lines had arrived", STALLED_SECONDS, (unsigned long long)received, (unsigned long long)total);
        if (size <= 0) FAIL("nats-server closed the connection");
        now = nanos_of(CLOCK_MONOTONIC);
        const char *at = buffer, *limit = buffer + kept + size;
        for (const char *next; at < limit && (next = command(at, limit)) != NULL;)
            at = next;
        kept = (size_t)(limit - at);
        if (kept > KEPT_BYTES) FAIL("a message is longer than the receiver can keep");
        memmove(buffer, at, kept);
        shared->arrived = received;
        if (received > 0 && first == 0) first = now;
        if (received == total && last == 0)
        {
            last = now;
            set_patience(0, LINGER_MICROS);
        }
    }
    if (latencies != NULL) qsort(latencies, total, sizeof *latencies, by_value);
    report("{\"type\":\"received\",\"firstMicros\":%lld,\"lastMicros\":%lld,\"messageBytes\":%zu,\"p50Ms\":%.3f,\"p99Ms\":%.3f}\n",
           (long long)first / 1000, (long long)last / 1000, containers[0].bytes, quantile_ms(0.5), quantile_ms(0.99));
    pause();
}
