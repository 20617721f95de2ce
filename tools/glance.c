/* See glance.h. One thread. */
#include "glance.h"
#include "text.h"
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define DEPTH_MAX 32
#define GLANCES_BYTES (32u << 20) /* of stacks that are remembered; beyond it the parser has to do it */
#define RECENT_COUNT 1024u

/* A violation seen before: rule, function and stacks, one behind the other in `key`. */
struct glances {
    struct byte_table known;
    /* Of the last ones, so that the end of stacks that came before need not be looked for: by a hash of how they begin. */
    struct recent {
        const char *stacks; /* in a key of `known` */
        size_t bytes;
    } recent[RECENT_COUNT];
    char *key;
    size_t room;
};

struct glances *glances_open(void)
{
    return allocate(sizeof(struct glances));
}

void glances_close(struct glances *glances)
{
    if (glances == NULL)
        return;
    table_clear(&glances->known);
    free(glances->key);
    free(glances);
}

/* ---- reading JSON without keeping it ----------------------------------------------------------------------------------- */

struct look {
    const char *at, *end;
    bool plain; /* the last string had no escape */
};

static void skip_blanks(struct look *look)
{
    while (look->at < look->end && (*look->at == ' ' || *look->at == '\t' || *look->at == '\r'))
        look->at++;
}

static bool take(struct look *look, char sign)
{
    skip_blanks(look);
    if (look->at >= look->end || *look->at != sign)
        return false;
    look->at++;
    return true;
}

/* The bytes of the character that begins here, 0 if it is no UTF-8. */
static size_t utf8_bytes(const unsigned char *text, size_t room)
{
    size_t bytes = text[0] < 0xc2 ? 0 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : text[0] < 0xf5 ? 4 : 0;
    if (bytes == 0 || bytes > room)
        return 0;
    for (size_t index = 1; index < bytes; index++)
        if ((text[index] & 0xc0) != 0x80)
            return 0;
    if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) || (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
        return 0;
    return bytes;
}

/* To the next byte that is a quote, a backslash, a control character or not ASCII. */
static const char *next_special(const char *at, const char *end)
{
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), blank = _mm_set1_epi8(' ');
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        /* As signed numbers, what is below a blank is a control character or not ASCII. */
        __m128i special = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)), _mm_cmplt_epi8(bytes, blank));
        int mask = _mm_movemask_epi8(special);
        if (mask != 0)
            return at + __builtin_ctz((unsigned)mask);
    }
#endif
    while (at < end && *at != '"' && *at != '\\' && *(const signed char *)at >= ' ')
        at++;
    return at;
}

/* Behind the quote that opens it. False: no valid string, or one with an escape that only the parser judges. */
static bool skip_string(struct look *look)
{
    look->plain = true;
    for (;;) {
        look->at = next_special(look->at, look->end);
        if (look->at >= look->end)
            return false;
        unsigned char byte = (unsigned char)*look->at;
        if (byte == '"') {
            look->at++;
            return true;
        }
        if (byte == '\\') {
            look->plain = false;
            if (look->end - look->at < 2 || look->at[1] == '\0' || strchr("\"\\/bfnrt", look->at[1]) == NULL)
                return false;
            look->at += 2;
            continue;
        }
        size_t bytes = utf8_bytes((const unsigned char *)look->at, (size_t)(look->end - look->at));
        if (bytes == 0)
            return false;
        look->at += bytes;
    }
}

/* A string without escapes. */
static bool read_string(struct look *look, struct sighting_text *text)
{
    if (!take(look, '"'))
        return false;
    const char *start = look->at;
    if (!skip_string(look))
        return false;
    *text = (struct sighting_text){start, (size_t)(look->at - 1 - start)};
    return look->plain;
}

/* A plain integer of at most 15 digits. */
static bool read_integer(struct look *look, int64_t *number)
{
    skip_blanks(look);
    bool negative = look->at < look->end && *look->at == '-';
    look->at += negative;
    const char *start = look->at;
    *number = 0;
    while (look->at < look->end && *look->at >= '0' && *look->at <= '9' && look->at - start < 16)
        *number = *number * 10 + (*look->at++ - '0');
    size_t digits = (size_t)(look->at - start);
    *number = negative ? -*number : *number;
    return digits > 0 && digits < 16 && (digits == 1 || *start != '0') && look->at < look->end && strchr(".eE", *look->at) == NULL;
}

static bool skip_word(struct look *look, const char *word)
{
    size_t bytes = strlen(word);
    if ((size_t)(look->end - look->at) < bytes || memcmp(look->at, word, bytes) != 0)
        return false;
    look->at += bytes;
    return true;
}

/* No recursion: the open brackets are bits, 1 for an object. */
static bool skip_value(struct look *look)
{
    uint64_t open = 0;
    unsigned depth = 0;
    int64_t number;
    for (;;) {
        skip_blanks(look);
        if (look->at >= look->end)
            return false;
        char sign = *look->at;
        bool opened = sign == '{' || sign == '[';
        if (opened) {
            if (++depth > DEPTH_MAX)
                return false;
            open = open << 1 | (sign == '{');
            look->at++;
            if (take(look, sign == '{' ? '}' : ']')) {
                depth--;
                open >>= 1;
                opened = false;
            }
        } else if (sign == '"') {
            look->at++;
            if (!skip_string(look))
                return false;
        } else if (sign == 't' || sign == 'f' || sign == 'n') {
            if (!skip_word(look, sign == 't' ? "true" : sign == 'f' ? "false" : "null"))
                return false;
        } else if (!read_integer(look, &number)) {
            return false;
        }
        while (!opened && depth > 0 && !take(look, ',')) {
            if (!take(look, open & 1 ? '}' : ']'))
                return false;
            open >>= 1;
            depth--;
        }
        if (depth == 0)
            return true;
        if (open & 1) {
            struct sighting_text name;
            if (!read_string(look, &name) || !take(look, ':'))
                return false;
        }
    }
}

/* ---- a violation ----------------------------------------------------------------------------------------------------------- */

static struct recent *recent_of(struct glances *glances, const char *stacks, size_t bytes)
{
    /* Lines of frames differ early, in what stands first: the call that was wrong. */
    return &glances->recent[hash_bytes(7, stacks, bytes < 224 ? bytes : 224) % RECENT_COUNT];
}

/* The stacks: those that came before need only be compared. */
static bool read_stacks(struct glances *glances, struct look *look, struct sighting_text *stacks)
{
    skip_blanks(look);
    if (look->at >= look->end || *look->at != '{')
        return false;
    size_t room = (size_t)(look->end - look->at);
    const struct recent *recent = recent_of(glances, look->at, room);
    stacks->text = look->at;
    stacks->bytes = recent->bytes;
    if (recent->bytes != 0 && recent->bytes <= room && memcmp(recent->stacks, look->at, recent->bytes) == 0) {
        look->at += recent->bytes;
        return true;
    }
    if (!skip_value(look))
        return false;
    stacks->bytes = (size_t)(look->at - stacks->text);
    return true;
}

enum glance_member { MEMBER_schema, MEMBER_type, MEMBER_time, MEMBER_pid, MEMBER_host, MEMBER_worker, MEMBER_task, MEMBER_rule, MEMBER_function, MEMBER_stacks, MEMBER_text, MEMBER_COUNT };

static enum glance_member member_of(struct sighting_text name)
{
    static const char *const names[MEMBER_COUNT] = {"schema", "type", "time", "pid", "host", "worker", "task", "rule", "function", "stacks", "text"};
    for (unsigned index = 0; index < MEMBER_COUNT; index++)
        if (names[index][0] == name.text[0] && strlen(names[index]) == name.bytes && memcmp(names[index], name.text, name.bytes) == 0)
            return (enum glance_member)index;
    return MEMBER_COUNT;
}

static bool is_word(struct sighting_text text, const char *word)
{
    return text.bytes == strlen(word) && memcmp(text.text, word, text.bytes) == 0;
}

static bool read_member(struct glances *glances, struct look *look, enum glance_member member, struct glance *glance)
{
    struct sighting_text text = {0};
    int64_t number = 0;
    switch (member) {
    case MEMBER_schema:
        return read_integer(look, &number) && number == SCHEMA_VERSION;
    case MEMBER_type:
        return read_string(look, &text) && is_word(text, "violation");
    case MEMBER_time:
        if (!read_string(look, &text))
            return false;
        glance->sighting.time = time_from_bytes(text.text, text.bytes);
        return true;
    case MEMBER_pid:
        glance->sighting.has_pid = read_integer(look, &number);
        glance->sighting.pid = number;
        return glance->sighting.has_pid;
    case MEMBER_host:
        return read_string(look, &glance->sighting.host);
    case MEMBER_worker:
        return read_string(look, &glance->sighting.worker);
    case MEMBER_task:
        return read_string(look, &glance->sighting.task);
    case MEMBER_rule:
        return read_string(look, &glance->rule);
    case MEMBER_function:
        return read_string(look, &glance->function);
    case MEMBER_stacks:
        return read_stacks(glances, look, &glance->stacks);
    case MEMBER_text: /* nothing that the library writes */
        return false;
    case MEMBER_COUNT:
        break;
    }
    return skip_value(look);
}

bool glance_at(struct glances *glances, const char *line, size_t bytes, struct glance *glance)
{
    struct look look = {.at = line, .end = line + bytes};
    uint32_t seen = 0;
    struct sighting_text name;
    *glance = (struct glance){.sighting = {.host = {"", 0}, .worker = {"", 0}, .task = {"", 0}}, .function = {"", 0}};
    if (!take(&look, '{'))
        return false;
    do {
        if (!read_string(&look, &name) || !take(&look, ':'))
            return false;
        enum glance_member member = member_of(name);
        if (member != MEMBER_COUNT && (seen & 1u << member) != 0)
            return false;
        seen |= member != MEMBER_COUNT ? 1u << member : 0;
        if (!read_member(glances, &look, member, glance))
            return false;
    } while (take(&look, ','));
    if (!take(&look, '}'))
        return false;
    skip_blanks(&look);
    const uint32_t needed = 1u << MEMBER_schema | 1u << MEMBER_type | 1u << MEMBER_rule | 1u << MEMBER_stacks;
    return look.at == look.end && (seen & needed) == needed;
}

/* ---- what is known ----------------------------------------------------------------------------------------------------------- */

/* Rule and function cannot hold a zero byte, so what stands before one is one of them. */
static size_t make_key(struct glances *glances, const struct glance *glance)
{
    const struct sighting_text *parts[] = {&glance->rule, &glance->function, &glance->stacks};
    size_t bytes = 0;
    for (size_t index = 0; index < sizeof parts / sizeof parts[0]; index++) {
        if (bytes + parts[index]->bytes + 1 > glances->room) {
            glances->room = 2 * (bytes + parts[index]->bytes) + 4096;
            glances->key = reallocate(glances->key, glances->room);
        }
        memcpy(glances->key + bytes, parts[index]->text, parts[index]->bytes);
        bytes += parts[index]->bytes;
        glances->key[bytes++] = '\0';
    }
    return bytes;
}

uint32_t glance_find(struct glances *glances, const struct glance *glance)
{
    size_t bytes = make_key(glances, glance);
    const struct byte_entry *entry = table_entry(&glances->known, glances->key, bytes);
    if (entry == NULL)
        return FINDING_NONE;
    *recent_of(glances, glance->stacks.text, glance->stacks.bytes) = (struct recent){.stacks = entry->key + (bytes - 1 - glance->stacks.bytes), .bytes = glance->stacks.bytes};
    return entry->value;
}

void glance_remember(struct glances *glances, const struct glance *glance, uint32_t finding)
{
    size_t bytes = make_key(glances, glance);
    if (glances->known.key_bytes + bytes <= GLANCES_BYTES)
        table_add(&glances->known, glances->key, bytes, finding);
}

/* A finding's number must not look like "not known". */
_Static_assert(TABLE_NONE == FINDING_NONE, "glance_find tells both");
