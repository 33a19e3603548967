/*
 * What runs in a container of the real engine: writes numbered lines to its standard output, as fast as it can, 64 KiB at a time.
 *
 * usage: writer LINES LINE
 */
#include "tool.h"

#define BLOCK_BYTES (64 * 1024)

int main(int argc, char **argv)
{
    if (argc != 3) return 2;
    uint64_t lines = strtoull(argv[1], NULL, 10);
    size_t line_bytes = strlen(argv[2]), filled = 0;
    char *block = malloc(BLOCK_BYTES + line_bytes + 1);
    for (uint64_t made = 0; made < lines; made++)
    {
        char *line = block + filled;
        memcpy(line, argv[2], line_bytes);
        write_digits(line + NUMBER_AT, NUMBER_DIGITS, made);
        write_digits(line + CLOCK_AT, CLOCK_DIGITS, (uint64_t)nanos_of(CLOCK_MONOTONIC) / 1000);
        line[line_bytes] = '\n';
        filled += line_bytes + 1;
        if (filled < BLOCK_BYTES && made + 1 < lines) continue;
        for (size_t at = 0; at < filled;)
        {
            ssize_t size = write(STDOUT_FILENO, block + at, filled - at);
            if (size < 0) return 1;
            at += (size_t)size;
        }
        filled = 0;
    }
    return 0;
}
