#include "json.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

/* Behind the closing quotation mark. */
static const char *skip_string(const char *at)
{
    for (at++; *at != '"' && *at != '\0'; at++)
        if (*at == '\\' && at[1] != '\0') at++;
    return *at == '"' ? at + 1 : at;
}

static const char *skip_value(const char *at)
{
    int depth = 0;
    do
    {
        at = skip_blanks(at);
        if (*at == '"')
        {
            at = skip_string(at);
            continue;
        }
        if (*at == '{' || *at == '[') depth++;
        else if (*at == '}' || *at == ']') depth--;
        else if (depth == 0)
        {
            at += strcspn(at, ",}] \t\r\n");
            break;
        }
        if (*at != '\0') at++;
    } while (depth > 0 && *at != '\0');
    return at;
}

const char *json_member(const char *object, const char *key)
{
    if (object == NULL || *(object = skip_blanks(object)) != '{') return NULL;
    size_t size = strlen(key);
    for (const char *at = skip_blanks(object + 1); *at == '"';)
    {
        const char *name = at + 1;
        at = skip_string(at);
        bool found = (size_t)(at - name) == size + 1 && memcmp(name, key, size) == 0;
        at = skip_blanks(at);
        if (*at != ':') return NULL;
        at = skip_blanks(at + 1);
        if (found) return at;
        at = skip_blanks(skip_value(at));
        if (*at == ',') at = skip_blanks(at + 1);
    }
    return NULL;
}

static char *put_utf8(char *to, unsigned code)
{
    if (code < 0x80) *to++ = (char)code;
    else if (code < 0x800)
    {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    else
    {
        /* Half of a surrogate pair alone does not occur in what Go's encoder writes. */
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

char *json_string(const char *value)
{
    if (value == NULL || *value != '"') return strdup("");
    size_t size = (size_t)(skip_string(value) - value);
    char *text = malloc(size + 1), *to = text;
    for (const char *at = value + 1; *at != '"' && *at != '\0'; at++)
    {
        if (*at != '\\')
        {
            *to++ = *at;
            continue;
        }
        at++;
        unsigned code;
        const char *escape = strchr("n\nt\tr\rb\bf\f", *at);
        if (*at == 'u' && sscanf(at + 1, "%4x", &code) == 1)
        {
            to = put_utf8(to, code);
            at += 4;
        }
        else *to++ = escape != NULL ? escape[1] : *at;
    }
    *to = '\0';
    return text;
}

/* How many bytes the character at `s` has; 0: it is not UTF-8. Source: Unicode 15, table 3-7. */
static int utf8_bytes(const unsigned char *s, size_t left)
{
    if (s[0] < 0xc2 || s[0] > 0xf4) return 0;
    int bytes = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (left < (size_t)bytes) return 0;
    unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    if (s[1] < low || s[1] > high) return 0;
    for (int i = 2; i < bytes; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    return bytes;
}

#define ALL(byte) (0x0101010101010101u * (byte))

/* Whether one of eight bytes is below 0x20, above 0x7f, a quotation mark or a backslash. */
static bool is_special(uint64_t bytes)
{
    uint64_t quote = bytes ^ ALL('"'), backslash = bytes ^ ALL('\\');
    uint64_t found = bytes | (bytes - ALL(0x20)) | (quote - ALL(1)) | (backslash - ALL(1));
    return (found & ALL(0x80)) != 0;
}

char *json_append(char *to, const char *bytes, size_t size)
{
    const unsigned char *at = (const unsigned char *)bytes, *end = at + size;
    while (at < end)
    {
        for (uint64_t eight; end - at >= 8; at += 8, to += 8)
        {
            memcpy(&eight, at, 8);
            if (is_special(eight)) break;
            memcpy(to, &eight, 8);
        }
        /* The eight with something special in it, or the last ones. */
        for (const unsigned char *stop = end - at < 8 ? end : at + 8; at < stop;)
        {
            unsigned char c = *at;
            if (c >= 0x80)
            {
                int n = utf8_bytes(at, (size_t)(end - at));
                memcpy(to, n == 0 ? "\xef\xbf\xbd" : (const char *)at, n == 0 ? 3 : (size_t)n);
                to += n == 0 ? 3 : n;
                at += n == 0 ? 1 : n;
                continue;
            }
            at++;
            if (c >= 0x20 && c != '"' && c != '\\')
            {
                *to++ = (char)c;
                continue;
            }
            *to++ = '\\';
            static const char letters[32] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
            if (c >= 0x20) *to++ = (char)c;
            else if (letters[c] != 0) *to++ = letters[c];
            else
            {
                memcpy(to, "u00", 3);
                to[3] = (char)('0' + (c >> 4));
                to[4] = "0123456789abcdef"[c & 15];
                to += 5;
            }
        }
    }
    return to;
}
