/* What young_test.py runs: programs with many short-lived handles, each named by the first argument. Those of `right` must give no report; the others make
 * mistakes whose number and kind the test knows. A line `used N` says how many of the wrong uses went through, which mode reject allows none of. */
#include <errno.h>
#include <geos_c.h>
#include <ogr_api.h>
#include <ogr_core.h>
#include <cpl_error.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void on_thread(void *(*work)(void *), void *argument)
{
    pthread_t thread;
    pthread_create(&thread, NULL, work, argument);
    pthread_join(thread, NULL);
}

static OGRGeometryH make_point(void)
{
    OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
    OGR_G_SetPoint_2D(point, 0, 1, 2);
    return point;
}

static void *free_point(void *point)
{
    OGR_G_DestroyGeometry(point);
    return NULL;
}

static void *make_point_there(void *result)
{
    *(OGRGeometryH *)result = make_point();
    return NULL;
}

static void *use_point(void *point)
{
    printf("points %d\n", OGR_G_GetPointCount(point));
    return NULL;
}

static void *make_and_free_there(void *result)
{
    *(OGRGeometryH *)result = make_point();
    OGR_G_DestroyGeometry(*(OGRGeometryH *)result);
    return NULL;
}

/* ---- wrong: one thread frees what another one uses or frees; what is wrong comes in this order */

static void go_wrong_across(void)
{
    for (int i = 0; i < 3; i++) /* the first ones go slow ways */
        free_point(make_point());
    OGRGeometryH point = make_point();
    on_thread(free_point, point);
    use_point(point); /* made here, freed there, used here */
    on_thread(make_point_there, &point);
    OGR_G_DestroyGeometry(point);
    on_thread(use_point, point); /* made there, freed here, used by a third */
    point = make_point();
    on_thread(free_point, point);
    OGR_G_DestroyGeometry(point); /* freed twice, here after there */
    point = make_point();
    OGR_G_DestroyGeometry(point);
    on_thread(free_point, point); /* freed twice, there after here */
    on_thread(make_and_free_there, &point);
    on_thread(use_point, point); /* its whole life on a thread that is gone, whose set another one has */
    GEOSContextHandle_t context = GEOS_init_r();
    for (int i = 0; i < 3; i++) {
        GEOSGeometry *base = GEOSGeom_createPointFromXY_r(context, 1, 2);
        GEOSPreparedGeom_destroy_r(context, GEOSPrepare_r(context, base));
        GEOSGeom_destroy_r(context, base);
    }
    GEOSGeometry *shape = GEOSGeom_createPointFromXY_r(context, 1, 2);
    const GEOSPreparedGeometry *prepared = GEOSPrepare_r(context, shape);
    GEOSGeometry *other = GEOSGeom_createPointFromXY_r(context, 1, 2);
    GEOSGeom_destroy_r(context, shape);
    printf("contains %d\n", GEOSPreparedContains_r(context, prepared, other)); /* both young, the base is gone */
    GEOSPreparedGeom_destroy_r(context, prepared);
    GEOSGeom_destroy_r(context, other);
    GEOS_finish_r(context);
}

/* The first call of each place in a program goes a slow way: what the young do is seen in the later rounds, which print what they got. */
static void wrong_across(void)
{
    for (int round = 0; round < 4; round++)
        go_wrong_across();
}

struct lending {
    OGRFeatureH feature;
    OGRGeometryH geometry;
};

static void *destroy_feature(void *feature)
{
    OGR_F_Destroy(feature);
    return NULL;
}

static OGRFeatureH make_feature(OGRFeatureDefnH definition)
{
    OGRFeatureH feature = OGR_F_Create(definition);
    OGRGeometryH point = make_point();
    OGR_F_SetGeometry(feature, point); /* a copy: what it lends it has made itself */
    OGR_G_DestroyGeometry(point);
    return feature;
}

static OGRFeatureDefnH make_definition(void)
{
    OGRFeatureDefnH definition = OGR_FD_Create("points");
    OGR_FD_Reference(definition);
    return definition;
}

static void *lend_there(void *argument)
{
    struct lending *lending = argument;
    lending->geometry = OGR_F_GetGeometryRef(lending->feature);
    return NULL;
}

static void go_wrong_lent(void)
{
    OGRFeatureDefnH definition = make_definition();
    for (int i = 0; i < 3; i++)
        OGR_F_Destroy(make_feature(definition));
    struct lending lending = {.feature = make_feature(definition)};
    on_thread(lend_there, &lending);
    on_thread(destroy_feature, lending.feature);
    use_point(lending.geometry);
    lending.feature = make_feature(definition);
    lending.geometry = OGR_F_GetGeometryRef(lending.feature);
    OGR_F_Destroy(lending.feature);
    on_thread(use_point, lending.geometry);
    OGR_FD_Release(definition);
}

static void wrong_lent(void)
{
    for (int round = 0; round < 4; round++)
        go_wrong_lent();
}

/* ---- wrong: alive when its thread ends (leaks=all) */

static void *leave_three(void *results)
{
    for (int i = 0; i < 3; i++)
        ((OGRGeometryH *)results)[i] = make_point();
    OGR_G_DestroyGeometry(make_point());
    return NULL;
}

static void wrong_left(void)
{
    static OGRGeometryH left[2][3];
    on_thread(leave_three, left[0]);
    on_thread(leave_three, left[1]); /* takes the set of the first */
    OGR_G_DestroyGeometry(left[0][1]);
    make_point();
}

/* ---- right: made, used and freed by different threads, each with its own context of GEOS */

#define RING 4
#define ROUNDS 3000
static _Atomic(void *) slots[RING];

static void *pass_on(void *argument)
{
    unsigned self = (unsigned)(uintptr_t)argument;
    GEOSContextHandle_t context = GEOS_init_r();
    for (int round = 0; round < ROUNDS; round++) {
        GEOSGeometry *made = GEOSGeom_createPointFromXY_r(context, round, self);
        OGRGeometryH point = make_point();
        GEOSGeometry *taken = atomic_exchange(&slots[(self + (unsigned)round) % RING], made);
        double x;
        if (taken != NULL && (GEOSGeomGetX_r(context, taken, &x) != 1 || x > ROUNDS))
            abort();
        if (taken != NULL && round % 3 == 0) {
            const GEOSPreparedGeometry *prepared = GEOSPrepare_r(context, taken);
            GEOSPreparedGeom_destroy_r(context, prepared);
        }
        if (taken != NULL)
            GEOSGeom_destroy_r(context, taken);
        OGR_G_DestroyGeometry(point);
    }
    GEOS_finish_r(context);
    return NULL;
}

static void right_ring(void)
{
    pthread_t threads[RING];
    for (uintptr_t i = 0; i < RING; i++)
        pthread_create(&threads[i], NULL, pass_on, (void *)i);
    for (int i = 0; i < RING; i++)
        pthread_join(threads[i], NULL);
    GEOSContextHandle_t context = GEOS_init_r();
    for (int i = 0; i < RING; i++)
        GEOSGeom_destroy_r(context, slots[i]);
    GEOS_finish_r(context);
}

/* ---- right: more threads than there are sets, at once and one after the other */

#define CROWD 100
static pthread_barrier_t together;

static void live_and_die(int rounds)
{
    OGRGeometryH kept[20] = {NULL};
    OGRFeatureDefnH definition = make_definition();
    for (int i = 0; i < rounds; i++) {
        OGRGeometryH *place = &kept[i * 7 % 20];
        if (*place != NULL)
            OGR_G_DestroyGeometry(*place);
        *place = make_point();
        OGRFeatureH feature = make_feature(definition);
        if (OGR_G_GetPointCount(OGR_F_GetGeometryRef(feature)) != 1)
            abort();
        OGR_F_Destroy(feature);
        feature = OGR_F_Create(definition);
        OGRGeometryH given = make_point();
        OGR_F_SetGeometryDirectly(feature, given);
        if (OGR_F_GetGeometryRef(feature) != given)
            abort();
        OGR_F_Destroy(feature);
    }
    for (int i = 0; i < 20; i++)
        if (kept[i] != NULL)
            OGR_G_DestroyGeometry(kept[i]);
    OGR_FD_Release(definition);
}

static void *be_one_of_many(void *nothing)
{
    pthread_barrier_wait(&together);
    live_and_die(100);
    pthread_barrier_wait(&together);
    return nothing;
}

static void *be_alone(void *nothing)
{
    live_and_die(5);
    return nothing;
}

static void right_crowd(void)
{
    static pthread_t threads[CROWD];
    pthread_barrier_init(&together, NULL, CROWD);
    for (int i = 0; i < CROWD; i++)
        pthread_create(&threads[i], NULL, be_one_of_many, NULL);
    for (int i = 0; i < CROWD; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 1000; i++)
        on_thread(be_alone, NULL);
}

/* ---- wrong, many times: every late use must be seen while another thread's frees keep asking for this one's set */

#define LATE 4000
static _Atomic bool stop;
static _Atomic int asks; /* that are left until the other thread comes by: its fences must outlast a pause that the machine makes there */

static void *keep_asking(void *nothing)
{
    GEOSContextHandle_t context = GEOS_init_r();
    while (!stop) {
        if (asks <= 0) {
            sched_yield();
            continue;
        }
        asks--;
        GEOSGeometry *base = GEOSGeom_createPointFromXY_r(context, 1, 2);
        const GEOSPreparedGeometry *prepared = GEOSPrepare_r(context, base);
        GEOSPreparedGeom_destroy_r(context, prepared);
        GEOSGeom_destroy_r(context, base); /* something might depend on it: all sets are looked through */
    }
    GEOS_finish_r(context);
    return nothing;
}

static void *be_late(void *nothing)
{
    OGRFeatureDefnH definition = make_definition();
    int used = 0;
    for (int i = 0; i < LATE; i++) {
        asks = 100;
        OGRFeatureH feature = OGR_F_Create(definition), other = OGR_F_Create(definition);
        OGR_F_SetFID(feature, 17);
        OGR_F_SetFID(other, 17);
        OGR_F_Destroy(feature);
        used += OGR_F_GetFID(feature) == 17; /* refused: -1 or 0 */
        OGR_F_Destroy(feature);
        OGR_F_Destroy(other);
    }
    printf("used %d\n", used);
    OGR_FD_Release(definition);
    return nothing;
}

static void wrong_asked(void)
{
    pthread_t asking, late;
    CPLSetErrorHandler(CPLQuietErrorHandler);
    pthread_create(&asking, NULL, keep_asking, NULL);
    pthread_create(&late, NULL, be_late, NULL);
    pthread_join(late, NULL);
    stop = true;
    pthread_join(asking, NULL);
}

/* ---- forks while other threads make and free: the child goes on rightly, and sees what was wrong before and after */

static void *loop_until_stopped(void *nothing)
{
    while (!stop)
        live_and_die(10);
    return nothing;
}

static _Atomic(void *) freed_there;
static _Atomic bool forking;

/* A thread that is still there when the process forks: its set has what the child uses. */
static void *free_and_stay(void *nothing)
{
    for (int i = 0; i < 10; i++) { /* the first ones go slow ways */
        OGRGeometryH point = make_point();
        OGR_G_DestroyGeometry(point);
        freed_there = point;
    }
    forking = true;
    while (!stop)
        sched_yield();
    return nothing;
}

static void fork_amid(bool wrong)
{
    pthread_t loops[3];
    int loops_count = wrong ? 1 : 3;
    if (wrong) {
        pthread_create(&loops[0], NULL, free_and_stay, NULL);
        while (!forking)
            sched_yield();
    } else {
        for (int i = 0; i < 3; i++)
            pthread_create(&loops[i], NULL, loop_until_stopped, NULL);
    }
    for (int i = 0; i < 3; i++)
        free_point(make_point());
    OGRGeometryH before = make_point(), dead = make_point();
    if (wrong)
        OGR_G_DestroyGeometry(dead);
    for (int i = 0; i < (wrong ? 1 : 6); i++) {
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            if (OGR_G_GetPointCount(before) != 1)
                _exit(3);
            live_and_die(20);
            on_thread(be_alone, NULL);
            if (wrong) {
                use_point(dead);
                use_point(freed_there);
                OGRGeometryH after = make_point();
                OGR_G_DestroyGeometry(after);
                use_point(after);
            }
            OGR_G_DestroyGeometry(before);
            fflush(stdout);
            exit(0);
        }
        int status;
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
            printf("child %d: status %d\n", i, status);
            break;
        }
    }
    stop = true;
    for (int i = 0; i < loops_count; i++)
        pthread_join(loops[i], NULL);
    OGR_G_DestroyGeometry(before);
    if (!wrong)
        OGR_G_DestroyGeometry(dead);
}

static void right_fork(void)
{
    fork_amid(false);
}

static void wrong_fork(void)
{
    fork_amid(true);
}

/* ---- a handler of signals that asks what needs no memory of the library, while this thread makes and frees */

#define POOL 500
static OGRFeatureH asked_feature, pool[POOL];
static OGRGeometryH lent_in_handler;
static volatile sig_atomic_t handled;

static void ask(int number)
{
    (void)number;
    int saved = errno;
    lent_in_handler = OGR_F_GetGeometryRef(asked_feature);
    if (OGR_G_GetPointCount(lent_in_handler) != 1 || OGR_G_GetPointCount(OGR_F_GetGeometryRef(pool[handled % POOL])) != 1)
        abort();
    handled++;
    errno = saved;
}

static pthread_t interrupted;

static void *interrupt(void *nothing)
{
    int sent = 0;
    while (!stop) {
        if (handled >= sent) {
            sent = handled + 1;
            pthread_kill(interrupted, SIGUSR1);
        }
        sched_yield();
    }
    return nothing;
}

static void signals(bool wrong)
{
    pthread_t sender;
    OGRFeatureDefnH definition = make_definition();
    asked_feature = make_feature(definition);
    for (int i = 0; i < POOL; i++)
        pool[i] = make_feature(definition);
    ask(0); /* where it was lent is the same in each run; what the pool lends is lent in the handler */
    interrupted = pthread_self();
    struct sigaction action = {.sa_handler = ask, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    pthread_create(&sender, NULL, interrupt, NULL);
    for (int i = 0; i < 1000000 && handled < 2000; i++) {
        OGRFeatureH feature = make_feature(definition);
        if (OGR_G_GetPointCount(OGR_F_GetGeometryRef(feature)) != 1)
            abort();
        OGR_F_Destroy(feature);
    }
    stop = true;
    pthread_join(sender, NULL);
    OGR_F_Destroy(asked_feature);
    for (int i = 0; i < POOL; i++)
        OGR_F_Destroy(pool[i]);
    if (wrong)
        use_point(lent_in_handler);
    OGR_FD_Release(definition);
}

static void right_signals(void)
{
    signals(false);
}

static void wrong_signals(void)
{
    signals(true);
}

/* ---- a great many that live at once, freed in another order, and one of each fate used afterwards */

#define MANY 1000000u

static void many(bool wrong)
{
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSGeometry **all = calloc(MANY, sizeof *all);
    for (unsigned i = 0; i < MANY; i++)
        all[i] = GEOSGeom_createPointFromXY_r(context, i, 1);
    double x = 0;
    for (uint64_t i = 0; i < MANY; i++) {
        unsigned index = (unsigned)(i * 612361 % MANY); /* each of them once */
        if (GEOSGeomGetX_r(context, all[index], &x) != 1 || x != index)
            abort();
        GEOSGeom_destroy_r(context, all[index]);
        if (wrong && i == 10)
            printf("x %d\n", GEOSGeomGetX_r(context, all[index], &x)); /* had grown up, was taken back to die */
    }
    if (wrong) {
        GEOSGeometry *grown = GEOSGeom_createPointFromXY_r(context, 5, 1);
        GEOSPreparedGeom_destroy_r(context, GEOSPrepare_r(context, grown));
        GEOSGeom_destroy_r(context, grown);
        printf("x %d\n", GEOSGeomGetX_r(context, grown, &x)); /* had grown up, for what might depend on it */
    }
    free(all);
    GEOS_finish_r(context);
}

static void right_many(void)
{
    many(false);
}

static void wrong_many(void)
{
    many(true);
}

/* ---- a good many that live, one replaced at a time: more than a set begins with, so that it grows */

#define LIVING 10000u

struct look {
    GEOSContextHandle_t context;
    GEOSGeometry *point;
};

static void *look_there(void *argument)
{
    const struct look *look = argument;
    double x = 0;
    printf("x %d\n", GEOSGeomGetX_r(look->context, look->point, &x));
    return NULL;
}

static void wrong_churn(void)
{
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSGeometry **living = calloc(LIVING, sizeof *living);
    uint32_t random = 1;
    for (unsigned i = 0; i < LIVING; i++)
        living[i] = GEOSGeom_createPointFromXY_r(context, i, 1);
    for (unsigned i = 0; i < 6 * LIVING; i++) {
        random = random * 1664525u + 1013904223u;
        unsigned index = (random >> 8) % LIVING;
        double x = 0;
        if (GEOSGeomGetX_r(context, living[index], &x) != 1 || x != index)
            abort();
        GEOSGeom_destroy_r(context, living[index]);
        if (i % 10 == 0)
            GEOSGeomGetX_r(context, living[index], &x); /* refused: none is lost when the set grows */
        living[index] = GEOSGeom_createPointFromXY_r(context, index, 1);
    }
    struct look look = {context, living[7]};
    on_thread(look_there, &look);
    GEOSGeom_destroy_r(context, living[7]);
    on_thread(look_there, &look);
    for (unsigned i = 0; i < LIVING; i++)
        if (i != 7)
            GEOSGeom_destroy_r(context, living[i]);
    free(living);
    GEOS_finish_r(context);
}

/* ---- a copy depends on what its original belongs to, not on the original */

static void wrong_clone(void)
{
    for (int round = 0; round < 5; round++) { /* the first calls of a place are looked at with care in any case */
        OGRFeatureDefnH definition = OGR_FD_Create("points");
        OGRFeatureH feature = OGR_F_Create(definition), clone = OGR_F_Clone(feature), second = OGR_F_Clone(clone);
        OGR_F_Destroy(feature);
        OGR_F_SetFID(clone, 17);
        OGR_F_Destroy(clone);
        printf("%d\n", OGR_FD_GetFieldCount(definition)); /* one is left */
        OGR_F_Destroy(second);
        if (round == 4)
            printf("%d\n", OGR_FD_GetFieldCount(definition)); /* it went with the last */
    }
}

/* ---- gifts: what is given lives in its taker. The first rounds are right, so that what is told of the last one is told of young handles */

static OGRGeometryH keep_point(OGRFeatureH feature)
{
    OGRGeometryH point = make_point();
    OGR_F_SetGeometryDirectly(feature, point);
    return point;
}

static GEOSGeometry *make_ring(GEOSContextHandle_t context, double size, GEOSCoordSequence **given)
{
    GEOSCoordSequence *sequence = GEOSCoordSeq_create_r(context, 4, 2);
    static const double corners[4][2] = {{0, 0}, {0, 1}, {1, 0}, {0, 0}};
    for (unsigned i = 0; i < 4; i++) {
        GEOSCoordSeq_setX_r(context, sequence, i, size * corners[i][0] + 0.1);
        GEOSCoordSeq_setY_r(context, sequence, i, size * corners[i][1] + 0.1);
    }
    *given = sequence;
    return GEOSGeom_createLinearRing_r(context, sequence);
}

static void give_features(bool wrong)
{
    OGRFeatureDefnH definition = make_definition();
    OGRFeatureH feature = OGR_F_Create(definition), other = OGR_F_Create(definition);
    OGRGeometryH first = keep_point(feature), lent = OGR_F_GetGeometryRef(feature);
    if (lent != first || OGR_G_GetPointCount(lent) != 1)
        abort();
    if (wrong) {
        OGR_G_DestroyGeometry(first); /* it was given away */
        OGR_F_SetGeometryDirectly(other, first);
        on_thread(free_point, first);
    }
    OGRGeometryH second = keep_point(feature); /* destroys the first */
    if (wrong) {
        use_point(first);
        free_point(first);
    }
    OGRGeometryH copied = make_point();
    OGR_F_SetGeometry(feature, copied); /* destroys the second */
    OGRGeometryH inside = OGR_F_GetGeometryRef(feature);
    if (wrong)
        use_point(second);
    OGR_F_SetGeometry(feature, copied); /* and the one that was lent */
    if (wrong)
        use_point(inside);
    OGR_G_DestroyGeometry(copied);
    OGRGeometryH lost = make_point();
    OGR_F_SetGeomFieldDirectly(other, 99, lost); /* fails, and destroys it */
    if (wrong)
        free_point(lost);
    OGRGeometryH whole = OGR_G_CreateGeometry(wkbMultiPoint), part = make_point();
    OGR_G_AddGeometryDirectly(whole, part);
    OGR_F_SetGeometryDirectly(other, whole);
    if (OGR_G_GetGeometryRef(OGR_F_GetGeometryRef(other), 0) != part)
        abort();
    if (wrong)
        free_point(part);
    OGR_F_Destroy(other);
    OGR_F_Destroy(feature);
    if (wrong) {
        on_thread(use_point, part); /* went with what took what had taken it */
        free_point(whole);
    }
    feature = OGR_F_Create(definition);
    OGRGeometryH kept = keep_point(feature);
    if (wrong)
        on_thread(free_point, kept); /* looked at from there: it grows up */
    OGR_F_Destroy(feature);
    if (wrong)
        use_point(kept);
    feature = OGR_F_Create(definition);
    kept = keep_point(feature);
    if (OGR_F_StealGeometry(feature) != kept)
        abort();
    OGR_F_Destroy(feature);
    OGR_G_DestroyGeometry(kept);
    OGR_FD_Release(definition);
}

static void give_shapes(bool wrong)
{
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSCoordSequence *sequence, *unused;
    GEOSGeometry *shell = make_ring(context, 10, &sequence), *hole = make_ring(context, 1, &unused);
    GEOSGeometry *polygon = GEOSGeom_createPolygon_r(context, shell, &hole, 1), *point = GEOSGeom_createPointFromXY_r(context, 1, 2);
    if (GEOSGetExteriorRing_r(context, polygon) != shell || GEOSGetNumInteriorRings_r(context, polygon) != 1)
        abort();
    if (wrong)
        GEOSGeom_destroy_r(context, shell);
    GEOSGeometry *members[] = {polygon, point};
    GEOSGeometry *all = GEOSGeom_createCollection_r(context, 7, members, 2);
    if (wrong) {
        unsigned size = 0;
        printf("size %d", GEOSCoordSeq_getSize_r(context, sequence, &size));
        printf(" of %u\n", size);
        GEOSGeom_createPolygon_r(context, shell, NULL, 0);
    }
    GEOSGeom_destroy_r(context, all);
    if (wrong) {
        printf("rings %d\n", GEOSGetNumInteriorRings_r(context, polygon));
        printf("empty %d\n", GEOSisEmpty_r(context, point));
        GEOSGeom_destroy_r(context, hole);
    }
    GEOSGeometry *no_ring = GEOSGeom_createPointFromXY_r(context, 1, 2);
    if (GEOSGeom_createPolygon_r(context, no_ring, NULL, 0) != NULL) /* destroys it as well */
        abort();
    if (wrong)
        GEOSGeom_destroy_r(context, no_ring);
    GEOS_finish_r(context);
}

static void wrong_given(void)
{
    CPLSetErrorHandler(CPLQuietErrorHandler);
    for (int round = 0; round < 4; round++) {
        give_features(round == 3);
        give_shapes(round == 3);
    }
}

static void right_given(void)
{
    CPLSetErrorHandler(CPLQuietErrorHandler);
    for (int round = 0; round < 1000; round++) {
        give_features(false);
        give_shapes(false);
    }
}

/* The loop whose cost is watched: see check_gifts(). */
static void many_given(void)
{
    OGRFeatureDefnH definition = make_definition();
    GEOSContextHandle_t context = GEOS_init_r();
    for (int i = 0; i < 20000; i++) {
        OGRFeatureH feature = OGR_F_Create(definition);
        for (int j = 0; j < 3; j++)
            keep_point(feature);
        OGR_F_Destroy(feature);
        GEOSCoordSequence *sequence;
        GEOSGeometry *ring = make_ring(context, 1, &sequence);
        GEOSGeom_destroy_r(context, GEOSGeom_createPolygon_r(context, ring, NULL, 0));
    }
    GEOS_finish_r(context);
    OGR_FD_Release(definition);
}

static const struct {
    const char *name;
    void (*work)(void);
} programs[] = {
    {"wrong_churn", wrong_churn},   {"wrong_clone", wrong_clone},     {"wrong_given", wrong_given},     {"right_given", right_given},     {"many_given", many_given},
    {"wrong_across", wrong_across}, {"wrong_lent", wrong_lent},       {"wrong_left", wrong_left},       {"wrong_asked", wrong_asked},
    {"wrong_fork", wrong_fork},     {"wrong_signals", wrong_signals}, {"wrong_many", wrong_many},       {"right_ring", right_ring},
    {"right_crowd", right_crowd},   {"right_fork", right_fork},       {"right_signals", right_signals}, {"right_many", right_many},
};

int main(int count, char **words)
{
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        if (count > 1 && strcmp(words[1], programs[i].name) == 0) {
            programs[i].work();
            puts("done");
            return 0;
        }
    return 2;
}
