/* Writing of reports: see log.h. Only system calls; no stdio, no malloc, so that it works in any state of the program.
 *
 * A file is opened for each report and closed behind it, and so is the socket of a service: no descriptor of the program's numbering is taken for longer than
 * that, a file that was moved away is simply begun anew, and what the program makes of its descriptors does not matter. syslog(3) is not used: its
 * socket, name and facility are the program's. Nothing here waits for anybody for long: a service that does not read loses a report to stderr.
 */
#include "log.h"
#include "context.h"
#include "lifecycle.h"
#include "who.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

static struct stat stderr_status;
static bool stderr_open;

void log_remember_stderr(void)
{
    stderr_open = fstat(STDERR_FILENO, &stderr_status) == 0;
}

/* A daemon may have pointed descriptor 2 at a terminal or a log, which is fine; a data file, socket or pipe that got the number after the
 * program closed it is not, and nothing tells the two apart but their kind. log_path is there for who loses a report by that. */
static bool stderr_is_ours(void)
{
    struct stat now;
    if (fstat(STDERR_FILENO, &now) != 0)
        return false;
    if (stderr_open && now.st_dev == stderr_status.st_dev && now.st_ino == stderr_status.st_ino)
        return true;
    if (S_ISREG(now.st_mode))
        return stderr_open && (fcntl(STDERR_FILENO, F_GETFL) & O_APPEND) != 0;
    return stderr_open && S_ISCHR(now.st_mode);
}

/* write(2) without the signals that a closed reader, or a limit of file sizes, would send to the program, and without touching its errno. */
static bool write_quietly(int descriptor, const char *text, size_t bytes)
{
    sigset_t ours, before, pending, came;
    sigemptyset(&ours);
    sigaddset(&ours, SIGPIPE);
    sigaddset(&ours, SIGXFSZ);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &ours, &before);
    bool written = true;
    while (bytes > 0 && written)
    {
        ssize_t count = write(descriptor, text, bytes);
        if (count < 0 && errno == EINTR)
            continue;
        written = count > 0;
        text += written ? count : 0;
        bytes -= written ? (size_t)count : 0;
    }
    int error = errno;
    came = ours;
    if (sigismember(&pending, SIGPIPE) == 1 || error != EPIPE)
        sigdelset(&came, SIGPIPE);
    if (sigismember(&pending, SIGXFSZ) == 1 || error != EFBIG)
        sigdelset(&came, SIGXFSZ);
    if (!written && (error == EPIPE || error == EFBIG))
    {
        const struct timespec now = {0, 0};
        while (sigtimedwait(&came, NULL, &now) < 0 && errno == EINTR)
            ;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return written;
}

void log_complain(const char *text)
{
    char line[512];
    int error = errno;
    int length = snprintf(line, sizeof line - 1, "holdfast: %s", text);
    length = length < 0 ? 0 : length < (int)sizeof line - 1 ? length : (int)sizeof line - 2;
    for (int i = 0; i < length; i++)
        if ((unsigned char)line[i] < 0x20 || (unsigned char)line[i] >= 0x7f)
            line[i] = '?'; /* options may be anything; a terminal must not obey them */
    line[length++] = '\n';
    if (stderr_is_ours())
        write_quietly(STDERR_FILENO, line, (size_t)length);
    errno = error;
}

/* ---- what cannot be written ------------------------------------------------------------------------------------------ */

static _Atomic bool complained; /* about this place */

static const char *reason(int error)
{
    return strerrorname_np(error) != NULL ? strerrordesc_np(error) : "unknown error";
}

static void complain_once(const char *option, const char *problem, const char *path, int error)
{
    char text[400];
    if (atomic_exchange(&complained, true))
        return;
    snprintf(text, sizeof text, "%s: %s '%.200s': %s; reports go to stderr instead", option, problem, path, reason(error));
    log_complain(text);
}

/* ---- a file --------------------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t new_file_wanted;

void log_begin_new_file(void)
{
    new_file_wanted = 1;
}

static int open_file(const char *path)
{
    /* O_NONBLOCK: a FIFO that nobody reads must not stop the program. */
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
}

#define LOG_FILES_MAX 1000

/* PATH.1 is the youngest of the old ones; the oldest goes. False when nothing could be moved. */
static bool move_away(const char *path)
{
    char from[OPTION_PATH_BYTES + 32], to[OPTION_PATH_BYTES + 32];
    unsigned files = holdfast_options.log_files < LOG_FILES_MAX ? holdfast_options.log_files : LOG_FILES_MAX;
    if (files == 0)
        return unlink(path) == 0;
    for (unsigned number = files - 1; number > 0; number--)
    {
        snprintf(from, sizeof from, "%s.%u", path, number);
        snprintf(to, sizeof to, "%s.%u", path, number + 1);
        if (rename(from, to) != 0 && errno != ENOENT)
            return false;
    }
    snprintf(to, sizeof to, "%s.1", path);
    return rename(path, to) == 0;
}

#define LOCK_TRIES 50 /* of a millisecond: processes that share the file (process numbers of several containers) hold it for one write */

/* Begin a new file when this one has no room for so much. The lock is that of the open file: it orders threads and processes, and goes with its close. Returns
 * the descriptor of what is the file now, -1 if it cannot be opened. */
static int with_room(int descriptor, const char *path, size_t bytes)
{
    for (unsigned tries = 0; tries < LOCK_TRIES && descriptor >= 0; tries++)
    {
        struct stat opened, named;
        if (flock(descriptor, LOCK_EX | LOCK_NB) != 0)
        {
            if (errno != EWOULDBLOCK)
                return descriptor; /* a file system without locks */
            usleep(1000);
            continue;
        }
        bool same = fstat(descriptor, &opened) == 0 && stat(path, &named) == 0 && opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
        if (same)
        {
            bool full = holdfast_options.log_size != 0 && (uint64_t)opened.st_size + bytes > holdfast_options.log_size;
            bool move = opened.st_size > 0 && S_ISREG(opened.st_mode) && (full || new_file_wanted);
            new_file_wanted = 0;
            if (!move)
                return descriptor;
            if (!move_away(path))
            {
                complain_once("log_size", "cannot rename or remove", path, errno);
                return descriptor;
            }
        }
        /* Moved away, by us or by somebody else. */
        flock(descriptor, LOCK_UN); /* a fork may have made the lock one of two processes */
        close(descriptor);
        descriptor = open_file(path);
    }
    return descriptor;
}

/* log_path with %h as the host: containers that share a volume all have a process 1. */
static void prefix_of_log(char *to, size_t bytes)
{
    size_t used = 0;
    const char *rest = holdfast_options.log.path, *place;
    while ((place = strstr(rest, "%h")) != NULL && used < bytes) {
        used += (size_t)snprintf(to + used, bytes - used, "%.*s%s", (int)(place - rest), rest, who_host());
        rest = place + 2;
    }
    if (used < bytes)
        snprintf(to + used, bytes - used, "%s", rest);
}

static bool write_to_file(const char *text, size_t bytes)
{
    char path[OPTION_PATH_BYTES + 16], prefix[OPTION_PATH_BYTES];
    bool written = false;
    prefix_of_log(prefix, sizeof prefix);
    snprintf(path, sizeof path, "%s.%d", prefix, (int)getpid());
    int descriptor = open_file(path);
    if (descriptor >= 0 && (holdfast_options.log_size != 0 || new_file_wanted))
        descriptor = with_room(descriptor, path, bytes);
    if (descriptor < 0)
    {
        complain_once("log_path", "cannot open", path, errno);
        return false;
    }
    written = write_quietly(descriptor, text, bytes);
    if (!written)
        complain_once("log_path", "cannot write", path, errno);
    flock(descriptor, LOCK_UN);
    close(descriptor);
    return written;
}

/* ---- a descriptor of the program's ------------------------------------------------------------------------------------- */

static struct stat descriptor_status; /* of log=fd:N, as it was when the option was read */
static bool descriptor_known;

static bool can_be_written(int descriptor)
{
    int flags = fcntl(descriptor, F_GETFL);
    return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

static void check_descriptor(void)
{
    char number[16];
    int descriptor = holdfast_options.log.descriptor;
    descriptor_known = can_be_written(descriptor) && fstat(descriptor, &descriptor_status) == 0;
    snprintf(number, sizeof number, "%d", descriptor);
    if (!descriptor_known)
        complain_once("log=fd", "cannot write to descriptor", number, errno == EBADF ? EBADF : EACCES);
}

/* The number may have become another file's since. */
static bool write_to_descriptor(const char *text, size_t bytes)
{
    struct stat now;
    char number[16];
    int descriptor = holdfast_options.log.descriptor;
    snprintf(number, sizeof number, "%d", descriptor);
    bool same = descriptor_known && fstat(descriptor, &now) == 0 && now.st_dev == descriptor_status.st_dev && now.st_ino == descriptor_status.st_ino;
    if (same && write_quietly(descriptor, text, bytes))
        return true;
    complain_once("log=fd", same ? "cannot write to descriptor" : "is no longer what it was at the start: descriptor", number, same ? errno : EBADF);
    return false;
}

/* ---- syslog and journald ------------------------------------------------------------------------------------------------ */

#define PATIENCE_MS 200 /* for a service whose queue is full */
#define DATAGRAM_BYTES 8000 /* of syslog: what its daemons take of one message */
#define FACILITY_USER (1 << 3)

/* -1 when nobody is there. */
static int reach_service(const char *path, int *type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%.*s", (int)sizeof address.sun_path - 1, path);
    *type = SOCK_DGRAM;
    for (;;)
    {
        int descriptor = socket(AF_UNIX, *type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (descriptor < 0 || connect(descriptor, (const struct sockaddr *)&address, sizeof address) == 0)
            return descriptor;
        int error = errno;
        close(descriptor);
        errno = error;
        if (error != EPROTOTYPE || *type == SOCK_STREAM)
            return -1;
        *type = SOCK_STREAM; /* some daemons of old */
    }
}

static bool send_whole(int descriptor, struct iovec *parts, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += parts[i].iov_len;
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    for (;;)
    {
        ssize_t sent = sendmsg(descriptor, &message, MSG_NOSIGNAL);
        if (sent >= 0)
            return (size_t)sent == bytes;
        struct pollfd ready = {.fd = descriptor, .events = POLLOUT};
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN || poll(&ready, 1, PATIENCE_MS) <= 0)
            return false;
    }
}

/* Without the "==PID== " of text logs: the tag has the number. */
static const char *without_prefix(const char *line, const char *end)
{
    const char *rest = line;
    if (end - line < 5 || line[0] != '=' || line[1] != '=')
        return line;
    for (rest = line + 2; rest < end && *rest >= '0' && *rest <= '9'; rest++)
        ;
    return end - rest >= 3 && rest[0] == '=' && rest[1] == '=' && rest[2] == ' ' ? rest + 3 : line;
}

/* A datagram a line, as RFC 3164 has it but for the time: that would have to be local, which libc tells only with allocations and the program's own state, and a
 * daemon writes down when it came where none is given. */
static bool write_to_syslog(const char *text, size_t bytes, const struct log_entry *entry)
{
    int type, descriptor = reach_service(holdfast_options.log.path, &type);
    bool sent = descriptor >= 0;
    char head[128];
    snprintf(head, sizeof head, "<%d>%.48s[%d]: ", FACILITY_USER | entry->priority, lifecycle_program(), (int)getpid());
    for (const char *end = text + bytes; text < end && sent;)
    {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        stop = stop != NULL ? stop : end;
        const char *line = without_prefix(text, stop);
        size_t length = (size_t)(stop - line) < DATAGRAM_BYTES || holdfast_options.log_format != FORMAT_text ? (size_t)(stop - line) : DATAGRAM_BYTES;
        struct iovec parts[3] = {{head, strlen(head)}, {(void *)(uintptr_t)line, length}, {(void *)(uintptr_t)"", 1}};
        if (length > 0)
            sent = send_whole(descriptor, parts, type == SOCK_STREAM ? 3 : 2);
        text = stop + 1;
    }
    if (!sent)
        complain_once("log=syslog", "cannot reach", holdfast_options.log.path, errno);
    if (descriptor >= 0)
        close(descriptor);
    return sent;
}

/* NAME=value, for values without a line's end. */
static size_t add_field(char *fields, size_t bytes, size_t used, const char *name, const char *value)
{
    if (value == NULL || value[0] == '\0' || strchr(value, '\n') != NULL)
        return used;
    int length = snprintf(fields + used, bytes - used, "%s=%s\n", name, value);
    return length > 0 && (size_t)length < bytes - used ? used + (size_t)length : used;
}

/* The native protocol: fields, of which the one with lines is told with its length. */
static bool write_to_journald(const char *text, size_t bytes, const struct log_entry *entry)
{
    char fields[4096], number[32];
    size_t used = 0;
    int type, descriptor = reach_service(holdfast_options.log.path, &type);
    while (bytes > 0 && text[bytes - 1] == '\n')
        bytes--;
    snprintf(number, sizeof number, "%d", entry->priority);
    used = add_field(fields, sizeof fields, used, "PRIORITY", number);
    used = add_field(fields, sizeof fields, used, "SYSLOG_IDENTIFIER", lifecycle_program());
    used = add_field(fields, sizeof fields, used, "HOLDFAST_RULE", entry->rule);
    used = add_field(fields, sizeof fields, used, "HOLDFAST_VERSION", HOLDFAST_VERSION);
    used = add_field(fields, sizeof fields, used, "CODE_FILE", entry->file);
    snprintf(number, sizeof number, "%u", entry->line);
    used = add_field(fields, sizeof fields, used, "CODE_LINE", entry->line != 0 ? number : NULL);
    used = add_field(fields, sizeof fields, used, "CODE_FUNC", entry->function);
    uint64_t length = bytes; /* little-endian, as the processors that Holdfast runs on */
    struct iovec parts[] = {{fields, used}, {(void *)(uintptr_t)"MESSAGE\n", 8}, {&length, sizeof length}, {(void *)(uintptr_t)text, bytes}, {(void *)(uintptr_t)"\n", 1}};
    bool sent = descriptor >= 0 && send_whole(descriptor, parts, sizeof parts / sizeof parts[0]);
    if (!sent)
        complain_once("log=journald", "cannot reach", holdfast_options.log.path, errno);
    if (descriptor >= 0)
        close(descriptor);
    return sent;
}

/* ---- all of them ---------------------------------------------------------------------------------------------------------- */

static void check_directory(void)
{
    char directory[OPTION_PATH_BYTES];
    prefix_of_log(directory, sizeof directory);
    char *slash = strrchr(directory, '/');
    if (slash == NULL)
        snprintf(directory, sizeof directory, ".");
    else
        slash[slash == directory] = '\0';
    if (access(directory, W_OK | X_OK) != 0)
        complain_once("log_path", "cannot write", holdfast_options.log.path, errno);
}

void log_check_path(void)
{
    int error = errno;
    atomic_store(&complained, false);
    switch (holdfast_options.log.place)
    {
    case LOG_file:
        check_directory();
        break;
    case LOG_descriptor:
        check_descriptor();
        break;
    case LOG_syslog:
    case LOG_journald:
        if (access(holdfast_options.log.path, W_OK) != 0)
            complain_once(holdfast_options.log.place == LOG_syslog ? "log=syslog" : "log=journald", "cannot reach", holdfast_options.log.path, errno);
        break;
    case LOG_stderr:
        break;
    }
    errno = error;
}

static bool write_where_asked(const char *text, size_t bytes, const struct log_entry *entry)
{
    switch (holdfast_options.log.place)
    {
    case LOG_file:
        return write_to_file(text, bytes);
    case LOG_descriptor:
        return write_to_descriptor(text, bytes);
    case LOG_syslog:
        return write_to_syslog(text, bytes, entry);
    case LOG_journald:
        return write_to_journald(text, bytes, entry);
    case LOG_stderr:
        break;
    }
    return false;
}

bool log_write(const char *text, size_t bytes, const struct log_entry *entry)
{
    int error = errno;
    bool written = write_where_asked(text, bytes, entry);
    if (!written && stderr_is_ours())
        written = write_quietly(STDERR_FILENO, text, bytes);
    errno = error;
    return written;
}

void log_append_line(const char *path, const char *line)
{
    int error = errno;
    int descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    if (descriptor >= 0)
    {
        write_quietly(descriptor, line, strlen(line));
        close(descriptor);
    }
    errno = error;
}
