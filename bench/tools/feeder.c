/*
 * Stands in for the engine: makes the FIFOs, holds them open for reading and writing as dockerd does, and writes frames into them, each with
 * a write() of its own as dockerd does.
 *
 * Flat out, it writes to a container until the pipe is full or its turn is over, then to the next; it sleeps when all pipes are full. It stays
 * a bounded number of bytes ahead of the receiver: what is measured is the rate that the whole pipeline keeps up for ever. Beyond it a driver
 * must block the container, drop lines or run out of memory.
 *
 * usage: feeder DIRECTORY SHARED CONTAINERS LINES_EACH LINES_PER_SECOND FRAMES_PER_WRITE LINE
 */
#include <errno.h>
#include <poll.h>
#include <sys/stat.h>

#include "tool.h"

/* More than the pipes of a hundred containers hold, less than what a driver is expected to keep in memory. */
#define AHEAD_BYTES (8 * 1024 * 1024)
/* How long one container may write while others wait: a fraction of a millisecond. */
#define TURN_WRITES 256
/* A time in nanoseconds is a varint of this length from 1972 to 2262. */
#define TIME_BYTES 9
#define TICK_NANOS 1000000

struct container
{
    int fd;
    uint64_t made;
    /* Frames of which `at` bytes are in the pipe. */
    char *block;
    size_t at, end;
};

static struct shared *shared;
static char *frame;
static size_t frame_bytes, time_at, line_at, frames_per_write;
static uint64_t lines_each;

static size_t put_varint(char *to, uint64_t value)
{
    size_t size = 0;
    for (; value > 0x7f; value >>= 7)
        to[size++] = (char)(value | 0x80);
    to[size++] = (char)value;
    return size;
}

/* Source: moby daemon/logger/internal/logdriver/entry.proto. */
static void make_frame(const char *line)
{
    size_t line_bytes = strlen(line);
    frame = malloc(line_bytes + 64);
    size_t at = 4;
    at += (size_t)sprintf(frame + at, "\x0a\x06stdout\x10");
    time_at = at;
    at += TIME_BYTES;
    frame[at++] = 0x1a;
    at += put_varint(frame + at, line_bytes);
    line_at = at;
    memcpy(frame + at, line, line_bytes);
    frame_bytes = at + line_bytes;
    uint32_t size = __builtin_bswap32((uint32_t)frame_bytes - 4);
    memcpy(frame, &size, 4);
}

static void fill(struct container *c, size_t frames)
{
    int64_t now = nanos_of(CLOCK_MONOTONIC);
    uint64_t wall = (uint64_t)(now + shared->wall_offset);
    c->at = 0;
    c->end = frames * frame_bytes;
    for (char *to = c->block; to < c->block + c->end; to += frame_bytes)
    {
        put_varint(to + time_at, wall);
        write_digits(to + line_at + NUMBER_AT, NUMBER_DIGITS, c->made++);
        write_digits(to + line_at + CLOCK_AT, CLOCK_DIGITS, (uint64_t)now / 1000);
    }
}

/* False when the pipe is full. */
static bool drain(struct container *c)
{
    ssize_t size = write(c->fd, c->block + c->at, c->end - c->at);
    if (size < 0 && errno != EAGAIN) FAIL("write to a FIFO: %s", strerror(errno));
    if (size > 0) c->at += (size_t)size;
    return c->at == c->end;
}

static void nap(int64_t nanos)
{
    struct timespec time = {.tv_sec = 0, .tv_nsec = nanos};
    nanosleep(&time, NULL);
}

static void feed_flat_out(struct container *all, int count)
{
    struct pollfd *polls = calloc((size_t)count, sizeof *polls);
    for (int i = 0; i < count; i++)
        polls[i] = (struct pollfd){.fd = all[i].fd, .events = POLLOUT, .revents = POLLOUT};
    uint64_t made = 0, ahead = AHEAD_BYTES / frame_bytes;
    for (int left = count; left > 0;)
    {
        bool idle = true, held = false;
        for (int i = 0; i < count; i++)
        {
            struct container *c = &all[i];
            if (polls[i].fd < 0 || polls[i].revents == 0) continue;
            for (int turn = 0;; turn++)
            {
                if (c->at == c->end)
                {
                    uint64_t frames = lines_each - c->made < frames_per_write ? lines_each - c->made : frames_per_write;
                    if (frames == 0)
                    {
                        /* poll(2) passes over it. */
                        polls[i].fd = -1;
                        left--;
                        break;
                    }
                    if (turn >= TURN_WRITES) break;
                    held = made + frames > shared->arrived + ahead;
                    if (held) break;
                    fill(c, frames);
                    made += frames;
                }
                if (!drain(c))
                {
                    polls[i].revents = 0;
                    break;
                }
                idle = false;
            }
        }
        if (held) nap(100000);
        else if (idle && left > 0 && poll(polls, (nfds_t)count, -1) < 0) FAIL("poll: %s", strerror(errno));
        else if (!idle) for (int i = 0; i < count; i++) polls[i].revents = POLLOUT;
    }
    free(polls);
}

/* A tick a millisecond. Returns how late the latest line was, in nanoseconds. */
static int64_t feed_paced(struct container *all, int count, int64_t lines_per_second)
{
    int64_t begin = nanos_of(CLOCK_MONOTONIC), latest = 0;
    uint64_t total = lines_each * (uint64_t)count, sent = 0;
    for (int64_t tick = 1; sent < total; tick++)
    {
        int64_t now = nanos_of(CLOCK_MONOTONIC) - begin;
        int64_t due_since = now - (int64_t)sent * 1000000000 / lines_per_second;
        if (due_since > latest) latest = due_since;
        uint64_t due = (uint64_t)(now * lines_per_second / 1000000000);
        for (; sent < due && sent < total; sent++)
        {
            struct container *c = &all[sent % (uint64_t)count];
            if (c->at == c->end) fill(c, 1);
            if (!drain(c)) break;
        }
        int64_t wait = begin + tick * TICK_NANOS - nanos_of(CLOCK_MONOTONIC);
        if (wait > 0) nap(wait);
        else tick = (nanos_of(CLOCK_MONOTONIC) - begin) / TICK_NANOS;
    }
    return latest;
}

static void await_go(void)
{
    char byte;
    do
        if (read(channel(), &byte, 1) != 1) exit(0);
    while (byte != '\n');
}

int main(int argc, char **argv)
{
    if (argc != 8) FAIL("feeder: expected seven arguments");
    const char *directory = argv[1];
    shared = map_shared(argv[2]);
    int count = atoi(argv[3]);
    lines_each = strtoull(argv[4], NULL, 10);
    int64_t lines_per_second = atoll(argv[5]);
    frames_per_write = strtoull(argv[6], NULL, 10);
    make_frame(argv[7]);
    shared->wall_offset = nanos_of(CLOCK_REALTIME) - nanos_of(CLOCK_MONOTONIC);
    struct container *all = calloc((size_t)count, sizeof *all);
    for (int i = 0; i < count; i++)
    {
        char path[4096];
        snprintf(path, sizeof path, "%s/fifo-%d", directory, i);
        if (mkfifo(path, 0600) != 0) FAIL("mkfifo %s: %s", path, strerror(errno));
        all[i].fd = open(path, O_RDWR | O_NONBLOCK);
        if (all[i].fd < 0) FAIL("open %s: %s", path, strerror(errno));
        all[i].block = malloc(frame_bytes * frames_per_write);
        for (size_t j = 0; j < frames_per_write; j++)
            memcpy(all[i].block + j * frame_bytes, frame, frame_bytes);
    }
    report("{\"type\":\"ready\"}\n");
    await_go();
    int64_t latest = 0;
    if (lines_per_second > 0) latest = feed_paced(all, count, lines_per_second);
    else feed_flat_out(all, count);
    report("{\"type\":\"fed\",\"latestMs\":%.3f}\n", (double)latest / 1e6);
    /* The FIFOs stay open until we are told to end. */
    pause();
}
