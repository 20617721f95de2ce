/* sandbox KIND WORK...: uses the library, locks itself in by seccomp (`strict`, or `filter`: calls that programs of one thread hardly need kill), does WORK in there, and
 * ends with status 7. */
#define _GNU_SOURCE
#include <gdal.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <ogr_api.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static GDALDatasetH dataset;
static GDALRasterBandH band;
static OGRFeatureDefnH definition;
static long answer;

static void use(void) { answer += GDALGetRasterBandXSize(band); }
static void borrow(void) { answer += GDALGetRasterBand(dataset, 1) == band; }
static void feature(void)
{
    OGRFeatureH one = OGR_F_Create(definition);
    answer += OGR_F_GetFieldCount(one);
    OGR_F_Destroy(one);
}
static void geometry(void) { OGR_G_DestroyGeometry(OGR_G_CreateGeometry(wkbPoint)); }
static void mistake(void)
{
    OGRFeatureH one = OGR_F_Create(definition);
    OGR_F_Destroy(one);
    OGR_F_GetFieldCount(one);
}

static const struct {
    const char *name;
    void (*work)(void);
    int turns;
} works[] = {{"use", use, 100000}, {"borrow", borrow, 100000}, {"feature", feature, 100000}, {"geometry", geometry, 100000}, {"mistake", mistake, 1}};

static int lock_in(const char *kind)
{
    static struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#define DEADLY(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
        DEADLY(SYS_membarrier), DEADLY(SYS_futex), DEADLY(SYS_mmap), DEADLY(SYS_mremap), DEADLY(SYS_clone), DEADLY(SYS_process_vm_readv), DEADLY(SYS_prctl),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    static struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    if (strcmp(kind, "strict") == 0)
        return prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0;
}

int main(int count, char **arguments)
{
    static const char words[] = "locked in\n";
    GDALAllRegister();
    dataset = GDALCreate(GDALGetDriverByName("MEM"), "grid", 8, 4, 1, GDT_Byte, NULL);
    band = GDALGetRasterBand(dataset, 1);
    definition = OGR_FD_Create("roads");
    OGR_FD_Reference(definition);
    for (int i = 0; i < 50; i++) {
        feature();
        geometry();
    }
    if (lock_in(arguments[1]) != 0) {
        perror("sandbox: seccomp");
        return 125;
    }
    for (int i = 2; i < count; i++)
        for (size_t one = 0; one < sizeof works / sizeof *works; one++)
            for (int turn = 0; strcmp(arguments[i], works[one].name) == 0 && turn < works[one].turns; turn++)
                works[one].work();
    if (write(STDOUT_FILENO, words, sizeof words - 1) < 0)
        return 1;
    syscall(SYS_exit, 7); /* strict mode forbids what exit() and _exit() call */
}
