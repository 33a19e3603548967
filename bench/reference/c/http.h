/* The server of a plugin: POST over a unix socket, requests of one connection in turn. */
#ifndef REFERENCE_HTTP_H
#define REFERENCE_HTTP_H

/* Returns the body of the answer, which is not freed. `request`: the body, ends with a zero. Called by several threads. */
typedef const char *http_answer(const char *path, const char *request);

/* Listens at `socket_path` for ever. */
void http_serve(const char *socket_path, http_answer *answer);

#endif
