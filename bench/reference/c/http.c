#include "http.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static http_answer *answer_of;

/* One request with its answer. False: the connection is over. */
static int converse(FILE *in, int out)
{
    char line[1024], path[256] = "";
    size_t length = 0;
    if (fgets(line, sizeof line, in) == NULL || sscanf(line, "POST %255s", path) != 1) return 0;
    while (fgets(line, sizeof line, in) != NULL && line[0] != '\r')
        if (strncasecmp(line, "Content-Length:", 15) == 0) length = strtoul(line + 15, NULL, 10);
    char *body = malloc(length + 1);
    int whole = fread(body, 1, length, in) == length;
    body[length] = '\0';
    if (whole)
    {
        const char *text = answer_of(path, body);
        whole = dprintf(out, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", strlen(text), text) > 0;
    }
    free(body);
    return whole;
}

static void *serve_one(void *fd)
{
    FILE *in = fdopen((int)(intptr_t)fd, "r");
    while (converse(in, fileno(in))) continue;
    fclose(in);
    return NULL;
}

void http_serve(const char *socket_path, http_answer *answer)
{
    answer_of = answer;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path);
    unlink(socket_path);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 128) != 0)
    {
        perror(socket_path);
        exit(1);
    }
    for (;;)
    {
        int fd = accept(listener, NULL, NULL);
        pthread_t thread;
        if (fd >= 0 && pthread_create(&thread, NULL, serve_one, (void *)(intptr_t)fd) == 0) pthread_detach(thread);
    }
}
