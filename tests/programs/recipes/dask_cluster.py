"""A Dask cluster of worker processes, each under Holdfast, that says who it is and which task it is at.

usage: dask_cluster.py LIBHOLDFAST OPTIONS WORKERS TASKS WRONG FOLDER      WRONG: the number of the task that makes a mistake, -1: none
A preload must be there when a worker process starts: `env=` of a Nanny and `distributed.nanny.environ` come too late, `pre-spawn-environ` comes in time. With machines of
one's own, the same by the environment of the command:
    LD_PRELOAD=/usr/lib/libholdfast.so HOLDFAST_OPTIONS=log_path=/shared/holdfast/%h:log_format=json dask worker tcp://scheduler:8786
"""
import sys

import dask
import holdfast_fleet
import tiles
from distributed import Client, Nanny, SpecCluster, Scheduler


def main():
    library, options, workers, tasks, wrong, folder = sys.argv[1:]
    dask.config.set({"distributed.nanny.pre-spawn-environ": {**dask.config.get("distributed.nanny.pre-spawn-environ", {}), "LD_PRELOAD": library, "HOLDFAST_OPTIONS": options}})
    cluster = SpecCluster(scheduler={"cls": Scheduler, "options": {"port": 0, "dashboard": False, "dashboard_address": None}},
                          workers={"worker-%d" % number: {"cls": Nanny, "options": {"name": "worker-%d" % number, "nthreads": 2, "dashboard": False}} for number in range(int(workers))})
    with cluster, Client(cluster) as client:
        client.wait_for_workers(int(workers))
        register = getattr(client, "register_plugin", None) or client.register_worker_plugin  # the name since 2023.9, and before
        register(holdfast_fleet.dask_plugin())
        work = holdfast_fleet.dask_task(tiles.checksum)
        futures = [client.submit(work, number, number == int(wrong), folder, key="tile-%d" % number, workers=["worker-%d" % (number % int(workers))])
                   for number in range(int(tasks))]
        for number, process, checksum in client.gather(futures):
            print(number, process, checksum)


if __name__ == "__main__":  # the workers import this module
    main()
