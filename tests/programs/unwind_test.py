"""Native stacks in reports are those that libunwind finds: the same frames, in the same order, at the same places.

usage: unwind_test.py BUILD_DIRECTORY

Holdfast itself cannot link libunwind (shim/stack.c tells why), so that library is the independent witness here.
"""
import sys

from support import check, check_equal, compile_c, finish, gdal_flags, harness, make_inputs, workshop

PROGRAM = r"""
#define _GNU_SOURCE
#define UNW_LOCAL_ONLY
#include <dlfcn.h>
#include <gdal.h>
#include <libunwind.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Frames outwards from the caller of this function, as Holdfast names them: module and offset of the calling instruction. */
static void __attribute__((noinline)) witness(void)
{
    unw_context_t context;
    unw_cursor_t cursor;
    unw_getcontext(&context);
    unw_init_local(&cursor, &context);
    unw_step(&cursor); /* the function that makes the wrong call: it is at another instruction then */
    while (unw_step(&cursor) > 0)
    {
        unw_word_t address;
        Dl_info info;
        struct link_map *map;
        unw_get_reg(&cursor, UNW_REG_IP, &address);
        if (address == 0 || !dladdr1((void *)(address - 1), &info, (void **)&map, RTLD_DL_LINKMAP))
            break;
        printf("frame 0x%lx\n", (unsigned long)(address - 1 - map->l_addr));
    }
}

static int __attribute__((noinline)) use(GDALRasterBandH band)
{
    witness();
    volatile int width = GDALGetRasterBandXSize(band); /* volatile: a jump instead of a call would leave no frame */
    return width + 1;
}

/* Frames of many sizes, so that nothing is found by luck. */
static int __attribute__((noinline)) descend(GDALRasterBandH band, int depth)
{
    volatile char room[16 + 48 * (depth % 7)];
    room[0] = (char)depth;
    return (depth > 0 ? descend(band, depth - 1) : use(band)) + room[0] - (char)depth;
}

static int compare(const void *left, const void *right)
{
    static int used;
    if (!used)
    {
        used = 1;
        descend(**(GDALRasterBandH *const *)left, 5); /* through the C library's own frames */
    }
    return left < right ? -1 : right < left;
}

int main(int count, char **arguments)
{
    GDALAllRegister();
    GDALDatasetH dataset = GDALOpen("rgb.tif", GA_ReadOnly);
    GDALRasterBandH band = GDALGetRasterBand(dataset, 1);
    GDALRasterBandH *items[8] = {&band, &band, &band, &band, &band, &band, &band, &band};
    GDALClose(dataset);
    if (count > 1 && arguments[1][0] == 'q')
        qsort(items, 8, sizeof items[0], compare);
    else
        descend(band, atoi(arguments[1]));
    return 0;
}
"""


def frames_of(result):
    """Offsets of the native frames of the one report's use, without the innermost one."""
    return [frame["offset"] for frame in result.reports[0]["stacks"]["used"]["native"][1:]]


def test(folder):
    make_inputs(folder)
    for level in ("-O0", "-O2", "-O2 -fomit-frame-pointer -fno-plt"):
        program = compile_c(PROGRAM, folder / "unwind", *level.split(), *gdal_flags(), "-lunwind", "-ldl")
        for way in ("0", "3", "20", "q"):
            result = harness.run([str(program), way], {"stack_depth": 64}, cwd=folder)
            witnessed = [line.split()[1] for line in result.stdout.splitlines() if line.startswith("frame ")]
            check("libunwind found frames (%s, %s)" % (level, way), len(witnessed) >= 3, result)
            check_equal("the report has the same frames (%s, %s)" % (level, way), witnessed, frames_of(result) if result.reports else result.end())


with workshop() as folder:
    test(folder)
sys.exit(finish())
