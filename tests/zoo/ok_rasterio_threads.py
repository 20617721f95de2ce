"""rasterio: many threads with a dataset each, nested environments, and processes that open for themselves."""
import concurrent.futures
import multiprocessing
import os
import sys
import threading
import time

import rasterio


def read(number):
    with rasterio.Env(GDAL_CACHEMAX=16), rasterio.open("tiny.tif", sharing=False) as source:
        return int(source.read(1)[number % 10].sum())


def threads():
    return set(os.listdir("/proc/self/task"))


def wait_for_end(mine):
    """A thread that Python joined may still be ending inside PROJ and SQLite. A child forked at that moment would find their locks taken for ever."""
    deadline = time.monotonic() + 10
    while threads() & mine and time.monotonic() < deadline:
        time.sleep(0.001)


def main():
    os.chdir(sys.argv[1])
    with rasterio.Env(CPL_DEBUG=False) as environment:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            print(sum(pool.map(read, range(80))))
            mine = {str(thread.native_id) for thread in threading.enumerate()} - {str(threading.get_native_id())}
        print(environment.options)
    wait_for_end(mine)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(sum(pool.map(read, range(8))))
        pool.close()
        pool.join()
    with rasterio.open("tiny.tif", sharing=True) as one, rasterio.open("tiny.tif", sharing=True) as other:
        one.close()
        print(other.read(1).sum())


if __name__ == "__main__":
    main()
