"""Processes and threads that Python starts: pools.py METHOD right|wrong. Prints each answer and who gave it."""
import concurrent.futures
import multiprocessing
import os
import sys
import threading

import work


def answer(what):
    return work.answer(what), os.getpid()


def stay(started):
    """Holds a dataset and its band until it is ended."""
    dataset = work.gdal.Open(work.RASTER)
    band = dataset.GetRasterBand(1)
    print("stays", band.XSize > 0, flush=True)
    started.set()
    threading.Event().wait()


def show(answers):
    for text, number in answers:
        print("answer", text, number)


def pool(method, questions):
    context = multiprocessing.get_context(method)
    print("before", work.right())
    with context.Pool(2) as workers:  # ended with terminate()
        show(workers.map(answer, questions, chunksize=1))
    with context.Pool(2) as workers:
        print("closed", workers.map(answer, ["right"] * 3)[0][0])
        workers.close()
        workers.join()
    started = context.Event()
    process = context.Process(target=stay, args=(started,))
    process.start()
    started.wait()
    process.terminate()
    process.join()
    print("terminated", process.exitcode)


def futures(kind, questions):
    print("before", work.right())
    with kind(2) as workers:
        show(workers.map(answer, questions))


def held_by_threads(questions):
    """Each thread ends while a dataset and a band of its own live on; the main thread uses them."""
    kept = []
    for what in questions:
        def hold():
            dataset = work.gdal.Open(work.RASTER)
            band = dataset.GetRasterBand(1)
            kept.append((what, band, dataset if what == "right" else None))
        thread = threading.Thread(target=hold)
        thread.start()
        thread.join()
    for what, band, dataset in kept:
        print("answer", what, band.Checksum(), os.getpid())
        del band, dataset


def freed_by_threads(questions):
    """Each thread makes a feature, frees it if that is wrong, and ends; the main thread uses it."""
    from osgeo import ogr
    definition = ogr.FeatureDefn("made")
    kept = []
    for what in questions:
        def make():
            feature = ogr.Feature(definition)
            feature.SetFID(7)
            if what == "wrong":
                ogr._ogr.delete_Feature(feature)
                feature.thisown = False
            kept.append((what, feature))
        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
    for what, feature in kept:
        try:
            number = feature.GetFID()  # of a feature of a thread that ended
        except RuntimeError:
            number = "refused"
        print("answer", what, number, os.getpid())


def interpreters(questions):
    """Each question in an interpreter of its own. Afterwards the bindings are of no use in the first one: SWIG keeps what it needs once a process."""
    import _xxsubinterpreters
    source = "import os, sys\nsys.path.insert(0, %r)\nimport work\nprint('answer', work.answer(%r), os.getpid(), flush=True)\n"
    for what in questions:
        interpreter = _xxsubinterpreters.create()
        _xxsubinterpreters.run_string(interpreter, source % (os.path.dirname(os.path.abspath(__file__)), what))
        _xxsubinterpreters.destroy(interpreter)


def interpreters_with_the_lock(questions):
    """The same by calls that keep the GIL, each with frames of its own interpreter."""
    import _xxsubinterpreters
    source = "import os, sys\nsys.path.insert(0, %r)\nimport work\nprint('answer', %r, work.with_the_lock(%r), os.getpid(), flush=True)\n"
    for what in questions[-2:]:
        interpreter = _xxsubinterpreters.create()
        _xxsubinterpreters.run_string(interpreter, source % (os.path.dirname(os.path.abspath(__file__)), what, what))
        _xxsubinterpreters.destroy(interpreter)


def fork_after_mistake(questions):
    """The parent makes the mistake first, if there is one; its children are others, and what they do wrong is told of them, too."""
    print("answer", *answer(questions[-1]), flush=True)
    for what in questions[-2:]:
        child = os.fork()
        if child == 0:
            print("answer", *answer(what), flush=True)
            os._exit(0)
        os.waitpid(child, 0)


def main():
    method, what = sys.argv[1:]
    questions = ["right"] * 5 + [what]
    {"fork": lambda: pool("fork", questions),
     "forkserver": lambda: pool("forkserver", questions),
     "spawn": lambda: pool("spawn", questions),
     "futures-processes": lambda: futures(concurrent.futures.ProcessPoolExecutor, questions),
     "futures-threads": lambda: futures(concurrent.futures.ThreadPoolExecutor, questions),
     "threads": lambda: held_by_threads(questions),
     "threads-freed": lambda: freed_by_threads(questions),
     "fork-after-mistake": lambda: fork_after_mistake(questions),
     "interpreters": lambda: interpreters(questions),
     "interpreters-gil": lambda: interpreters_with_the_lock(questions)}[method]()


if __name__ == "__main__":
    main()
