/* Resident pages: see memory.h. */
#include "memory.h"
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGES_AT_ONCE 1024

uint64_t memory_resident(const volatile void *memory, size_t bytes)
{
    unsigned char pages[PAGES_AT_ONCE];
    int saved_errno = errno;
    uint64_t resident = 0;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uintptr_t from = (uintptr_t)memory & ~(page - 1), end = (uintptr_t)memory + bytes;
    while (from < end)
    {
        size_t length = end - from < page * PAGES_AT_ONCE ? end - from : page * PAGES_AT_ONCE;
        if (mincore((void *)from, length, pages) != 0)
            break;
        for (size_t i = 0; i < (length + page - 1) / page; i++)
            resident += (pages[i] & 1) != 0 ? page : 0;
        from += length;
    }
    errno = saved_errno;
    return resident;
}
