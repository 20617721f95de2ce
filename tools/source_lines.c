/* See source_lines.h. One thread; allocates. */
#include "source_lines.h"
#include "findings.h"
#include "text.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINES_AROUND 3
#define FILE_BYTES_MAXIMUM (4 << 20)
#define BYTES_MAXIMUM (64 << 20) /* of all files together */
#define LINE_BYTES_SHOWN 240u

struct source {
    char *text; /* NULL: not to be read here */
    size_t bytes;
    char **lines; /* where they begin */
    size_t line_count;
    int64_t changed; /* ms since 1970 */
};

struct sources {
    json_t *numbers; /* of a path: its number in `files` */
    struct source *files;
    size_t count, bytes;
};

struct sources *sources_open(void)
{
    struct sources *sources = allocate(sizeof *sources);
    sources->numbers = json_object();
    return sources;
}

void sources_close(struct sources *sources)
{
    for (size_t index = 0; index < sources->count; index++) {
        free(sources->files[index].text);
        free(sources->files[index].lines);
    }
    free(sources->files);
    json_decref(sources->numbers);
    free(sources);
}

static bool is_source(const char *file)
{
    static const char *const endings[] = {".py", ".pyx", ".pxd", ".pyi", ".ipy", ".c", ".h", ".cc", ".cpp", ".cxx", ".c++", ".hh", ".hpp", ".hxx", ".inl", ".ipp", ".i", ".m", ".mm", ".rs", ".go",
                                          ".R", ".r", ".jl", ".java", ".kt", ".swift", ".pl", ".pm", ".rb", ".lua", ".js", ".ts", ".cs", ".f90", ".cu"};
    const char *dot = strrchr(base_name(file), '.');
    for (size_t index = 0; dot != NULL && index < sizeof endings / sizeof endings[0]; index++)
        if (strcmp(dot, endings[index]) == 0)
            return true;
    return false;
}

static void split(struct source *source)
{
    size_t room = 0;
    for (char *at = source->text; at < source->text + source->bytes;) {
        char *end = memchr(at, '\n', (size_t)(source->text + source->bytes - at));
        if (source->line_count == room) {
            room = room != 0 ? 2 * room : 256;
            source->lines = reallocate(source->lines, room * sizeof *source->lines);
        }
        source->lines[source->line_count++] = at;
        if (end == NULL)
            return;
        *end = '\0';
        at = end + 1;
    }
}

static void read_whole(struct sources *sources, struct source *source, const char *file)
{
    struct stat about;
    int stream = file[0] == '/' && is_source(file) ? open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
    if (stream < 0)
        return;
    if (fstat(stream, &about) == 0 && S_ISREG(about.st_mode) && about.st_size <= FILE_BYTES_MAXIMUM && sources->bytes + (size_t)about.st_size <= BYTES_MAXIMUM) {
        source->text = allocate((size_t)about.st_size + 1);
        ssize_t got;
        while (source->bytes < (size_t)about.st_size && ((got = read(stream, source->text + source->bytes, (size_t)about.st_size - source->bytes)) > 0 || (got < 0 && errno == EINTR)))
            source->bytes += got > 0 ? (size_t)got : 0;
        source->changed = (int64_t)about.st_mtim.tv_sec * 1000 + about.st_mtim.tv_nsec / 1000000;
        sources->bytes += source->bytes;
        split(source);
    }
    close(stream);
}

static const struct source *find(struct sources *sources, const char *file)
{
    json_t *number = json_object_get(sources->numbers, file);
    if (number != NULL)
        return &sources->files[json_integer_value(number)];
    sources->files = reallocate(sources->files, (sources->count + 1) * sizeof *sources->files);
    struct source *source = &sources->files[sources->count];
    *source = (struct source){0};
    json_object_set_new(sources->numbers, file, json_integer((json_int_t)sources->count++));
    read_whole(sources, source, file);
    return source;
}

static json_t *line_text(const char *line)
{
    size_t bytes = strcspn(line, "\r");
    if (bytes > LINE_BYTES_SHOWN) {
        bytes = LINE_BYTES_SHOWN;
        while (bytes > 0 && ((unsigned char)line[bytes] & 0xc0) == 0x80)
            bytes--;
    }
    char *copy = duplicate_bytes(line, bytes);
    json_t *text = json_text(copy);
    free(copy);
    return text;
}

json_t *source_lines(struct sources *sources, const char *file, int64_t line, int64_t seen)
{
    if (line < 1 || file[0] != '/')
        return NULL;
    const struct source *source = find(sources, file);
    if ((size_t)line > source->line_count)
        return NULL;
    size_t first = line > LINES_AROUND ? (size_t)line - LINES_AROUND : 1, last = (size_t)line + LINES_AROUND < source->line_count ? (size_t)line + LINES_AROUND : source->line_count;
    json_t *lines = json_array();
    for (size_t number = first; number <= last; number++)
        json_array_append_new(lines, line_text(source->lines[number - 1]));
    json_t *snippet = json_array();
    json_array_append_new(snippet, json_integer((json_int_t)first));
    json_array_append_new(snippet, lines);
    json_array_append_new(snippet, json_boolean(seen != 0 && source->changed > seen));
    return snippet;
}
