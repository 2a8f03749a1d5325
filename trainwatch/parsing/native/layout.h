/* Lines laid out like one before: the same texts, and numbers of the same width in the same places. Such
   a line is compared as a whole, eight bytes at a time, and its numbers are read where they must stand. It
   takes the path through prefix and template that the other one took, since no step of that path asks for
   more than whether a byte is a digit, or which other byte it is. */

enum { WIDEST = 256, SLOTS = 12, PATIENT = 64 };

typedef struct {
    uint16_t place;            /* of its first digit in the line */
    unsigned char whole, part; /* digits before and behind a point */
    int16_t exponent;
    unsigned char to, real, negative;
} Slot;

typedef struct {
    int known, count, hits, wait, patience;
    Py_ssize_t length; /* of the line with its line feed; of the newest line where none is known */
    /* What is added to the difference from the text: its top bit is set where that is too large. */
    unsigned char text[WIDEST], slack[WIDEST];
    Slot slots[SLOTS];
} Layout;

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
enum { LITTLE = 1 };
#else
enum { LITTLE = 0 };
#endif

static const uint64_t TENS[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

/* The number that so many digits are, 1 to 19; eight bytes may be looked at. */
static inline uint64_t figures(Text p, int width)
{
    uint64_t value = 0;
    if (width == 1)
        return (uint64_t)(*p - '0');
    while (width > 0) {
        int some = width < 8 ? width : 8;
        /* Digits to the top, where the last ones belong; then two, four and eight of them joined. */
        uint64_t t = (eight(p) ^ 0x3030303030303030ULL) << (8 * (8 - some));
        t = t * 10 + (t >> 8);
        t = ((t & 0x000000FF000000FFULL) * 0x000F424000000064ULL +
             ((t >> 16) & 0x000000FF000000FFULL) * 0x0000271000000001ULL) >> 32;
        value = value * TENS[some] + (t & 0xFFFFFFFF);
        p += some;
        width -= some;
    }
    return value;
}

static inline uint64_t apart(const Layout *layout, Text line, Py_ssize_t at)
{
    uint64_t x = eight(line + at) ^ eight(layout->text + at);
    return ((x & 0x7F7F7F7F7F7F7F7FULL) + eight(layout->slack + at)) | x;
}

static inline int is_laid_out(const Layout *layout, Text line)
{
    uint64_t apart_at_all = 0;
    Py_ssize_t last = layout->length - 8;
    for (Py_ssize_t at = 0; at < last; at += 8)
        apart_at_all |= apart(layout, line, at);
    return !((apart_at_all | apart(layout, line, last)) & 0x8080808080808080ULL);
}

static void digits_at(Layout *layout, Py_ssize_t place, Py_ssize_t count)
{
    memset(layout->text + place, '0', (size_t)count);
    memset(layout->slack + place, 0x76, (size_t)count);
}

/* The time of a line that is laid out like the one of the newest prefix; 0 for no time of day. */
static inline int same_day(Memo *memo, Text line)
{
    Prefix *prefix = &memo->prefix;
    if (!prefix->timed)
        return 1;
    Text clock = line + memo->clock;
    int hour = two(clock + 11), minute = two(clock + 14), second = two(clock + 17);
    if (hour > 23 || minute > 59 || second > 59)
        return 0;
    prefix->seconds = memo->midnight + (hour * 3600 + minute * 60 + second);
    prefix->fraction = (int64_t)figures(line + memo->fraction, prefix->digits);
    memcpy(memo->text + memo->clock, clock, CLOCK);
    return 1;
}

/* Remembers how a line is laid out that was taken, where the one before had the same length. */
static void learn(Layout *layout, const Memo *memo, Text line, Py_ssize_t length)
{
    Py_ssize_t before = layout->length;
    layout->length = length;
    if (layout->wait > 0) {
        layout->wait--;
        return;
    }
    if (!LITTLE || length != before || length < 8 || length > WIDEST || layout->count < 0 ||
        !memo->known)
        return;
    memcpy(layout->text, line, (size_t)length);
    memset(layout->slack, 0x7F, (size_t)length);
    if (memo->prefix.timed) {
        for (int at = 11; at < CLOCK; at += 3)
            digits_at(layout, memo->clock + at, 2);
        digits_at(layout, memo->fraction, memo->prefix.digits);
    }
    for (int at = 0; at < layout->count; at++) {
        const Slot *slot = &layout->slots[at];
        digits_at(layout, slot->place, slot->whole);
        digits_at(layout, slot->place + slot->whole + 1, slot->part);
    }
    layout->known = 1;
    layout->hits = 0;
}

/* Lines are not laid out alike any more; where they rarely are, that is not tried so often. */
static void unlearn(Layout *layout)
{
    layout->patience = layout->hits > 8         ? 0
                       : layout->patience == 0  ? 1
                       : layout->patience < PATIENT ? 2 * layout->patience
                                                    : PATIENT;
    layout->wait = layout->patience;
    layout->known = 0;
}
