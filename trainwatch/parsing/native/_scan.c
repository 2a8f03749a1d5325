/* The native scanner: walks compiled templates over successive lines of a block of bytes.

   It follows the path that the regular expression of a format would try first (greedy, no
   backtracking) and takes a line only where that path reaches the end of the line; there the
   expression's match is the same one. Whatever else a line is, it is left to the plain engine. A
   number is taken only where its nearest float can be computed exactly. So this file decides how
   fast a log is read, never what stands in it. tests/core/test_engines.py holds both to that.

   Records of steps become rows of columns; successive ones of one shape are a stretch. A marker, the
   record of a rare event, is a stretch without rows.

   Only the limited API of Python 3.11 is used: one binary serves every later version. */

#define Py_LIMITED_API 0x030b0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "text.h"
#include "numbers.h"
#include "prefix.h"
#include "layout.h"

/* Operations of a program; see program.py, which writes them. */
enum { OP_END, OP_LITERAL, OP_INT, OP_RANK, OP_FLOAT, OP_WORD, OP_TEXT, OP_REST, OP_SPACES };
/* Where a value goes. */
enum { TO_NOWHERE, TO_RANK, TO_EPOCH, TO_STEP, TO_BATCH, TO_TOTAL, TO_METRIC = 8, TO_VALUE = 128 };
/* Rows of the three arrays of columns; see columns.py. */
enum { AT_LINE, AT_OFFSET, AT_END, AT_STEP, AT_BATCH };
enum { AT_RANK, AT_LOCAL };
enum { AT_SECONDS, AT_EPOCH, AT_METRICS };
/* What is told of a stretch; see scanned.py. */
enum {
    OF_PROGRAM, OF_FIRST, OF_COUNT, OF_LINE, OF_START, OF_END, OF_RANK, OF_LOCAL, OF_MIXED,
    OF_TIMED, OF_DIGITS, OF_FRACTION, OF_ZONE, OF_ZONE_LENGTH, OF_TOTALS, OF_STATED = 17, OF_TORCH,
    OF_SECONDS, OF_VALUES, WIDTH = 28
};

enum { TOTALS = 3, VALUES = WIDTH - OF_VALUES, PROGRAMS = 32 };
enum { STEPS = 1, ANYWHERE = 2 };

typedef union {
    int64_t integer;
    double real;
} Cell;

typedef struct {
    Text code, rivals;
    int flags, metrics, rival_count;
} Program;

typedef struct {
    int32_t rank;
    int64_t totals[TOTALS];
    Cell values[VALUES];
} Stated;

typedef struct {
    Program programs[PROGRAMS];
    int count, hot;
    Text data, end;
    int64_t line, base;
    int32_t owner_rank, owner_local;
    int64_t *integers;
    int32_t *who;
    double *floats;
    Cell *stretches, *open; /* the open one is where the next row of its shape goes */
    Py_ssize_t capacity, metrics, row, room, used, taken;
    int version; /* of the prefix of the newest row */
    Memo memo;
    Layout layout; /* of lines of the newest format of steps */
} Job;

/* ---- the template --------------------------------------------------------------------------- */

static inline void keep_integer(const Job *job, Stated *stated, int to, int64_t value, int negative)
{
    double number = (double)value;
    if (negative && value == 0)
        number = -0.0; /* as float("-0") */
    switch (to) {
    case TO_NOWHERE: break;
    case TO_RANK: stated->rank = (int32_t)value; break;
    case TO_EPOCH: job->floats[AT_EPOCH * job->capacity + job->row] = number; break;
    case TO_STEP: job->integers[AT_STEP * job->capacity + job->row] = value; break;
    case TO_BATCH: job->integers[AT_BATCH * job->capacity + job->row] = value; break;
    default:
        if (to >= TO_VALUE)
            stated->values[to - TO_VALUE].integer = value;
        else if (to >= TO_METRIC)
            job->floats[(AT_METRICS + to - TO_METRIC) * job->capacity + job->row] = number;
        else
            stated->totals[to - TO_TOTAL] = value;
    }
}

static inline void keep_real(const Job *job, Stated *stated, int to, double value)
{
    if (to >= TO_VALUE)
        stated->values[to - TO_VALUE].real = value;
    else if (to >= TO_METRIC)
        job->floats[(AT_METRICS + to - TO_METRIC) * job->capacity + job->row] = value;
    else if (to == TO_EPOCH)
        job->floats[AT_EPOCH * job->capacity + job->row] = value;
}

static int is_space(unsigned char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* Free text before a literal: the shortest, as a lazy expression takes it. */
static Text free_text(Text p, Text end, Text op, int least, int most)
{
    Py_ssize_t length = op[1] | op[2] << 8;
    Text q = p;
    for (; q < p + least; q++) {
        if (*q == '\n')
            return NULL;
    }
    for (; q - p <= most && end - q >= length; q++) {
        if (same(q, op + 3, length))
            return q;
        if (*q == '\n')
            return NULL;
    }
    return NULL;
}

/* Notes where a number stands; -1 for a count of slots: how the line is laid out is not to be told. */
static void note(Layout *layout, const Slot *slot, Py_ssize_t place)
{
    if (layout->count < 0)
        return;
    if (layout->count == SLOTS || place > WIDEST || slot->whole + slot->part > 19 ||
        slot->whole + slot->part == 0) {
        layout->count = -1;
        return;
    }
    layout->slots[layout->count] = *slot;
    layout->slots[layout->count++].place = (uint16_t)place;
}

/* Walks a program from where a message begins; where it ends, or NULL. The row of the job, what is
   stated and the slots of the layout are only to be looked at where the line is taken. */
static Text message(const Job *job, Text op, Text p, Stated *stated, Text line, Layout *layout)
{
    Text end = job->end, start;
    int64_t value;
    double number;
    Written written;
    int negative;
    for (;;) {
        switch (*op) {
        case OP_END: return p;
        case OP_LITERAL: {
            Py_ssize_t length = op[1] | op[2] << 8;
            if (end - p < length || !same(p, op + 3, length))
                return NULL;
            p += length;
            op += 3 + length;
            continue;
        }
        case OP_INT:
            start = p + (*p == '-' || *p == '+');
            if (!(p = integer(p, &value, &negative)))
                return NULL;
            keep_integer(job, stated, op[1], value, negative);
            note(layout, &(Slot){0, (unsigned char)(p - start), 0, 0, op[1], 0, negative != 0},
                 start - line);
            break;
        case OP_RANK:
            start = p;
            if (!(p = whole(p, 7, &value)))
                return NULL;
            keep_integer(job, stated, op[1], value, 0);
            note(layout, &(Slot){0, (unsigned char)(p - start), 0, 0, op[1], 0, 0}, start - line);
            break;
        case OP_FLOAT:
            if (!(p = real(p, end, &number, &written)))
                return NULL;
            keep_real(job, stated, op[1], number);
            note(layout,
                 &(Slot){0, (unsigned char)written.whole, (unsigned char)written.part,
                         (int16_t)written.exponent, op[1], 1, written.negative != 0},
                 written.first - line);
            break;
        case OP_WORD: {
            Text start = p;
            while (p - start < 200 && !is_space(*p))
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
        case OP_SPACES:
            for (int most = 40; most-- && *p == ' ';)
                p++;
            break;
        default: return NULL;
        }
        op += 2;
    }
}

/* ---- rows and stretches --------------------------------------------------------------------- */

static void writer_of(const Job *job, int32_t stated, int32_t *rank, int32_t *local)
{
    const Prefix *prefix = &job->memo.prefix;
    *rank = prefix->rank != MISSING ? prefix->rank : stated;
    *local = MISSING;
    if (*rank != MISSING)
        return;
    *rank = job->owner_rank;
    *local = job->owner_local;
    if (*rank == MISSING && *local == MISSING)
        *local = prefix->local;
}

/* A new stretch, or NULL where there is no room. */
static Cell *begin(Job *job, int program, const Stated *stated, Text line, Text stop)
{
    const Prefix *prefix = &job->memo.prefix;
    int32_t rank, local;
    if (job->used == job->room)
        return NULL;
    Cell *to = job->stretches + WIDTH * job->used++;
    writer_of(job, stated->rank, &rank, &local);
    to[OF_PROGRAM].integer = program;
    to[OF_FIRST].integer = job->row;
    to[OF_COUNT].integer = 0;
    to[OF_LINE].integer = job->line;
    to[OF_START].integer = job->base + (line - job->data);
    to[OF_END].integer = job->base + (stop - job->data);
    to[OF_RANK].integer = rank;
    to[OF_LOCAL].integer = local;
    to[OF_MIXED].integer = 0;
    to[OF_TIMED].integer = prefix->timed;
    to[OF_DIGITS].integer = prefix->digits;
    to[OF_FRACTION].integer = prefix->fraction;
    to[OF_ZONE].integer = prefix->zone ? prefix->zone - job->data : 0;
    to[OF_ZONE_LENGTH].integer = prefix->zone_length;
    to[OF_STATED].integer = stated->rank;
    to[OF_TORCH].integer = prefix->rank;
    to[OF_SECONDS].real = prefix->seconds;
    for (int at = 0; at < TOTALS; at++)
        to[OF_TOTALS + at].integer = stated->totals[at];
    memcpy(to + OF_VALUES, stated->values, sizeof(stated->values));
    return to;
}

static int same_shape(const Job *job, const Cell *open, const Stated *stated)
{
    const Prefix *prefix = &job->memo.prefix;
    for (int at = 0; at < TOTALS; at++) {
        if (open[OF_TOTALS + at].integer != stated->totals[at])
            return 0;
    }
    if (job->version == job->memo.version)
        return 1;
    return open[OF_TIMED].integer == prefix->timed && open[OF_DIGITS].integer == prefix->digits &&
           open[OF_ZONE_LENGTH].integer == prefix->zone_length &&
           (!prefix->zone || memcmp(job->data + open[OF_ZONE].integer, prefix->zone,
                                    (size_t)prefix->zone_length) == 0);
}

/* The writers of a stretch are written to its rows from the first on that has another one. */
static void write_who(Job *job, Cell *open, int32_t rank, int32_t local)
{
    int32_t *ranks = job->who + AT_RANK * job->capacity, *locals = ranks + job->capacity;
    if (!open[OF_MIXED].integer) {
        if (open[OF_RANK].integer == rank && open[OF_LOCAL].integer == local)
            return;
        open[OF_MIXED].integer = 1;
        for (Py_ssize_t row = (Py_ssize_t)open[OF_FIRST].integer; row < job->row; row++) {
            ranks[row] = (int32_t)open[OF_RANK].integer;
            locals[row] = (int32_t)open[OF_LOCAL].integer;
        }
    }
    ranks[job->row] = rank;
    locals[job->row] = local;
}

static inline int add_row(Job *job, int program, const Stated *stated, Text line, Text stop)
{
    const Prefix *prefix = &job->memo.prefix;
    int64_t *integers = job->integers + job->row;
    int32_t rank, local;
    Cell *open = job->open;
    if (!open || open[OF_PROGRAM].integer != program || !same_shape(job, open, stated)) {
        if (!(open = job->open = begin(job, program, stated, line, stop)))
            return 0;
    }
    job->version = job->memo.version;
    writer_of(job, stated->rank, &rank, &local);
    write_who(job, open, rank, local);
    integers[AT_LINE * job->capacity] = job->line;
    integers[AT_OFFSET * job->capacity] = job->base + (line - job->data);
    integers[AT_END * job->capacity] = job->base + (stop - job->data);
    double fraction = (double)prefix->fraction * SCALES[prefix->digits];
    job->floats[AT_SECONDS * job->capacity + job->row] = prefix->seconds + fraction;
    open[OF_COUNT].integer++;
    job->row++;
    return 1;
}

/* ---- lines ---------------------------------------------------------------------------------- */

static void forget(Stated *stated)
{
    stated->rank = MISSING;
    for (int at = 0; at < TOTALS; at++)
        stated->totals[at] = MISSING;
}

/* Whether a text stands in a line without which a format that goes before cannot match it. The first
   text of a program is its own: the newest format of steps goes before all others. */
static int has_rival(const Job *job, const Program *program, Text line, Text stop)
{
    Text rival = job->hot < 0 ? NULL : job->programs[job->hot].rivals;
    if (rival && found(line, stop, rival + 2, rival[0] | rival[1] << 8))
        return 1;
    rival = program->rivals;
    for (int at = 1; at < program->rival_count; at++) {
        rival += 2 + (rival[0] | rival[1] << 8);
        if (found(line, stop, rival + 2, rival[0] | rival[1] << 8))
            return 1;
    }
    return 0;
}

/* Takes a line that is not of the newest format of steps; where it ends, or NULL. What another format
   might claim too, and whatever is not the plainest form of a line, is left to the plain engine. */
static Text other_line(Job *job, Text line, Text start)
{
    Stated stated;
    if (*line == ' ' || *line == '\t')
        return NULL;
    for (int at = 0; at < job->count; at++) {
        const Program *program = &job->programs[at];
        if (at == job->hot || !(program->flags & ANYWHERE))
            continue;
        forget(&stated);
        Text stop = message(job, program->code, start, &stated, line, &job->layout);
        if (!stop || *stop != '\n')
            continue;
        if (has_rival(job, program, line, stop))
            return NULL;
        if (program->flags & STEPS) {
            job->hot = at;
            job->layout.known = 0;
            return add_row(job, at, &stated, line, stop) ? stop : NULL;
        }
        job->open = NULL;
        return begin(job, at, &stated, line, stop) ? stop : NULL;
    }
    return NULL;
}

/* Reads the numbers of a line that is laid out like the one before; 0 where one is not certain. */
static int read_slots(const Job *job, Text line, Stated *stated)
{
    for (int at = 0; at < job->layout.count; at++) {
        const Slot *slot = &job->layout.slots[at];
        Text p = line + slot->place;
        uint64_t value = figures(p, slot->whole);
        if (!slot->real) {
            int64_t number = (int64_t)value;
            keep_integer(job, stated, slot->to, slot->negative ? -number : number, slot->negative);
            continue;
        }
        double number;
        if (slot->part) {
            for (int left = slot->part; left > 0; left -= 8)
                value *= TENS[left < 8 ? left : 8];
            value += figures(p + slot->whole + 1, slot->part);
        }
        if (!exact(value, slot->exponent - slot->part, &number))
            return 0;
        keep_real(job, stated, slot->to, slot->negative ? -number : number);
    }
    return 1;
}

/* Takes a line that is laid out like the one before; where it ends, or NULL. */
static Text like_before(Job *job, Text line)
{
    Stated stated;
    Layout *layout = &job->layout;
    if (job->end - line < layout->length + 8)
        return NULL;
    if (!is_laid_out(layout, line)) {
        unlearn(layout);
        return NULL;
    }
    forget(&stated);
    Text stop = line + layout->length - 1;
    if (!same_day(&job->memo, line) || !read_slots(job, line, &stated) ||
        !add_row(job, job->hot, &stated, line, stop))
        return NULL;
    layout->hits++;
    return stop;
}

/* Takes one line; where it ends, or NULL where it is left to the plain engine. */
static Text one_line(Job *job, Text line)
{
    Stated stated;
    Text like;
    if (job->layout.known && (like = like_before(job, line)))
        return like;
    job->layout.known = 0;
    Text start = prefixed(&job->memo, line, job->end);
    if (!start)
        return NULL;
    if (job->hot >= 0) {
        forget(&stated);
        job->layout.count = 0;
        Text stop = message(job, job->programs[job->hot].code, start, &stated, line, &job->layout);
        if (stop) {
            Text last = stop;
            if (*stop == '\n' && !job->layout.known)
                learn(&job->layout, &job->memo, line, stop + 1 - line);
            if (*stop != '\n') {
                stop = blanks(stop, 400);
                last = *stop == '\r' ? ++stop : stop;
            }
            if (*stop == '\n')
                return add_row(job, job->hot, &stated, line, last) ? stop : NULL;
        }
    }
    return other_line(job, line, start);
}

static Text walk(Job *job, Text p)
{
    Text stop;
    while (job->row < job->capacity && p < job->end && (stop = one_line(job, p))) {
        job->line += job->line != MISSING;
        job->taken++;
        p = stop + 1;
    }
    return p;
}

/* ---- the module ----------------------------------------------------------------------------- */

/* Whether operations end where they should, and name only places that there are. */
static int is_sound(const Program *program, Text op, Text end)
{
    while (op < end && *op != OP_END) {
        if (end - op < 3)
            return 0;
        if (*op == OP_LITERAL) {
            op += 3 + (op[1] | op[2] << 8);
            continue;
        }
        int to = op[1], steps = program->flags & STEPS;
        if (to >= TO_VALUE ? steps || to - TO_VALUE >= VALUES
                           : to >= TO_METRIC && (!steps || to - TO_METRIC >= program->metrics))
            return 0;
        if ((*op == OP_TEXT || *op == OP_REST) && (op[2] != OP_LITERAL || end - op < 6))
            return 0;
        op += 2;
    }
    return op == end - 1;
}

/* The programs in their written form; 0 where that is damaged. */
static int read_programs(Job *job, Text p, Text end)
{
    for (job->count = 0; p < end; job->count++) {
        Program *program = &job->programs[job->count];
        if (job->count == PROGRAMS || end - p < 5)
            return 0;
        Py_ssize_t length = p[0] | p[1] << 8;
        program->flags = p[2];
        program->metrics = p[3];
        program->rival_count = p[4];
        program->rivals = p += 5;
        for (int at = 0; at < program->rival_count; at++) {
            if (end - p < 2 || end - p < 2 + (p[0] | p[1] << 8))
                return 0;
            p += 2 + (p[0] | p[1] << 8);
        }
        program->code = p;
        if (end - p < length || program->rival_count < 1 || !is_sound(program, p, p + length))
            return 0;
        if (program->metrics > job->metrics)
            job->metrics = program->metrics;
        p += length;
    }
    return job->hot < job->count && (job->hot < 0 || job->programs[job->hot].flags & STEPS);
}

PyDoc_STRVAR(scan_doc,
             "scan(programs, hot, data, start, end, line, base, rank, local, integers, who, floats, "
             "capacity, row, stretches)\n--\n\n"
             "Read successive lines; how many rows and stretches there are now, how many lines were "
             "read, where they end, and the newest format of steps.");

static PyObject *scan(PyObject *self, PyObject *args)
{
    Py_buffer programs, data, integers, who, floats, stretches;
    Py_ssize_t start, end;
    long long line, base;
    PyObject *result = NULL;
    (void)self;
    Job *job = PyMem_Malloc(sizeof(Job));
    if (!job)
        return PyErr_NoMemory();
    memset(job, 0, sizeof(*job));
    if (!PyArg_ParseTuple(args, "y*iy*nnLLiiw*w*w*nnw*:scan", &programs, &job->hot, &data, &start,
                          &end, &line, &base, &job->owner_rank, &job->owner_local, &integers, &who,
                          &floats, &job->capacity, &job->row, &stretches)) {
        PyMem_Free(job);
        return NULL;
    }
    Py_ssize_t cells = job->capacity * (Py_ssize_t)sizeof(int64_t);
    if (!read_programs(job, programs.buf, (Text)programs.buf + programs.len)) {
        PyErr_SetString(PyExc_ValueError, "scan: damaged programs");
        goto done;
    }
    if (job->capacity < 0 || job->capacity > PY_SSIZE_T_MAX / 4096 || job->row < 0 || start < 0 ||
        job->row > job->capacity || start > end || end > data.len || integers.len < 5 * cells ||
        who.len < cells || floats.len < (AT_METRICS + job->metrics) * cells) {
        PyErr_SetString(PyExc_ValueError, "scan: bounds that do not fit the buffers");
        goto done;
    }
    job->data = data.buf;
    job->line = line;
    job->base = base;
    job->integers = integers.buf;
    job->who = who.buf;
    job->floats = floats.buf;
    job->stretches = stretches.buf;
    job->room = stretches.len / (Py_ssize_t)(WIDTH * sizeof(Cell));
    Text position = job->data + start;
    Py_BEGIN_ALLOW_THREADS
    /* Every line that is looked at has its end. */
    job->end = job->data + end;
    while (job->end > position && job->end[-1] != '\n')
        job->end--;
    position = walk(job, position);
    Py_END_ALLOW_THREADS
    result = Py_BuildValue("nnnni", job->row, job->used, job->taken,
                           (Py_ssize_t)(position - job->data), job->hot);
done:
    PyBuffer_Release(&programs);
    PyBuffer_Release(&data);
    PyBuffer_Release(&integers);
    PyBuffer_Release(&who);
    PyBuffer_Release(&floats);
    PyBuffer_Release(&stretches);
    PyMem_Free(job);
    return result;
}

PyDoc_STRVAR(sums_doc, "sums(values, starts, totals)\n--\n\n"
                       "Add each stretch of values to its total, one value after another.");

static PyObject *sums(PyObject *self, PyObject *args)
{
    Py_buffer values, starts, totals;
    int sound = 1;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*w*:sums", &values, &starts, &totals))
        return NULL;
    const double *value = values.buf;
    const int64_t *start = starts.buf;
    double *total = totals.buf;
    Py_ssize_t count = values.len / (Py_ssize_t)sizeof(double);
    Py_ssize_t stretches = starts.len / (Py_ssize_t)sizeof(int64_t);
    if (totals.len / (Py_ssize_t)sizeof(double) < stretches)
        sound = 0;
    for (Py_ssize_t at = 0; at < stretches && sound; at++) {
        int64_t end = at + 1 < stretches ? start[at + 1] : count;
        if (start[at] < 0 || start[at] > end || end > count) {
            sound = 0;
            break;
        }
        double sum = total[at];
        for (int64_t place = start[at]; place < end; place++)
            sum += value[place];
        total[at] = sum;
    }
    PyBuffer_Release(&values);
    PyBuffer_Release(&starts);
    PyBuffer_Release(&totals);
    if (!sound) {
        PyErr_SetString(PyExc_ValueError, "sums: stretches that do not fit the values");
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {{"scan", scan, METH_VARARGS, scan_doc},
                                {"sums", sums, METH_VARARGS, sums_doc},
                                {NULL, NULL, 0, NULL}};

/* One more with every change of what Python and this file hand each other. */
static int add_layout(PyObject *module) { return PyModule_AddIntConstant(module, "LAYOUT", 3); }

static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)add_layout}, {0, NULL}};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_scan", "Walks compiled templates over bytes.", 0, methods,
    slots,                 NULL,    NULL,                                   NULL};

PyMODINIT_FUNC PyInit__scan(void) { return PyModuleDef_Init(&module); }
