/* Bytes of a block of whole lines. Everything here keeps to one rule: a pointer never goes past the
   line feed that ends its line, so that one byte may always be looked at. */

#include <stdint.h>
#include <string.h>

typedef const unsigned char *Text;

enum { MISSING = -1 };

static inline int is_digit(unsigned char c) { return (unsigned)(c - '0') < 10; }

static inline uint64_t eight(Text p)
{
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
}

static inline uint32_t four(Text p)
{
    uint32_t word;
    memcpy(&word, p, 4);
    return word;
}

/* Whether two texts of one length are the same; short ones, for which a call would take longer. */
static inline int same(Text p, Text q, Py_ssize_t length)
{
    if (length >= 8) {
        for (; length > 8; p += 8, q += 8, length -= 8) {
            if (eight(p) != eight(q))
                return 0;
        }
        return eight(p + length - 8) == eight(q + length - 8);
    }
    if (length >= 4)
        return four(p) == four(q) && four(p + length - 4) == four(q + length - 4);
    for (; length; p++, q++, length--) {
        if (*p != *q)
            return 0;
    }
    return 1;
}

static inline Text blanks(Text p, int most)
{
    while (most-- && (*p == ' ' || *p == '\t'))
        p++;
    return p;
}

/* Where a word stands in a text, NULL for nowhere. */
static Text found(Text p, Text end, Text word, Py_ssize_t length)
{
    if (length == 0)
        return p;
    while (end - p >= length && (p = memchr(p, *word, (size_t)(end - p - length + 1)))) {
        if (same(p, word, length))
            return p;
        p++;
    }
    return NULL;
}
