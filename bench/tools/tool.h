/*
 * What feeder, receiver and writer have in common: the line that they know, the memory that they share, and how they talk to bench/run.ts.
 *
 * A line is made by bench/line.ts: `n=` and its number within its container, ` t=` and the microsecond of its writing on the machine's
 * monotonic clock, then something like an access log. Both numbers have a fixed width and are changed in place.
 */
#ifndef BENCH_TOOL_H
#define BENCH_TOOL_H

#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define NUMBER_AT 2
#define NUMBER_DIGITS 9
#define CLOCK_AT (NUMBER_AT + NUMBER_DIGITS + 3)
#define CLOCK_DIGITS 15

static inline void write_digits(char *at, int digits, uint64_t value)
{
    for (int i = digits - 1; i >= 0; i--, value /= 10)
        at[i] = (char)('0' + value % 10);
}

static inline uint64_t read_digits(const char *at, int digits)
{
    uint64_t value = 0;
    for (int i = 0; i < digits; i++)
        value = value * 10 + (uint64_t)(at[i] - '0');
    return value;
}

static inline int64_t nanos_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* The file that feeder and receiver map. */
struct shared
{
    /* Lines that have arrived. Written by the receiver. */
    _Atomic uint64_t arrived;
    /* What turns the monotonic clock into the time in a frame, in nanoseconds; 0: the frames are not ours. Written by the feeder. */
    _Atomic int64_t wall_offset;
};

/* bench/run.ts starts us with a channel of node's: one JSON value a line, both ways. Source: nodejs.org, child_process, `options.execPath`. */
static inline int channel(void)
{
    const char *fd = getenv("NODE_CHANNEL_FD");
    return fd == NULL ? STDOUT_FILENO : atoi(fd);
}

__attribute__((format(printf, 1, 2))) static inline void report(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vdprintf(channel(), format, values);
    va_end(values);
}

/* For a reason without quotation marks. */
#define FAIL(format, ...) (report("{\"type\":\"failed\",\"reason\":\"" format "\"}\n", ##__VA_ARGS__), exit(1))

static inline struct shared *map_shared(const char *path)
{
    int fd = open(path, O_RDWR);
    if (fd < 0) FAIL("cannot open %s", path);
    void *memory = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) FAIL("cannot map %s", path);
    close(fd);
    return memory;
}

#endif
