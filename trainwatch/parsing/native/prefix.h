/* What stands before a message; prefix.py has the expression. Successive lines have nearly the same
   prefix, so that one is only walked where it differs from the one before in more than the time. */

typedef struct {
    int32_t local, rank; /* MISSING where not stated */
    int timed, digits;   /* whether there is a time, and how long its fraction is */
    int64_t fraction;
    double seconds; /* without the fraction; NaN for no time */
    Text zone;
    Py_ssize_t zone_length;
} Prefix;

enum { CLOCK = 19, LONGEST = 400 };

/* The newest prefix. It is the same for every line that has the same bytes up to `looked`, but for
   those of its clock and as many digits of a fraction. */
typedef struct {
    unsigned char text[LONGEST];
    int known, version; /* the version changes with all but the time */
    Py_ssize_t clock, fraction, behind, message, looked;
    unsigned char date[10];
    double midnight;
    Prefix prefix;
} Memo;

/* The walk looks at bytes only by this, which notes how far they were looked at. */
typedef struct {
    Text end, looked;
} Look;

static unsigned char at(Look *look, Text p)
{
    if (p >= look->looked)
        look->looked = p + 1;
    return p < look->end ? *p : '\n';
}

static int word_at(Look *look, Text p, const char *word)
{
    while (*word && at(look, p) == (unsigned char)*word) {
        p++;
        word++;
    }
    return !*word;
}

static Text skip(Look *look, Text p, int most, int tabs)
{
    while (most-- && (at(look, p) == ' ' || (tabs && at(look, p) == '\t')))
        p++;
    return p;
}

static Text spaces(Look *look, Text p, int most) { return skip(look, p, most, 0); }

static Text number_at(Look *look, Text p, int most, int64_t *value)
{
    Text start = p;
    for (*value = 0; p - start < most && is_digit(at(look, p)); p++)
        *value = *value * 10 + (*p - '0');
    return p == start ? NULL : p;
}

static int two(Text p) { return (p[0] - '0') * 10 + (p[1] - '0'); }

/* Seconds since 1970 of the midnight that begins a date; 0 for no real date. */
static int midnight_of(Memo *memo, Text p)
{
    if (memcmp(memo->date, p, sizeof(memo->date)) == 0)
        return 1;
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = two(p) * 100 + two(p + 2), month = two(p + 5), day = two(p + 8);
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (year < 1 || month < 1 || month > 12 || day < 1 ||
        day > days[month - 1] + (month == 2 && leap))
        return 0;
    /* Days since 1970, with years that begin in March: the leap day is the last of its year. */
    int64_t y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;
    int64_t since = y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
    memo->midnight = (double)(since * 86400);
    memcpy(memo->date, p, sizeof(memo->date));
    return 1;
}

/* Seconds since 1970 of a wall clock; 0 for none, which the plain engine judges. */
static int seconds_of(Memo *memo, Text p, double *seconds)
{
    int hour = two(p + 11), minute = two(p + 14), second = two(p + 17);
    if (hour > 23 || minute > 59 || second > 59 || !midnight_of(memo, p))
        return 0;
    *seconds = memo->midnight + (hour * 3600 + minute * 60 + second);
    return 1;
}

static int is_clock(Look *look, Text p)
{
    static const char shape[] = "dddd-dd-dd?dd:dd:dd";
    for (int place = 0; place < CLOCK; place++) {
        unsigned char c = at(look, p + place), wanted = (unsigned char)shape[place];
        if (wanted == 'd' ? !is_digit(c) : wanted == '?' ? c != ' ' && c != 'T' : c != wanted)
            return 0;
    }
    return 1;
}

/* `[default0]:` or `[rank0]:`, and one space; p itself where it does not stand there. */
static Text bracketed(Look *look, Text p, const char *word, int32_t *value)
{
    int64_t number;
    *value = MISSING;
    if (!word_at(look, p, word))
        return p;
    Text q = number_at(look, p + strlen(word), 6, &number);
    if (!q || !word_at(look, q, "]:"))
        return p;
    *value = (int32_t)number;
    return spaces(look, q + 2, 1);
}

/* The time; p itself where none stands there, NULL where it is none of the calendar. */
static Text stamp(Look *look, Text p, Memo *memo, Prefix *out)
{
    Text q = at(look, p) == '[' ? p + 1 : p;
    if (!is_clock(look, q))
        return p;
    if (!seconds_of(memo, q, &out->seconds))
        return NULL;
    out->timed = 1;
    q += CLOCK;
    if ((at(look, q) == '.' || at(look, q) == ',') && is_digit(at(look, q + 1))) {
        Text start = q + 1;
        q = number_at(look, start, 9, &out->fraction);
        out->digits = (int)(q - start);
    }
    if (at(look, q) == 'Z') {
        out->zone = q++;
        out->zone_length = 1;
    }
    else if ((at(look, q) == '+' || at(look, q) == '-') && is_digit(at(look, q + 1)) &&
             is_digit(at(look, q + 2))) {
        Text minutes = at(look, q + 3) == ':' ? q + 4 : q + 3;
        if (is_digit(at(look, minutes)) && is_digit(at(look, minutes + 1))) {
            out->zone = q;
            out->zone_length = minutes + 2 - q;
            q = minutes + 2;
        }
    }
    if (at(look, q) == ']')
        q++;
    q = spaces(look, q, 1);
    if (at(look, q) == '-' || at(look, q) == '|' || at(look, q) == ':')
        q = spaces(look, q + 1, 1);
    return q;
}

static Text logger(Look *look, Text p)
{
    Text start = p;
    for (; p - start < 80; p++) {
        unsigned char c = at(look, p);
        if (!is_digit(c) && (unsigned)((c | 0x20) - 'a') >= 26 && c != '_' && c != '.' &&
            c != '<' && c != '>' && c != '-')
            break;
    }
    return p == start ? NULL : p;
}

static Text level_word(Look *look, Text p)
{
    static const char *const words[] = {"DEBUG", "INFO",     "WARNING", "WARN",
                                        "ERROR", "CRITICAL", "FATAL"};
    for (size_t place = 0; place < sizeof(words) / sizeof(*words); place++) {
        if (word_at(look, p, words[place]))
            return p + strlen(words[place]);
    }
    return NULL;
}

static Text loguru(Look *look, Text p)
{
    int64_t number;
    if (at(look, p) != '|' || !(p = logger(look, spaces(look, p + 1, 4))))
        return NULL;
    if (at(look, p) != ':' || !(p = logger(look, p + 1)))
        return NULL;
    if (at(look, p) != ':' || !(p = number_at(look, p + 1, 9, &number)))
        return NULL;
    return word_at(look, p, " - ") ? p + 3 : NULL;
}

static Text bracketed_level(Look *look, Text p)
{
    Text q = level_word(look, p + 1);
    if (!q)
        return NULL;
    q = spaces(look, q, 4);
    if (at(look, q) != ']')
        return NULL;
    Text dash = spaces(look, ++q, 4);
    if (at(look, dash) == '-')
        q = dash + 1;
    else if (at(look, q) == ':')
        q++;
    return spaces(look, q, 1);
}

/* The level behind the name of a logger, if there is one; NULL where there is no level. */
static Text bare_level(Look *look, Text p)
{
    if (at(look, p) == '[' && level_word(look, p + 1))
        return bracketed_level(look, p);
    Text q = level_word(look, p), next;
    if (!q)
        return NULL;
    Text behind = spaces(look, q, 8);
    unsigned char c = at(look, behind);
    if ((next = loguru(look, behind)))
        return next;
    if (c == ':' && (next = logger(look, behind + 1)) && at(look, next) == ':')
        return spaces(look, next + 1, 1);
    if ((c == '-' || c == '|' || c == ':') && at(look, behind + 1) == ' ')
        return behind + 2;
    return c == '[' && behind > q ? behind : NULL;
}

/* Whether torch's own prefix might stand here, which is left to the plain engine. */
static int glog(Look *look, Text p)
{
    if (at(look, p) == '[')
        p++;
    unsigned char c = at(look, p);
    return (c == 'I' || c == 'W' || c == 'E' || c == 'F') && is_digit(at(look, p + 1)) &&
           is_digit(at(look, p + 2));
}

static Text level(Look *look, Text p, int *unsure)
{
    Text q = spaces(look, p, 4), next, found;
    if (at(look, q) == '[') {
        next = logger(look, q + 1);
        next = next && at(look, next) == ']' ? next + 1 : NULL;
    }
    else {
        next = logger(look, q);
        next = next && word_at(look, next, " - ") ? next + 3 : NULL;
    }
    if (next) {
        if ((found = bare_level(look, next)))
            return found;
        *unsure = glog(look, next);
    }
    if ((found = bare_level(look, q)))
        return found;
    *unsure = *unsure || glog(look, q);
    return p;
}

/* Walks the prefix of a line; where its message begins, or NULL. */
static Text walk_prefix(Memo *memo, Text line, Text end)
{
    Look look = {end, line};
    Prefix out = {MISSING, MISSING, 0, 0, 0, Py_NAN, NULL, 0};
    int unsure = 0;
    memo->known = 0;
    memo->version++;
    Text p = skip(&look, line, 8, 1);
    p = bracketed(&look, p, "[default", &out.local);
    p = bracketed(&look, p, "[rank", &out.rank);
    Text clock = p;
    p = stamp(&look, p, memo, &out);
    if (!p)
        return NULL;
    p = level(&look, p, &unsure);
    if (unsure)
        return NULL;
    p = skip(&look, p, 8, 1);
    clock += out.timed && *clock == '[';
    memo->clock = clock - line;
    memo->fraction = memo->behind = memo->clock;
    if (out.timed) {
        memo->fraction += CLOCK + (out.digits > 0);
        memo->behind = memo->fraction + out.digits;
    }
    memo->message = p - line;
    memo->looked = look.looked - line;
    memo->prefix = out;
    if (look.looked <= end && memo->looked <= LONGEST) {
        memcpy(memo->text, line, (size_t)memo->looked);
        memo->known = 1;
    }
    return p;
}

/* The same where the newest prefix differs only in the time. */
static inline Text prefixed(Memo *memo, Text line, Text end)
{
    Prefix *prefix = &memo->prefix;
    if (!memo->known || end - line < memo->looked)
        return walk_prefix(memo, line, end);
    if (!same(line + memo->behind, memo->text + memo->behind, memo->looked - memo->behind))
        return walk_prefix(memo, line, end);
    uint64_t fraction = 0;
    Text digit = line + memo->fraction;
    if (digits(digit, prefix->digits, &fraction) != digit + prefix->digits)
        return walk_prefix(memo, line, end);
    if (!same(line, memo->text, memo->fraction)) {
        Look look = {end, line};
        Text clock = line + memo->clock;
        if (!prefix->timed || !same(line, memo->text, memo->clock) || !is_clock(&look, clock) ||
            line[memo->clock + CLOCK] != memo->text[memo->clock + CLOCK] ||
            !seconds_of(memo, clock, &prefix->seconds))
            return walk_prefix(memo, line, end);
        memcpy(memo->text + memo->clock, clock, CLOCK);
    }
    prefix->fraction = (int64_t)fraction;
    return line + memo->message;
}
