/* What api_test.py asks of holdfast.h, as C and as C++, with and without Holdfast. Prints a line an answer; the words of its first argument say what to do. */
#include "holdfast.h"
#include <errno.h>
#include <gdal.h>
#include <ogr_api.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *path;

static const char *state(const void *handle)
{
    static const char *const names[] = {"absent", "unknown", "live", "stale", "held", "buried"};
    return names[holdfast_state(handle) + 1];
}

static void describe(const char *what, const void *handle)
{
    char words[200] = "untouched", cut[8] = "xxxxxxx";
    size_t length = holdfast_describe(handle, words, sizeof words), short_length = holdfast_describe(handle, cut, sizeof cut);
    printf("%s: %s, %lu '%s' %lu '%s'\n", what, state(handle), (unsigned long)length, words, (unsigned long)short_length, cut);
}

static void states(void)
{
    int stranger = 0;
    GDALDatasetH dataset = GDALOpen(path, GA_ReadOnly);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    OGRGeometryH young = OGR_G_CreateGeometry(wkbPoint);
    errno = 7;
    describe("dataset", dataset);
    describe("band", band);
    describe("young", young);
    describe("stranger", &stranger);
    describe("null", NULL);
    printf("errno %d\n", errno);
    GDALClose(dataset);
    describe("held", dataset);
    describe("stale", band);
    OGR_G_DestroyGeometry(young);
    describe("buried", young);
}

/* A handle of another thread, which still has it for itself. */
static OGRGeometryH made_elsewhere;
static pthread_barrier_t barrier;
static void *make_elsewhere(void *unused)
{
    made_elsewhere = OGR_G_CreateGeometry(wkbLineString);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    OGR_G_DestroyGeometry(made_elsewhere);
    return unused;
}

static void threads(void)
{
    pthread_t thread;
    uint64_t mark = holdfast_mark();
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_create(&thread, NULL, make_elsewhere, NULL);
    pthread_barrier_wait(&barrier);
    printf("elsewhere: %s, leaks %lu\n", state(made_elsewhere), (unsigned long)holdfast_leaks_since(mark, NULL, NULL));
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
    printf("elsewhere: %s, leaks %lu\n", state(made_elsewhere), (unsigned long)holdfast_leaks_since(mark, NULL, NULL));
}

static int print_leak(const struct holdfast_leak *leak, void *context)
{
    printf("leak: %s, %s, made after the mark: %d, %s, place %s\n", leak->kind, leak->description, leak->made >= *(uint64_t *)context, state(leak->handle), strstr(leak->place, "leaks") != NULL ? "known" : leak->place);
    return 0;
}

static int stop_at_once(const struct holdfast_leak *leak, void *context)
{
    (void)leak;
    ++*(int *)context;
    return 1;
}

static void leaks(void)
{
    OGRGeometryH before = OGR_G_CreateGeometry(wkbPoint);
    uint64_t mark = holdfast_mark();
    OGRGeometryH young = OGR_G_CreateGeometry(wkbPoint), freed = OGR_G_CreateGeometry(wkbPolygon);
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "kept", 4, 4, 1, GDT_Byte, NULL);
    GDALGetRasterBand(dataset, 1);
    OGR_G_DestroyGeometry(freed);
    holdfast_label(dataset, "tile cache");
    printf("since the mark: %lu\n", (unsigned long)holdfast_leaks_since(mark, print_leak, &mark));
    uint64_t later = holdfast_mark();
    int told = 0;
    printf("marks grow: %d, since the later one: %lu, since ever: %lu, stopped after %lu", later > mark, (unsigned long)holdfast_leaks_since(later, NULL, NULL),
           (unsigned long)holdfast_leaks_since(0, NULL, NULL), (unsigned long)holdfast_leaks_since(mark, stop_at_once, &told));
    printf(" of %d\n", told);
    GDALClose(dataset);
    OGR_G_DestroyGeometry(young);
    printf("in the end: %lu\n", (unsigned long)holdfast_leaks_since(mark, NULL, NULL));
    OGR_G_DestroyGeometry(before);
}

static void mistake(const char *label)
{
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "m", 8, 4, 1, GDT_Byte, NULL);
    if (label != NULL)
        printf("label: %d\n", holdfast_label(dataset, label));
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    GDALClose(dataset);
    GDALGetRasterBandXSize(band);
}

static void labels(void)
{
    int stranger = 0;
    mistake("tile\ncache \x1b[2J");
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "n", 8, 4, 1, GDT_Byte, NULL);
    char words[400];
    memset(words, 'x', 300);
    words[300] = '\0';
    printf("long: %d", holdfast_label(dataset, words));
    printf(" %lu\n", (unsigned long)holdfast_describe(dataset, words, sizeof words));
    printf("gone: %d\n", holdfast_label(dataset, NULL));
    describe("without", dataset);
    printf("stranger: %d\n", holdfast_label(&stranger, "x"));
    holdfast_label(dataset, "old");
    GDALClose(dataset);
    printf("dead: %d\n", holdfast_label(dataset, "x"));
}

static void violations(void)
{
    char text[16384], cut[10];
    uint64_t before = holdfast_violation_count(NULL);
    for (int i = 0; i < 3; i++) {
        holdfast_name_task(i == 2 ? "third" : NULL);
        mistake(NULL);
    }
    holdfast_name_task("asking");
    printf("violations: %lu, HF101 %lu, stale-use %lu, HF102 %lu, nonsense %lu, errors %lu\n", (unsigned long)(holdfast_violation_count(NULL) - before),
           (unsigned long)holdfast_violation_count("HF101"), (unsigned long)holdfast_violation_count("stale-use"), (unsigned long)holdfast_violation_count("HF102"),
           (unsigned long)holdfast_violation_count("HF999"), (unsigned long)holdfast_error_count());
    for (uint64_t number = before; number < before + 4; number++) {
        size_t length = holdfast_violation_text(number, text, sizeof text), again = holdfast_violation_text(number, cut, sizeof cut);
        printf("%lu: HF%u, %d %d, %s, task %s, %s, cut to %lu\n", (unsigned long)number, holdfast_violation_rule(number), length == strlen(text), length == again, strstr(text, "HF101") != NULL ? "told" : "not told",
               strstr(text, "third") != NULL ? "third" : strstr(text, "asking") != NULL ? "asking" : "none", strstr(text, "obtained") != NULL ? "whole" : "nothing", (unsigned long)strlen(cut));
    }
    pid_t child = fork();
    if (child == 0) {
        printf("child: %lu %u\n", (unsigned long)holdfast_violation_count(NULL), holdfast_violation_rule(0));
        fflush(stdout);
        _exit(0);
    }
}

static volatile sig_atomic_t handled;
static void on_signal(int number)
{
    (void)number;
    handled = handled + 1;
}

/* Sits in a system call until somebody closes stdin. */
static void sit(int with_handler)
{
    char byte;
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "sitting", 8, 4, 1, GDT_Byte, NULL);
    OGRGeometryH young = OGR_G_CreateGeometry(wkbPoint);
    struct sigaction action;
    if (with_handler)
        signal(SIGUSR2, on_signal);
    sigaction(SIGUSR2, NULL, &action);
    printf("sitting, %s\n", action.sa_handler == on_signal ? "with a handler" : action.sa_handler == SIG_DFL ? "without one" : "with another's");
    fflush(stdout);
    while (read(0, &byte, 1) > 0)
        ;
    OGR_G_DestroyGeometry(young);
    GDALClose(dataset);
    printf("handled %d\n", (int)handled);
}

int main(int count, char **arguments)
{
    path = count > 2 ? arguments[2] : "";
    const char *wish = count > 1 ? arguments[1] : "";
    printf("version %s, before any handle: %s, mark %d, leaks %lu, violations %lu\n", holdfast_version() != NULL ? "there" : "absent", state(&count), holdfast_mark() != 0,
           (unsigned long)holdfast_leaks_since(0, NULL, NULL), (unsigned long)holdfast_violation_count(NULL));
    GDALAllRegister();
    if (strcmp(wish, "states") == 0)
        states();
    else if (strcmp(wish, "threads") == 0)
        threads();
    else if (strcmp(wish, "leaks") == 0)
        leaks();
    else if (strcmp(wish, "labels") == 0)
        labels();
    else if (strcmp(wish, "violations") == 0)
        violations();
    else if (strcmp(wish, "sit") == 0)
        sit(count > 3);
    else if (strcmp(wish, "dump") == 0) {
        GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("MEM"), "dumped", 8, 4, 1, GDT_Byte, NULL);
        OGRGeometryH young = OGR_G_CreateGeometry(wkbPoint);
        printf("dumped %lu\n", (unsigned long)holdfast_dump());
        OGR_G_DestroyGeometry(young);
        GDALClose(dataset);
    }
    return 0;
}
