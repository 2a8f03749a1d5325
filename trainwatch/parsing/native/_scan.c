/* The native scanner: walks one compiled template over successive lines of a block of bytes.

   It follows the path that the regular expression of the format would try first (greedy, no
   backtracking) and takes a line only where that path reaches the end of the line; there the
   expression's match is the same one. Whatever else a line is, it is left to the plain engine. A
   number is taken only where its nearest float can be computed exactly. So this file decides how
   fast a log is read, never what stands in it. tests/core/test_engines.py holds both to that.

   Only the limited API of Python 3.11 is used: one binary serves every later version. */

#define Py_LIMITED_API 0x030b0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

typedef const unsigned char *Text;

/* Operations of a program; see program.py, which writes them. */
enum { OP_END, OP_LITERAL, OP_INT, OP_RANK, OP_FLOAT, OP_WORD, OP_TEXT, OP_REST };
/* Where a value goes. */
enum { TO_NOWHERE, TO_RANK, TO_EPOCH, TO_STEP, TO_BATCH, TO_TOTAL, TO_METRIC = 8 };
/* Rows of the three arrays of columns; see columns.py. */
enum { AT_LINE, AT_OFFSET, AT_END, AT_STEP, AT_BATCH };
enum { AT_RANK, AT_LOCAL };
enum { AT_SECONDS, AT_EPOCH, AT_METRICS };

enum { TOTALS = 3, MISSING = -1 };

static const double POWERS[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
/* As Python computes 10.0 ** -n: these are the nearest doubles. */
static const double SCALES[] = {1e0,  1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9};

static int is_digit(unsigned char c) { return (unsigned)(c - '0') < 10; }

static Text blanks(Text p, Text end, int most)
{
    while (most-- && p < end && (*p == ' ' || *p == '\t'))
        p++;
    return p;
}

static Text spaces(Text p, Text end, int most)
{
    while (most-- && p < end && *p == ' ')
        p++;
    return p;
}

static int starts(Text p, Text end, const char *word, Py_ssize_t length)
{
    return end - p >= length && memcmp(p, word, (size_t)length) == 0;
}
#define STARTS(p, end, word) starts(p, end, word, (Py_ssize_t)sizeof(word) - 1)

/* ---- numbers -------------------------------------------------------------------------------- */

/* 1 to `most` digits; NULL for none. */
static Text whole(Text p, Text end, int most, int64_t *value)
{
    Text start = p;
    int64_t sum = 0;
    while (p < end && is_digit(*p) && p - start < most)
        sum = sum * 10 + (*p++ - '0');
    *value = sum;
    return p == start ? NULL : p;
}

static Text integer(Text p, Text end, int64_t *value, int *negative)
{
    *negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    p = whole(p, end, 18, value);
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
#endif

/* digits * 10**exponent as Python's float() has it; 0 where that is not certain. */
static int exact(uint64_t digits, int exponent, double *value)
{
    if (digits == 0) {
        *value = 0.0;
        return 1;
    }
    if (digits <= (1ULL << 53) && exponent >= -22 && exponent <= 22) {
        /* Both are exact doubles, so that one rounding is the right one. */
        *value = exponent < 0 ? (double)digits / POWERS[-exponent]
                              : (double)digits * POWERS[exponent];
        return 1;
    }
#ifdef __SIZEOF_INT128__
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
#else
    return 0;
#endif
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
        return STARTS(p + 3, end, "inity") ? p + 8 : p + 3;
    }
    return NULL;
}

/* A float as the template language has it; NULL also for one that is not certain. */
static Text real(Text p, Text end, double *value)
{
    int negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    uint64_t digits = 0;
    int significant = 0, exponent = 0, before = 0, after = 0;
    for (; p < end && is_digit(*p) && before < 40; p++, before++) {
        digits = digits * 10 + (uint64_t)(*p - '0');
        significant += significant > 0 || *p != '0';
        if (significant > 19)
            return NULL;
    }
    if (p < end && *p == '.' && (before || (p + 1 < end && is_digit(p[1])))) {
        for (p++; p < end && is_digit(*p) && after < 40; p++, after++) {
            digits = digits * 10 + (uint64_t)(*p - '0');
            significant += significant > 0 || *p != '0';
            if (significant > 19)
                return NULL;
        }
    }
    if (!before && !after) {
        p = named(p, end, value);
    }
    else {
        exponent = -after;
        if (p < end && (*p | 0x20) == 'e') {
            Text q = p + 1;
            int down = q < end && *q == '-';
            int64_t stated;
            if (q < end && (*q == '-' || *q == '+'))
                q++;
            q = whole(q, end, 4, &stated);
            if (q) {
                p = q;
                exponent += down ? -(int)stated : (int)stated;
            }
        }
        if (!exact(digits, exponent, value))
            return NULL;
    }
    if (negative)
        *value = -*value;
    return p;
}

/* ---- what stands before the message --------------------------------------------------------- */

typedef struct {
    unsigned char text[19];
    int known;
    double seconds;
} Clock;

typedef struct {
    int32_t local, rank; /* MISSING where not stated */
    int digits;          /* of the fraction */
    double seconds;
    Text zone;
    Py_ssize_t zone_length;
} Prefix;

static int two(Text p) { return (p[0] - '0') * 10 + (p[1] - '0'); }

/* Seconds since 1970 of a wall clock; 0 for no real date, which the plain engine judges. */
static int seconds_of(Clock *clock, Text p)
{
    if (clock->known && memcmp(clock->text, p, 19) == 0)
        return 1;
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = two(p) * 100 + two(p + 2), month = two(p + 5), day = two(p + 8);
    int hour = two(p + 11), minute = two(p + 14), second = two(p + 17);
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (year < 1 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59)
        return 0;
    if (day > days[month - 1] + (month == 2 && leap))
        return 0;
    /* Days since 1970, with years that begin in March: the leap day is the last of its year. */
    int64_t y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;
    int64_t since = y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
    clock->seconds = (double)(since * 86400 + hour * 3600 + minute * 60 + second);
    memcpy(clock->text, p, 19);
    clock->known = 1;
    return 1;
}

static int is_clock(Text p, Text end)
{
    static const char shape[] = "dddd-dd-dd?dd:dd:dd";
    if (end - p < 19)
        return 0;
    for (int at = 0; at < 19; at++) {
        if (shape[at] == 'd' ? !is_digit(p[at])
                             : shape[at] == '?' ? p[at] != ' ' && p[at] != 'T' : p[at] != shape[at])
            return 0;
    }
    return 1;
}

/* `[default0]:` or `[rank0]:`, and one space; p itself where it does not stand there. */
static Text bracketed(Text p, Text end, const char *word, int32_t *value)
{
    Py_ssize_t length = (Py_ssize_t)strlen(word);
    int64_t number;
    *value = MISSING;
    if (!starts(p, end, word, length))
        return p;
    Text q = whole(p + length, end, 6, &number);
    if (!q || !STARTS(q, end, "]:"))
        return p;
    *value = (int32_t)number;
    return spaces(q + 2, end, 1);
}

static Text stamp(Text p, Text end, Clock *clock, Prefix *out)
{
    Text q = p < end && *p == '[' ? p + 1 : p;
    if (!is_clock(q, end))
        return p;
    if (!seconds_of(clock, q))
        return NULL;
    out->seconds = clock->seconds;
    q += 19;
    if (q + 1 < end && (*q == '.' || *q == ',') && is_digit(q[1])) {
        int64_t fraction;
        Text start = q + 1;
        q = whole(start, end, 9, &fraction);
        out->digits = (int)(q - start);
        double part = (double)fraction * SCALES[out->digits];
        out->seconds += part;
    }
    if (q < end && *q == 'Z') {
        out->zone = q++;
        out->zone_length = 1;
    }
    else if (end - q >= 5 && (*q == '+' || *q == '-') && is_digit(q[1]) && is_digit(q[2])) {
        Text minutes = q[3] == ':' ? q + 4 : q + 3;
        if (end - minutes >= 2 && is_digit(minutes[0]) && is_digit(minutes[1])) {
            out->zone = q;
            out->zone_length = minutes + 2 - q;
            q = minutes + 2;
        }
    }
    if (q < end && *q == ']')
        q++;
    q = spaces(q, end, 1);
    if (q < end && (*q == '-' || *q == '|' || *q == ':'))
        q = spaces(q + 1, end, 1);
    return q;
}

static Text logger(Text p, Text end)
{
    Text start = p;
    while (p < end && p - start < 80 &&
           (is_digit(*p) || (unsigned)((*p | 0x20) - 'a') < 26 || *p == '_' || *p == '.' ||
            *p == '<' || *p == '>' || *p == '-'))
        p++;
    return p == start ? NULL : p;
}

static Text level_word(Text p, Text end)
{
    static const char *const words[] = {"DEBUG", "INFO",     "WARNING", "WARN",
                                        "ERROR", "CRITICAL", "FATAL"};
    if (p >= end || *p < 'C' || *p > 'W')
        return NULL;
    for (size_t at = 0; at < sizeof(words) / sizeof(*words); at++) {
        Py_ssize_t length = (Py_ssize_t)strlen(words[at]);
        if (starts(p, end, words[at], length))
            return p + length;
    }
    return NULL;
}

static Text loguru(Text p, Text end)
{
    int64_t number;
    if (p >= end || *p != '|' || !(p = logger(spaces(p + 1, end, 4), end)))
        return NULL;
    if (p >= end || *p != ':' || !(p = logger(p + 1, end)))
        return NULL;
    if (p >= end || *p != ':' || !(p = whole(p + 1, end, 9, &number)))
        return NULL;
    return STARTS(p, end, " - ") ? p + 3 : NULL;
}

/* The level behind the name of a logger, if there is one; NULL where there is no level. */
static Text bare_level(Text p, Text end)
{
    Text q;
    if (p < end && *p == '[' && (q = level_word(p + 1, end))) {
        q = spaces(q, end, 4);
        if (q < end && *q == ']') {
            Text dash = spaces(++q, end, 4);
            if (dash < end && *dash == '-')
                q = dash + 1;
            else if (q < end && *q == ':')
                q++;
            return spaces(q, end, 1);
        }
        return NULL;
    }
    if ((q = level_word(p, end))) {
        Text found = spaces(q, end, 8), next;
        if ((next = loguru(found, end)))
            return next;
        if (found < end && *found == ':' && (next = logger(found + 1, end)) && next < end &&
            *next == ':')
            return spaces(next + 1, end, 1);
        if (end - found >= 2 && (*found == '-' || *found == '|' || *found == ':') &&
            found[1] == ' ')
            return found + 2;
        if (found < end && *found == '[' && found > q)
            return found;
    }
    return NULL;
}

/* Whether torch's own prefix might stand here, which is left to the plain engine. */
static int glog(Text p, Text end)
{
    if (p < end && *p == '[')
        p++;
    return end - p >= 3 && (*p == 'I' || *p == 'W' || *p == 'E' || *p == 'F') && is_digit(p[1]) &&
           is_digit(p[2]);
}

static Text level(Text p, Text end, int *unsure)
{
    Text q = spaces(p, end, 4), next, found;
    if (q < end && *q == '[') {
        next = logger(q + 1, end);
        next = next && next < end && *next == ']' ? next + 1 : NULL;
    }
    else {
        next = logger(q, end);
        next = next && STARTS(next, end, " - ") ? next + 3 : NULL;
    }
    if (next) {
        if ((found = bare_level(next, end)))
            return found;
        *unsure = glog(next, end);
    }
    if ((found = bare_level(q, end)))
        return found;
    *unsure = *unsure || glog(q, end);
    return p;
}

static Text prefix(Text p, Text end, Clock *clock, Prefix *out)
{
    int unsure = 0;
    out->digits = 0;
    out->seconds = Py_NAN;
    out->zone = NULL;
    out->zone_length = 0;
    p = blanks(p, end, 8);
    p = bracketed(p, end, "[default", &out->local);
    p = bracketed(p, end, "[rank", &out->rank);
    p = stamp(p, end, clock, out);
    if (!p)
        return NULL;
    p = level(p, end, &unsure);
    return unsure ? NULL : blanks(p, end, 8);
}

/* ---- the template --------------------------------------------------------------------------- */

typedef struct {
    Prefix prefix;
    int32_t rank;
    int64_t step, batch, totals[TOTALS];
    double epoch;
    double *metrics;
    Py_ssize_t stride; /* between the metrics of one row */
} Row;

static void keep_integer(Row *row, int to, int64_t value, int negative)
{
    double number = (double)value;
    if (negative && value == 0)
        number = -0.0; /* as float("-0") */
    switch (to) {
    case TO_NOWHERE: break;
    case TO_RANK: row->rank = (int32_t)value; break;
    case TO_EPOCH: row->epoch = number; break;
    case TO_STEP: row->step = value; break;
    case TO_BATCH: row->batch = value; break;
    default:
        if (to < TO_METRIC)
            row->totals[to - TO_TOTAL] = value;
        else
            row->metrics[(to - TO_METRIC) * row->stride] = number;
    }
}

static void keep_real(Row *row, int to, double value)
{
    if (to == TO_EPOCH)
        row->epoch = value;
    else if (to >= TO_METRIC)
        row->metrics[(to - TO_METRIC) * row->stride] = value;
}

static int is_space(unsigned char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* Free text before a literal: the shortest, as a lazy expression takes it. */
static Text free_text(Text p, Text end, Text op, int least, int most)
{
    Py_ssize_t length = op[1] | op[2] << 8;
    Text q = p + least;
    if (*op != OP_LITERAL)
        return NULL;
    for (Text c = p; c < q; c++) {
        if (c >= end || *c == '\n')
            return NULL;
    }
    for (; q - p <= most && end - q >= length; q++) {
        if (memcmp(q, op + 3, (size_t)length) == 0)
            return q;
        if (*q == '\n')
            return NULL;
    }
    return NULL;
}

static Text message(Text p, Text end, Text op, Row *row)
{
    int64_t value;
    double number;
    int negative;
    for (;;) {
        switch (*op) {
        case OP_END: return p;
        case OP_LITERAL: {
            Py_ssize_t length = op[1] | op[2] << 8;
            if (end - p < length || memcmp(p, op + 3, (size_t)length) != 0)
                return NULL;
            p += length;
            op += 3 + length;
            continue;
        }
        case OP_INT:
            if (!(p = integer(p, end, &value, &negative)))
                return NULL;
            keep_integer(row, op[1], value, negative);
            break;
        case OP_RANK:
            if (!(p = whole(p, end, 7, &value)))
                return NULL;
            keep_integer(row, op[1], value, 0);
            break;
        case OP_FLOAT:
            if (!(p = real(p, end, &number)))
                return NULL;
            keep_real(row, op[1], number);
            break;
        case OP_WORD: {
            Text start = p;
            while (p < end && p - start < 200 && !is_space(*p))
                p++;
            if (p == start)
                return NULL;
            break;
        }
        case OP_TEXT:
            if (!(p = free_text(p, end, op + 2, 1, 500)))
                return NULL;
            break;
        case OP_REST:
            if (!(p = free_text(p, end, op + 2, 0, 2000)))
                return NULL;
            break;
        default: return NULL;
        }
        op += 2;
    }
}

/* ---- the block ------------------------------------------------------------------------------ */

typedef struct {
    Text program, zone;
    Py_ssize_t zone_length;
    int32_t owner_rank, owner_local;
    int digits;
    int64_t totals[TOTALS], line, base;
    int64_t *integers;
    int32_t *who;
    double *floats;
    Py_ssize_t capacity, metrics;
} Job;

static int same_shape(const Job *job, const Row *row)
{
    return row->prefix.digits == job->digits && row->prefix.zone_length == job->zone_length &&
           memcmp(row->totals, job->totals, sizeof(job->totals)) == 0 &&
           (!job->zone_length ||
            memcmp(row->prefix.zone, job->zone, (size_t)job->zone_length) == 0);
}

static void write_row(const Job *job, const Row *row, Py_ssize_t at, int64_t start, int64_t end)
{
    int32_t rank = row->prefix.rank != MISSING ? row->prefix.rank : row->rank;
    int32_t local = MISSING;
    if (rank == MISSING) {
        rank = job->owner_rank;
        local = job->owner_local;
        if (rank == MISSING && local == MISSING)
            local = row->prefix.local;
    }
    int64_t *integers = job->integers + at;
    integers[AT_OFFSET * job->capacity] = job->base + start;
    integers[AT_END * job->capacity] = job->base + end;
    integers[AT_STEP * job->capacity] = row->step;
    integers[AT_BATCH * job->capacity] = row->batch;
    job->who[AT_RANK * job->capacity + at] = rank;
    job->who[AT_LOCAL * job->capacity + at] = local;
    job->floats[AT_SECONDS * job->capacity + at] = row->prefix.seconds;
    job->floats[AT_EPOCH * job->capacity + at] = row->epoch;
}

/* Reads rows from `at` on until a line is no row of this shape, or the columns are full. */
static Py_ssize_t walk(Job *job, Text data, Text *position, Text end, Py_ssize_t at)
{
    Clock clock = {{0}, 0, 0.0};
    Py_ssize_t first = at;
    Text p = *position;
    for (; at < job->capacity && p < end; at++) {
        Row row;
        row.rank = MISSING;
        row.step = row.batch = MISSING;
        row.totals[0] = row.totals[1] = row.totals[2] = MISSING;
        row.epoch = Py_NAN;
        row.metrics = job->floats + AT_METRICS * job->capacity + at;
        row.stride = job->capacity;
        Text q = prefix(p, end, &clock, &row.prefix);
        if (!q || !(q = message(q, end, job->program, &row)))
            break;
        q = blanks(q, end, 400);
        Text stop = q;
        if (q < end && *q == '\r')
            stop = ++q;
        if (q >= end || *q != '\n' || !same_shape(job, &row))
            break;
        write_row(job, &row, at, p - data, stop - data);
        job->integers[AT_LINE * job->capacity + at] =
            job->line < 0 ? MISSING : job->line + (at - first);
        p = q + 1;
    }
    *position = p;
    return at - first;
}

PyDoc_STRVAR(scan_doc,
             "scan(program, data, start, end, line, base, rank, local, zone, digits, totals, "
             "integers, who, floats, capacity, row)\n--\n\n"
             "Read successive lines into columns; how many, and where they end.");

static PyObject *scan(PyObject *self, PyObject *args)
{
    Py_buffer program, data, zone, integers, who, floats;
    Py_ssize_t start, end, row;
    long long line, base, totals[TOTALS];
    PyObject *result = NULL;
    Job job;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*nnLLiiy*i(LLL)w*w*w*nn:scan", &program, &data, &start, &end,
                          &line, &base, &job.owner_rank, &job.owner_local, &zone, &job.digits,
                          &totals[0], &totals[1], &totals[2], &integers, &who, &floats,
                          &job.capacity, &row))
        return NULL;
    Py_ssize_t cells = job.capacity * (Py_ssize_t)sizeof(int64_t);
    if (job.capacity < 0 || row < 0 || row > job.capacity || start < 0 || start > end ||
        end > data.len || integers.len < 5 * cells || who.len < cells || program.len < 1) {
        PyErr_SetString(PyExc_ValueError, "scan: bounds that do not fit the buffers");
        goto done;
    }
    job.program = (Text)program.buf + 1; /* behind the count of metrics */
    job.metrics = *(Text)program.buf;
    if (floats.len < (AT_METRICS + job.metrics) * cells) {
        PyErr_SetString(PyExc_ValueError, "scan: too few columns");
        goto done;
    }
    for (int at = 0; at < TOTALS; at++)
        job.totals[at] = totals[at];
    job.line = line;
    job.base = base;
    job.zone = zone.buf;
    job.zone_length = zone.len;
    job.integers = integers.buf;
    job.who = who.buf;
    job.floats = floats.buf;
    Text position = (Text)data.buf + start;
    Py_ssize_t rows;
    Py_BEGIN_ALLOW_THREADS
    rows = walk(&job, data.buf, &position, (Text)data.buf + end, row);
    Py_END_ALLOW_THREADS
    result = Py_BuildValue("nn", rows, (Py_ssize_t)(position - (Text)data.buf));
done:
    PyBuffer_Release(&program);
    PyBuffer_Release(&data);
    PyBuffer_Release(&zone);
    PyBuffer_Release(&integers);
    PyBuffer_Release(&who);
    PyBuffer_Release(&floats);
    return result;
}

static PyMethodDef methods[] = {{"scan", scan, METH_VARARGS, scan_doc}, {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_scan", "Walks compiled templates over bytes.", 0, methods,
    NULL,                  NULL,    NULL,                                   NULL};

PyMODINIT_FUNC PyInit__scan(void) { return PyModuleDef_Init(&module); }
