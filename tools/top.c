/* holdfast top: how a running process fares, again and again, without stopping it: handles by kind and by where they were made, births and deaths a second, what is held, what was
 * refused, what Holdfast costs.
 *
 * On a terminal it is a screen with keys; elsewhere some lines for each look. What the terminal was set to is restored on every end: by the key q, a signal, also one that
 * kills, a stop, the process's end. Names come from the process: what a terminal would obey is taken out before a line is cut to the width. */
#include "arguments.h"
#include "census.h"
#include "command.h"
#include "stack_place.h"
#include "symbolize.h"
#include "target.h"
#include "process.h"
#include "text.h"
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

const char top_usage[] =
    "usage: holdfast top [--interval SECONDS] [--count N] PID|FILE\n\n"
    "Shows how a running process fares under Holdfast, without stopping it: its handles by kind and by the place where they were made, births and deaths a second, what is\n"
    "held, what was refused, what Holdfast costs, how full its arena is. FILE is the record of a process that runs. The youngest handles of each thread are seen only in a record.\n\n"
    "  --interval SECONDS  from one look to the next (default 1, at least 0.1)\n"
    "  --count N           end after so many looks\n"
    "Keys: q quit, k kinds, p places, b both, s sort by the next column, space pause, + and - the interval, arrows scroll, ? help.\n"
    "Where the output is no terminal each look is some lines.\n"
    "Exit status: 0, 1 when the process is not to be had, 2 for wrong arguments.\n"
    "Example:  holdfast top 4711\n"
    "          holdfast top --interval 60 --count 10 4711 >> handles.txt\n";

enum sort { SORT_ALIVE, SORT_CHANGE, SORT_NAME, SORT_COUNT };
static const char *const sort_words[SORT_COUNT] = {"number", "change", "name"};

#define HISTORY 512u

struct look {
    struct census census;
    uint64_t counters[COUNTER_COUNT];
    double seconds; /* of the clock that only goes on */
    bool there;
};

struct view {
    const char *input;
    double interval;
    uint64_t count; /* of looks; 0: without end */
    struct look now, before;
    struct reader reader; /* of `now` */
    bool young_missing;
    struct symbolizer *symbolizer;
    struct known_place {
        uint32_t stack;
        char *text;
    } *places; /* stacks keep their numbers as long as the process lives */
    size_t place_count;
    uint32_t pid;
    uint64_t history[HISTORY]; /* living handles at each look, a ring */
    uint64_t looks;
    bool kinds, sites, paused, help;
    enum sort sort;
    unsigned scroll;
};

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- looking -------------------------------------------------------------------------------------------------------------------- */

static void forget_places(struct view *view)
{
    for (size_t index = 0; index < view->place_count; index++)
        free(view->places[index].text);
    view->place_count = 0;
}

static const char *place_of(struct view *view, uint32_t stack)
{
    for (size_t index = 0; index < view->place_count; index++)
        if (view->places[index].stack == stack)
            return view->places[index].text;
    if (view->place_count == 4096)
        forget_places(view);
    view->places = reallocate(view->places, (view->place_count + 1) * sizeof *view->places);
    view->places[view->place_count] = (struct known_place){stack, place_of_stack(view->symbolizer, &view->reader, stack)};
    return view->places[view->place_count++].text;
}

static void close_look(struct view *view)
{
    if (view->now.there)
        reader_close(&view->reader);
}

/* False after a complaint: the process is not to be had, or no more. */
static bool look(struct view *view)
{
    struct reader reader;
    if (!open_input("top", view->input, &reader, &view->young_missing))
        return false;
    close_look(view);
    census_clear(&view->before.census);
    view->before = view->now;
    if (view->looks != 0 && view->pid != reader.header.pid) /* another process has the record now */
        view->before.there = false;
    view->pid = reader.header.pid;
    view->reader = reader;
    view->now = (struct look){.seconds = now_seconds(), .there = true};
    census_take(&view->now.census, &view->reader);
    census_counters(&reader, view->now.counters);
    view->history[view->looks++ % HISTORY] = view->now.census.live + view->now.census.held;
    return true;
}

/* A second, since the look before; negative: nobody can tell yet. */
static double rate(const struct view *view, enum arena_counter counter)
{
    double passed = view->now.seconds - view->before.seconds;
    uint64_t now = view->now.counters[counter], before = view->before.counters[counter];
    return view->before.there && passed > 0 && now >= before ? (double)(now - before) / passed : -1;
}

static double sum_of_rates(const struct view *view, enum arena_counter first, enum arena_counter second)
{
    double one = rate(view, first), other = rate(view, second);
    return one < 0 || other < 0 ? -1 : one + other;
}

/* "12.3/s", "-" */
static char *rate_text(double value)
{
    return value < 0 ? duplicate("-") : value < 100 ? compose("%.1f/s", value) : compose("%.0f/s", value);
}

static char *overhead_text(const struct view *view)
{
    double inside = rate(view, COUNTER_inside_ns);
    return inside < 0 ? duplicate("-") : compose("%.2f %% of a processor", inside / 1e7);
}

/* The section that is nearest to being full. */
static char *fill_text(const struct view *view)
{
    const char *fullest = "";
    double most = -1;
    for (unsigned section = 0; section < SECTION_COUNT; section++) {
        const struct arena_section_header *part = &view->reader.header.sections[section];
        double fill = part->capacity > 1 ? (double)(part->used > 0 ? part->used - 1 : 0) / (double)(part->capacity - 1) : 0;
        if (arena_section_words[section] != NULL && fill > most) {
            most = fill;
            fullest = arena_section_words[section];
        }
    }
    return compose("%.0f %% (%s)", most * 100, fullest);
}

static const char *kind_words(const struct view *view, unsigned kind)
{
    const char *name = reader_kind_name(&view->reader, kind);
    return name[0] != '\0' ? name : "handle";
}

/* ---- rows ----------------------------------------------------------------------------------------------------------------------- */

struct row {
    uint64_t live, held, dead;
    int64_t change; /* of those alive, since the look before */
    const char *kind, *function;
    uint32_t stack, label;
    bool borrowed;
};

static enum sort sort_by;

static int by_name(const struct row *a, const struct row *b)
{
    int order = strcmp(a->kind, b->kind);
    return order != 0 ? order : (a->stack > b->stack) - (a->stack < b->stack);
}

static int compare_rows(const void *left, const void *right)
{
    const struct row *a = left, *b = right;
    if (sort_by == SORT_CHANGE && a->change != b->change)
        return a->change > b->change ? -1 : 1;
    if (sort_by != SORT_NAME && a->live + a->held != b->live + b->held)
        return a->live + a->held > b->live + b->held ? -1 : 1;
    return by_name(a, b);
}

static uint64_t kind_before(const struct view *view, unsigned kind)
{
    const struct census *census = &view->before.census;
    for (size_t index = 0; index < census->kind_count; index++)
        if (census->kinds[index].kind == kind)
            return census->kinds[index].live + census->kinds[index].held;
    return 0;
}

/* `hash` finds the site of the look before; it is as large as is needed, 0 is none. */
struct site_index {
    uint32_t *slots;
    size_t mask;
};

static size_t site_hash(const struct census_site *site)
{
    return ((size_t)site->stack * 2654435761u) ^ ((size_t)site->kind * 40503u) ^ ((size_t)site->function * 69069u);
}

static struct site_index index_sites(const struct census *census)
{
    struct site_index found = {.mask = 64};
    while (found.mask < 2 * census->site_count)
        found.mask *= 2;
    found.slots = allocate(found.mask * sizeof *found.slots);
    found.mask--;
    for (size_t index = 0; index < census->site_count; index++) {
        size_t slot = site_hash(&census->sites[index]) & found.mask;
        while (found.slots[slot] != 0)
            slot = (slot + 1) & found.mask;
        found.slots[slot] = (uint32_t)index + 1;
    }
    return found;
}

static uint64_t site_before(const struct view *view, const struct site_index *index, const struct census_site *site)
{
    for (size_t slot = site_hash(site) & index->mask; index->slots[slot] != 0; slot = (slot + 1) & index->mask) {
        const struct census_site *other = &view->before.census.sites[index->slots[slot] - 1];
        if (other->stack == site->stack && other->kind == site->kind && other->function == site->function)
            return other->live + other->held;
    }
    return 0;
}

static struct row *kind_rows(const struct view *view, size_t *count)
{
    const struct census *census = &view->now.census;
    struct row *rows = allocate((census->kind_count + 1) * sizeof *rows);
    *count = census->kind_count;
    for (size_t index = 0; index < *count; index++) {
        const struct census_kind *kind = &census->kinds[index];
        rows[index] = (struct row){.live = kind->live, .held = kind->held, .dead = kind->dead, .kind = kind_words(view, kind->kind),
                                   .change = view->before.there ? (int64_t)(kind->live + kind->held) - (int64_t)kind_before(view, kind->kind) : 0};
    }
    sort_by = view->sort;
    qsort(rows, *count, sizeof *rows, compare_rows);
    return rows;
}

static struct row *site_rows(const struct view *view, size_t *count)
{
    const struct census *census = &view->now.census;
    struct row *rows = allocate((census->site_count + 1) * sizeof *rows);
    struct site_index before = index_sites(&view->before.census);
    *count = census->site_count;
    for (size_t index = 0; index < *count; index++) {
        const struct census_site *site = &census->sites[index];
        rows[index] = (struct row){.live = site->live, .held = site->held, .kind = kind_words(view, site->kind), .function = reader_function_name(&view->reader, site->function), .stack = site->stack,
                                   .label = site->label, .borrowed = site->borrowed, .change = view->before.there ? (int64_t)(site->live + site->held) - (int64_t)site_before(view, &before, site) : 0};
    }
    free(before.slots);
    sort_by = view->sort;
    qsort(rows, *count, sizeof *rows, compare_rows);
    return rows;
}

static void print_site(FILE *stream, struct view *view, const struct row *row)
{
    const char *label = reader_string(&view->reader, row->label);
    print_line_safely(stream, row->kind);
    if (label[0] != '\0') {
        fputs(" '", stream);
        print_line_safely(stream, label);
        fputc('\'', stream);
    }
    fputs(row->borrowed ? ", lent" : ", made", stream);
    if (row->function[0] != '\0') {
        fputs(" by ", stream);
        print_line_safely(stream, row->function);
    }
    fputs(" at ", stream);
    print_line_safely(stream, place_of(view, row->stack));
}

/* ---- lines, where the output is no terminal -------------------------------------------------------------------------------------- */

#define ROWS_IN_LINES 8u

static void print_counts(FILE *stream, struct view *view)
{
    const uint64_t *counters = view->now.counters;
    char *born = rate_text(sum_of_rates(view, COUNTER_births, COUNTER_loans)), *freed = rate_text(sum_of_rates(view, COUNTER_deaths, COUNTER_implicit_deaths)), *calls = rate_text(rate(view, COUNTER_calls));
    fprintf(stream, "live %" PRIu64 "  held %" PRIu64 "  born %s  freed %s  calls %s  refused %" PRIu64 "  violations %" PRIu64, view->now.census.live, view->now.census.held, born, freed, calls,
            counters[COUNTER_refusals], counters[COUNTER_violations]);
    free(born);
    free(freed);
    free(calls);
}

static void print_costs(FILE *stream, const struct view *view)
{
    char *overhead = overhead_text(view), *fill = fill_text(view);
    fprintf(stream, "overhead %s  arena %s", overhead, fill);
    free(overhead);
    free(fill);
}

static void print_lines(FILE *stream, struct view *view)
{
    char clock[40] = "";
    time_t seconds = time(NULL);
    struct tm parts;
    if (gmtime_r(&seconds, &parts) != NULL)
        strftime(clock, sizeof clock, "%Y-%m-%dT%H:%M:%SZ", &parts);
    fprintf(stream, "%s  process %u  ", clock, view->pid);
    print_counts(stream, view);
    fputs("  ", stream);
    print_costs(stream, view);
    fputc('\n', stream);
    size_t count;
    struct row *rows = kind_rows(view, &count);
    fputs("  kinds:", stream);
    for (size_t index = 0; index < count && index < ROWS_IN_LINES; index++) {
        fputs(index != 0 ? ", " : " ", stream);
        print_line_safely(stream, rows[index].kind);
        fprintf(stream, " %" PRIu64 " (%+" PRId64 ")", rows[index].live + rows[index].held, rows[index].change);
    }
    fputc('\n', stream);
    free(rows);
    rows = site_rows(view, &count);
    for (size_t index = 0; index < count && index < ROWS_IN_LINES; index++) {
        fprintf(stream, "  %" PRIu64 " (%+" PRId64 ") ", rows[index].live + rows[index].held, rows[index].change);
        print_site(stream, view, &rows[index]);
        fputc('\n', stream);
    }
    if (count > ROWS_IN_LINES)
        fprintf(stream, "  and those of %zu more places\n", count - ROWS_IN_LINES);
    free(rows);
    fflush(stream);
}

/* ---- the terminal ------------------------------------------------------------------------------------------------------------------ */

static struct termios terminal_before;
static volatile sig_atomic_t terminal_taken, ended_by, was_stopped;

static const char take_words[] = "\033[?1049h\033[?25l", give_words[] = "\033[?25h\033[?1049l";

/* Also from the handlers of signals: only what they may call. */
static void give_terminal_back(void)
{
    if (!terminal_taken)
        return;
    terminal_taken = 0;
    ssize_t written = write(STDOUT_FILENO, give_words, sizeof give_words - 1);
    (void)written;
    tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
}

static void take_terminal(void)
{
    struct termios raw = terminal_before;
    raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    terminal_taken = 1;
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    ssize_t written = write(STDOUT_FILENO, take_words, sizeof take_words - 1);
    (void)written;
}

static void note_end(int number)
{
    ended_by = number;
}

static void note_size(int number)
{
    (void)number; /* poll() returns, and the screen is drawn anew */
}

static void die(int number)
{
    give_terminal_back();
    raise(number); /* its own disposition is the default one again */
}

static void stop(int number)
{
    int saved_errno = errno;
    (void)number;
    give_terminal_back();
    raise(SIGSTOP);
    was_stopped = 1;
    errno = saved_errno;
}

static void catch_signals(void)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}, deaths[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
    for (size_t index = 0; index < sizeof ends / sizeof ends[0]; index++)
        sigaction(ends[index], &(struct sigaction){.sa_handler = note_end}, NULL);
    for (size_t index = 0; index < sizeof deaths / sizeof deaths[0]; index++)
        sigaction(deaths[index], &(struct sigaction){.sa_handler = die, .sa_flags = (int)SA_RESETHAND | SA_NODEFER}, NULL);
    sigaction(SIGTSTP, &(struct sigaction){.sa_handler = stop}, NULL);
    sigaction(SIGWINCH, &(struct sigaction){.sa_handler = note_size}, NULL);
}

/* ---- the screen ---------------------------------------------------------------------------------------------------------------------- */

struct screen {
    FILE *out;   /* the whole picture, written at once */
    FILE *line;  /* the line that is being made */
    char *text;
    size_t bytes;
    unsigned columns, rows, used;
    bool plain; /* no bold, no reverse */
};

static struct winsize terminal_size(void)
{
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
        size = (struct winsize){.ws_col = 80, .ws_row = 24};
    return size;
}

/* As much of it as fits. The line was made safe before: there is nothing in it that a terminal obeys. */
static void put_cut(FILE *out, const char *text, unsigned columns)
{
    mbstate_t state = {0};
    unsigned used = 0;
    while (*text != '\0') {
        wchar_t letter;
        size_t bytes = mbrtowc(&letter, text, MB_CUR_MAX, &state);
        int width = bytes == (size_t)-1 || bytes == (size_t)-2 ? -1 : wcwidth(letter);
        if (width < 0) { /* no letter of this terminal's */
            bytes = 1;
            width = 1;
            memset(&state, 0, sizeof state);
        }
        if (used + (unsigned)width > columns)
            return;
        if (bytes == 1 && ((unsigned char)*text >= 0x80 || (unsigned char)*text < 0x20))
            fputc('?', out);
        else
            fwrite(text, 1, bytes, out);
        used += (unsigned)width;
        text += bytes;
    }
}

static FILE *begin_line(struct screen *screen)
{
    screen->line = open_memstream(&screen->text, &screen->bytes);
    if (screen->line == NULL) {
        complain("top", "out of memory");
        exit(STATUS_FAILED);
    }
    return screen->line;
}

static void end_line(struct screen *screen, const char *look)
{
    fclose(screen->line);
    if (screen->used < screen->rows) {
        if (screen->used != 0)
            fputc('\n', screen->out);
        fputs("\033[K", screen->out); /* first: behind a line that fills the screen's width it would take the last letter */
        fputs(screen->plain ? "" : look, screen->out);
        put_cut(screen->out, screen->text, screen->columns);
        fputs(screen->plain || look[0] == '\0' ? "" : "\033[0m", screen->out);
        screen->used++;
    }
    free(screen->text);
}

#define BOLD "\033[1m"
#define REVERSE "\033[7m"

/* The last looks, each a letter as high as there were handles. */
static void put_history(struct screen *screen, const struct view *view)
{
    static const char *const bars[] = {"\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586", "\u2587", "\u2588"};
    unsigned room = screen->columns > 30 ? screen->columns - 24 : 8;
    uint64_t shown = view->looks < HISTORY ? view->looks : HISTORY, least = UINT64_MAX, most = 0;
    if (shown > room)
        shown = room;
    for (uint64_t look = view->looks - shown; look < view->looks; look++) {
        uint64_t alive = view->history[look % HISTORY];
        least = alive < least ? alive : least;
        most = alive > most ? alive : most;
    }
    FILE *line = begin_line(screen);
    fputs("alive ", line);
    for (uint64_t look = view->looks - shown; look < view->looks; look++)
        fputs(bars[most > least ? (view->history[look % HISTORY] - least) * 7 / (most - least) : 0], line);
    fprintf(line, " %" PRIu64 " to %" PRIu64, least, most);
    end_line(screen, "");
}

static void put_kinds(struct screen *screen, struct view *view, unsigned room)
{
    size_t count;
    struct row *rows = kind_rows(view, &count);
    FILE *line = begin_line(screen);
    fprintf(line, "%10s %8s %8s %8s  %s", "LIVE", "HELD", "DEAD", "CHANGE", "KIND");
    end_line(screen, REVERSE);
    for (size_t index = view->sites ? 0 : view->scroll; index < count && room-- > 1; index++) {
        line = begin_line(screen);
        fprintf(line, "%10" PRIu64 " %8" PRIu64 " %8" PRIu64 " %+8" PRId64 "  ", rows[index].live, rows[index].held, rows[index].dead, rows[index].change);
        print_line_safely(line, rows[index].kind);
        end_line(screen, "");
    }
    free(rows);
}

static void put_sites(struct screen *screen, struct view *view, unsigned room)
{
    size_t count;
    struct row *rows = site_rows(view, &count);
    if (view->scroll >= count)
        view->scroll = count != 0 ? (unsigned)count - 1 : 0;
    FILE *line = begin_line(screen);
    fprintf(line, "%10s %8s %8s  %s", "LIVE", "HELD", "CHANGE", "MADE WHERE");
    end_line(screen, REVERSE);
    for (size_t index = view->scroll; index < count && room-- > 1; index++) {
        line = begin_line(screen);
        fprintf(line, "%10" PRIu64 " %8" PRIu64 " %+8" PRId64 "  ", rows[index].live, rows[index].held, rows[index].change);
        print_site(line, view, &rows[index]);
        end_line(screen, "");
    }
    free(rows);
}

static void put_heading(struct screen *screen, struct view *view)
{
    FILE *line = begin_line(screen);
    fputs("holdfast top: ", line);
    print_line_safely(line, view->reader.header.program);
    fprintf(line, ", process %u, every %g s, sorted by %s%s%s", view->pid, view->interval, sort_words[view->sort], view->paused ? ", PAUSED" : "",
            view->reader.header.state == ARENA_CLOSED ? ", ENDED" : view->reader.header.state == ARENA_REPLACED ? ", REPLACED" : "");
    end_line(screen, BOLD);
    line = begin_line(screen);
    print_counts(line, view);
    end_line(screen, "");
    line = begin_line(screen);
    print_costs(line, view);
    fprintf(line, "  frees postponed %" PRIu64 ", carried out %" PRIu64 "%s", view->now.counters[COUNTER_held], view->now.counters[COUNTER_released],
            view->young_missing ? "  (without the youngest handles: they need a record)" : "");
    end_line(screen, "");
}

static void put_help(struct screen *screen)
{
    static const char *const words[] = {"q      quit", "k p b  kinds, places, both", "s      sort by number, change, name", "space  pause", "+ -    look less often, more often",
                                        "arrows scroll", "?      this", "", "CHANGE is that of the living since the look before. Held: their free is postponed."};
    for (size_t index = 0; index < sizeof words / sizeof words[0]; index++) {
        fputs(words[index], begin_line(screen));
        end_line(screen, "");
    }
}

static void draw(struct view *view)
{
    struct winsize size = terminal_size();
    char *text = NULL;
    size_t bytes = 0;
    const char *no_color = getenv("NO_COLOR");
    struct screen screen = {.out = open_memstream(&text, &bytes), .columns = size.ws_col, .rows = size.ws_row, .plain = no_color != NULL && no_color[0] != '\0'};
    if (screen.out == NULL)
        return;
    fputs("\033[H", screen.out);
    put_heading(&screen, view);
    put_history(&screen, view);
    unsigned left = screen.rows > screen.used ? screen.rows - screen.used : 0;
    if (view->help)
        put_help(&screen);
    else {
        unsigned wanted = (unsigned)view->now.census.kind_count + 1, third = left / 3 > 3 ? left / 3 : 3;
        if (view->kinds)
            put_kinds(&screen, view, !view->sites ? left : wanted < third ? wanted : third);
        if (view->sites)
            put_sites(&screen, view, screen.rows > screen.used ? screen.rows - screen.used : 0);
    }
    fputs("\033[J", screen.out);
    fclose(screen.out);
    fwrite(text, 1, bytes, stdout);
    fflush(stdout);
    free(text);
}

/* ---- keys ------------------------------------------------------------------------------------------------------------------------------ */

/* False: quit. */
static bool obey(struct view *view, char key)
{
    switch (key) {
    case 'q':
    case 'Q':
    case 4: /* ctrl-D */
        return false;
    case 'k':
        view->kinds = true;
        view->sites = false;
        view->scroll = 0;
        break;
    case 'p':
        view->kinds = false;
        view->sites = true;
        view->scroll = 0;
        break;
    case 'b':
        view->kinds = view->sites = true;
        break;
    case 's':
        view->sort = (view->sort + 1) % SORT_COUNT;
        break;
    case ' ':
        view->paused = !view->paused;
        break;
    case '+':
        view->interval = view->interval < 60 ? view->interval * 2 : view->interval;
        break;
    case '-':
        view->interval = view->interval >= 0.2 ? view->interval / 2 : view->interval;
        break;
    case '?':
    case 'h':
        view->help = !view->help;
        break;
    default:
        break;
    }
    return true;
}

/* Arrows come as ESC [ A. */
static bool obey_all(struct view *view, const char *keys, ssize_t count)
{
    for (ssize_t at = 0; at < count; at++) {
        if (keys[at] == '\033' && at + 2 < count && (keys[at + 1] == '[' || keys[at + 1] == 'O')) {
            if (keys[at + 2] == 'B')
                view->scroll++;
            else if (keys[at + 2] == 'A' && view->scroll > 0)
                view->scroll--;
            at += 2;
        } else if (!obey(view, keys[at])) {
            return false;
        }
    }
    return true;
}

/* Keys are obeyed at once, until the next look is due. False: quit. */
static bool wait_with_keys(struct view *view, double due)
{
    for (double left; (left = due - now_seconds()) > 0 || view->paused;) {
        struct pollfd keys = {.fd = STDIN_FILENO, .events = POLLIN};
        int ready = poll(&keys, 1, view->paused ? -1 : (int)ceil(left * 1000));
        if (ended_by != 0)
            return false;
        if (was_stopped) {
            was_stopped = 0;
            take_terminal();
        }
        if (ready > 0) {
            char bytes[64];
            ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
            double before = view->interval;
            if ((count <= 0 && (keys.revents & (POLLHUP | POLLERR)) != 0) || !obey_all(view, bytes, count))
                return false;
            due += view->interval - before;
        }
        if (ready > 0 || (ready < 0 && errno == EINTR))
            draw(view);
    }
    return true;
}

static void wait_without_keys(double due)
{
    for (double left; ended_by == 0 && (left = due - now_seconds()) > 0;)
        nanosleep(&(struct timespec){.tv_sec = (time_t)left, .tv_nsec = (long)((left - floor(left)) * 1e9)}, NULL);
}

/* ---- the command ------------------------------------------------------------------------------------------------------------------------ */

/* Killed or crashed: its record stays as it was. */
static bool has_died(const struct view *view)
{
    return view->reader.header.state == ARENA_LIVE && !view->young_missing && process_life(&view->reader.header) == PROCESS_GONE;
}

static bool has_ended(const struct view *view)
{
    return view->reader.header.state != ARENA_LIVE || has_died(view);
}

static void say_death(const struct view *view)
{
    if (has_died(view))
        complain("top", "process %u is gone: this is what it left; holdfast report tells more of it", view->reader.header.pid);
}

static bool is_gone(const char *input)
{
    bool is_number = strspn(input, "0123456789") == strlen(input);
    return is_number && access(input, F_OK) != 0 && kill((pid_t)atoi(input), 0) != 0 && errno == ESRCH;
}

static bool watch_terminal(struct view *view)
{
    bool fine = look(view); /* what is wrong at the beginning is told before the screen is taken */
    if (!fine)
        return false;
    tcgetattr(STDIN_FILENO, &terminal_before);
    atexit(give_terminal_back);
    catch_signals();
    take_terminal();
    for (double due = now_seconds();;) {
        draw(view);
        due += view->interval;
        if ((view->count != 0 && view->looks >= view->count) || has_ended(view) || !wait_with_keys(view, due))
            break;
        if (due < now_seconds())
            due = now_seconds();
        if (is_gone(view->input)) {
            give_terminal_back();
            fprintf(stderr, "holdfast top: process %s has ended\n", view->input);
            return true;
        }
        if (!look(view)) {
            fine = false;
            break;
        }
    }
    give_terminal_back();
    if (fine)
        say_death(view);
    return fine;
}

static bool watch_lines(struct view *view)
{
    for (double due = now_seconds();; wait_without_keys(due)) {
        due += view->interval;
        if (ended_by != 0)
            return true;
        if (!look(view))
            return view->looks != 0;
        print_lines(stdout, view);
        if ((view->count != 0 && view->looks >= view->count) || has_ended(view) || ferror(stdout)) {
            say_death(view);
            return true;
        }
    }
}

static bool set_interval(void *wanted, const char *value)
{
    struct view *view = wanted;
    char *end;
    view->interval = strtod(value, &end);
    if (end != value && *end == '\0' && view->interval >= 0.1 && view->interval <= 86400)
        return true;
    complain("top", "--interval '%s' is wrong: it must be a number of seconds from 0.1 to 86400", value);
    return false;
}

static bool set_count(void *wanted, const char *value)
{
    struct view *view = wanted;
    char *end;
    errno = 0;
    view->count = strtoull(value, &end, 10);
    if (value[0] >= '0' && value[0] <= '9' && *end == '\0' && errno == 0 && view->count > 0)
        return true;
    complain("top", "--count '%s' is wrong: it must be a number of looks", value);
    return false;
}

int top_command(int count, char **arguments)
{
    static struct view view = {.interval = 1, .kinds = true, .sites = true};
    static const struct argument_option options[] = {{"--interval", "a number of seconds", set_interval}, {"--count", "a number of looks", set_count}, {NULL, NULL, NULL}};
    const struct argument_rules rules = {"top", options};
    int status = read_one_input(&rules, count, arguments, &view, "which process?", "one process at a time", &view.input);
    if (status != STATUS_FINE)
        return status;
    setlocale(LC_CTYPE, ""); /* how wide a letter is */
    view.symbolizer = symbolizer_open();
    bool fine = isatty(STDOUT_FILENO) && isatty(STDIN_FILENO) ? watch_terminal(&view) : watch_lines(&view);
    close_look(&view);
    census_clear(&view.now.census);
    census_clear(&view.before.census);
    forget_places(&view);
    free(view.places);
    symbolizer_close(view.symbolizer);
    if (ended_by != 0) { /* as if nobody had caught it */
        signal(ended_by, SIG_DFL);
        raise(ended_by);
    }
    return fine ? STATUS_FINE : STATUS_FAILED;
}
