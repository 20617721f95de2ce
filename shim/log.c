/* Writing of reports: see log.h. Only system calls; no stdio, no malloc, so that it works in any state of the program. */
#include "log.h"
#include "context.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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

/* write(2) without the SIGPIPE that a closed reader would send to the program, and without touching its errno. */
static bool write_quietly(int descriptor, const char *text, size_t bytes)
{
    sigset_t pipe_signal, before, pending;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    bool was_pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
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
    if (!written && error == EPIPE && !was_pending)
    {
        const struct timespec now = {0, 0};
        while (sigtimedwait(&pipe_signal, NULL, &now) < 0 && errno == EINTR)
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

static bool to_stderr(void)
{
    return strcmp(holdfast_options.log_path, "stderr") == 0 || holdfast_options.log_path[0] == '\0';
}

static void complain_once(const char *path, const char *problem, int error)
{
    static _Atomic bool said;
    char text[400];
    if (atomic_exchange(&said, true))
        return;
    snprintf(text, sizeof text, "log_path: %s '%.200s': %s; reports go to stderr instead", problem, path, strerrorname_np(error) != NULL ? strerrordesc_np(error) : "unknown error");
    log_complain(text);
}

void log_check_path(void)
{
    if (to_stderr())
        return;
    char directory[OPTION_PATH_BYTES];
    snprintf(directory, sizeof directory, "%s", holdfast_options.log_path);
    char *slash = strrchr(directory, '/');
    if (slash == NULL)
        snprintf(directory, sizeof directory, ".");
    else
        slash[slash == directory] = '\0';
    int error = errno;
    if (access(directory, W_OK | X_OK) != 0)
        complain_once(holdfast_options.log_path, "cannot write", errno);
    errno = error;
}

bool log_write(const char *text, size_t bytes)
{
    int error = errno;
    bool written = false;
    if (!to_stderr())
    {
        char path[OPTION_PATH_BYTES + 16];
        snprintf(path, sizeof path, "%s.%d", holdfast_options.log_path, (int)getpid());
        /* Opened for each report: no descriptor of the program's numbering is taken for longer than that. */
        int descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644);
        if (descriptor < 0)
            complain_once(path, "cannot open", errno);
        else
        {
            written = write_quietly(descriptor, text, bytes);
            if (!written)
                complain_once(path, "cannot write", errno);
            close(descriptor);
        }
    }
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
