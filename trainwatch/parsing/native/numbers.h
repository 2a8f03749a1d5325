/* Numbers as Python reads them, to the last bit, or not at all. */

static const double POWERS[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
/* As Python computes 10.0 ** -n: these are the nearest doubles. */
static const double SCALES[] = {1e0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9};

/* At most `most` digits, added behind those of `value`. */
static inline Text digits(Text p, int most, uint64_t *value)
{
    uint64_t sum = *value;
    for (Text last = p + most; p < last && is_digit(*p); p++)
        sum = sum * 10 + (uint64_t)(*p - '0');
    *value = sum;
    return p;
}

/* 1 to `most` digits; NULL for none. */
static inline Text whole(Text p, int most, int64_t *value)
{
    uint64_t sum = 0;
    Text q = digits(p, most, &sum);
    *value = (int64_t)sum;
    return q == p ? NULL : q;
}

static inline Text integer(Text p, int64_t *value, int *negative)
{
    *negative = *p == '-';
    if (*p == '-' || *p == '+')
        p++;
    p = whole(p, 18, value);
    if (p && *negative)
        *value = -*value;
    return p;
}

#ifdef __SIZEOF_INT128__
typedef unsigned __int128 Wide;

/* The double nearest to wide * 2**exponent, ties to even; `sticky`: bits were lost below it. */
static double nearest(Wide wide, int exponent, int sticky)
{
    int bits = 128;
    while (!(wide >> 127)) {
        wide <<= 1;
        bits--;
    }
    /* The top 53 of 128 bits are kept; every result here is a normal number. */
    uint64_t kept = (uint64_t)(wide >> 75);
    Wide rest = wide << 53, half = (Wide)1 << 127;
    if (rest > half || (rest == half && (sticky || (kept & 1))))
        kept++;
    uint64_t power = (uint64_t)(1023 + exponent + bits - 53) << 52; /* of two, as a double's bits */
    double scale;
    memcpy(&scale, &power, sizeof(scale));
    return (double)kept * scale;
}

static int wide(uint64_t digits, int exponent, double *value)
{
    if (exponent < -27 || exponent > 27)
        return 0;
    uint64_t five = 1;
    for (int n = exponent < 0 ? -exponent : exponent; n; n--)
        five *= 5;
    if (exponent >= 0) {
        *value = nearest((Wide)digits * five, exponent, 0);
        return 1;
    }
    int shift = 64;
    Wide above = (Wide)digits << shift;
    while (!(above >> 127)) {
        above <<= 1;
        shift++;
    }
    *value = nearest(above / five, exponent - shift, above % five != 0);
    return 1;
}
#else
static int wide(uint64_t digits, int exponent, double *value)
{
    (void)digits, (void)exponent, (void)value;
    return 0;
}
#endif

/* digits * 10**exponent as Python's float() has it; 0 where that is not certain. */
static inline int exact(uint64_t digits, int exponent, double *value)
{
    if (digits <= (1ULL << 53) && exponent >= -22 && exponent <= 22) {
        /* Both are exact doubles, so that one rounding is the right one. */
        *value = exponent < 0 ? (double)digits / POWERS[-exponent]
                              : (double)digits * POWERS[exponent];
        return 1;
    }
    if (digits == 0) {
        *value = 0.0;
        return 1;
    }
    return wide(digits, exponent, value);
}

static Text named(Text p, Text end, double *value)
{
    if (end - p < 3)
        return NULL;
    unsigned char a = p[0] | 0x20, b = p[1] | 0x20, c = p[2] | 0x20;
    if (a == 'n' && b == 'a' && c == 'n') {
        *value = Py_NAN;
        return p + 3;
    }
    if (a == 'i' && b == 'n' && c == 'f') {
        *value = Py_HUGE_VAL;
        return end - p >= 8 && memcmp(p + 3, "inity", 5) == 0 ? p + 8 : p + 3;
    }
    return NULL;
}

/* Behind an exponent, which is added to what is there; p itself where none stands here. */
static Text exponential(Text p, int *exponent)
{
    int64_t stated;
    int down = p[1] == '-';
    Text q = whole(p + (down || p[1] == '+' ? 2 : 1), 4, &stated);
    if (!q)
        return p;
    *exponent += down ? -(int)stated : (int)stated;
    return q;
}

/* How a float is written; `whole` and `part` are 0 for a name. */
typedef struct {
    Text first;
    int whole, part, exponent, negative;
} Written;

/* A float as the template language has it; NULL also for one that is not certain. */
static inline Text real(Text p, Text end, double *value, Written *written)
{
    int negative = *p == '-', exponent = 0;
    if (*p == '-' || *p == '+')
        p++;
    uint64_t number = 0;
    written->first = p;
    written->negative = negative;
    Text point = digits(p, 40, &number), q = point;
    Py_ssize_t length = point - p;
    if (*q == '.' && (length || is_digit(q[1]))) {
        q = digits(q + 1, 40, &number);
        exponent = -(int)(q - point - 1);
        length -= exponent;
    }
    written->whole = (int)(point - p);
    written->part = -exponent;
    if (length == 0) {
        q = named(p, end, value);
        if (!q)
            return NULL;
    }
    else {
        if (length > 19) { /* more than fit, if they are not zeros that lead */
            Text first = p;
            while (*first == '0' || *first == '.')
                first++;
            if (q - first - (first <= point && point < q) > 19)
                return NULL;
        }
        if ((*q | 0x20) == 'e')
            q = exponential(q, &exponent);
        written->exponent = exponent + written->part;
        if (!exact(number, exponent, value))
            return NULL;
    }
    if (negative)
        *value = -*value;
    return q;
}
