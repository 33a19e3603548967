/* As much JSON as a driver needs: the members of a request, and strings of a message. */
#ifndef REFERENCE_JSON_H
#define REFERENCE_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* Where the value of that member of the object at `object` begins, or NULL. */
const char *json_member(const char *object, const char *key);

/* The string at `value`, decoded, to be freed; "" for NULL and for anything that is not a string. */
char *json_string(const char *value);

/* How many bytes `size` bytes become at most: a control character becomes six. */
#define JSON_WORST(size) ((size) * 6)

/* Appends the content of a string: what JSON does not take is escaped, a byte that is not UTF-8 becomes U+FFFD. Returns the end. */
char *json_append(char *to, const char *bytes, size_t size);

#endif
