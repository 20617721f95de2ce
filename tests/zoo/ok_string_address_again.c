/* The short description of a dataset lies inside it. Where datasets were, long after they are gone, memory of the program's own comes to lie: freeing
 * that is no free of what was lent. */
#include "cpl_conv.h"
#include "gdal.h"
#include <stdint.h>
#include <stdio.h>

#define DESCRIBED 200
#define CLOSED 9000 /* more than the addresses that are kept back */
#define BLOCKS 1000000

static GDALDatasetH datasets[CLOSED];
static uintptr_t lent[DESCRIBED];
static void *blocks[BLOCKS];

int main(void)
{
    GDALAllRegister();
    for (int i = 0; i < CLOSED; i++)
    {
        datasets[i] = GDALCreate(GDALGetDriverByName("MEM"), "short", 1, 1, 1, GDT_Byte, NULL);
        if (i < DESCRIBED)
            lent[i] = (uintptr_t)GDALGetDescription(datasets[i]);
    }
    for (int i = 0; i < CLOSED; i++)
        GDALClose(datasets[i]);
    int again = 0;
    for (int i = 0; i < BLOCKS; i++)
    {
        blocks[i] = CPLMalloc(16);
        for (int j = 0; j < DESCRIBED; j++)
            again += (uintptr_t)blocks[i] == lent[j];
    }
    for (int i = 0; i < BLOCKS; i++)
        CPLFree(blocks[i]);
    if (again == 0)
        fprintf(stderr, "no address came again: this program proves nothing here\n");
    puts("freed");
    return 0;
}
