"""A Spark job whose executors, and the Python workers that they start, are under Holdfast; each attempt says stage, partition and executor.

usage: spark_cluster.py LIBHOLDFAST OPTIONS MASTER TASKS WRONG FOLDER      MASTER: local-cluster[2,1,512], a spark:// address, yarn ...
On the command line:
    spark-submit --conf spark.executorEnv.LD_PRELOAD=/usr/lib/libholdfast.so --conf spark.executorEnv.HOLDFAST_OPTIONS=log_path=/shared/holdfast/%h:log_format=json \
        --py-files holdfast_fleet.py job.py
The JVM itself uses none of the libraries: there Holdfast does nothing. With local[N] there are no executors: the driver's own environment counts.
"""
import functools
import sys

import holdfast_fleet
import tiles
from pyspark.sql import SparkSession


def main():
    library, options, master, tasks, wrong, folder = sys.argv[1:]
    session = (SparkSession.builder.master(master).appName("tiles").config("spark.ui.enabled", "false")
               .config("spark.executorEnv.LD_PRELOAD", library).config("spark.executorEnv.HOLDFAST_OPTIONS", options).getOrCreate())
    work = holdfast_fleet.spark_task(functools.partial(tiles.partition, wrong=int(wrong), folder=folder))
    with session:
        context = session.sparkContext
        for number, process, checksum in context.parallelize(range(int(tasks)), int(tasks)).mapPartitions(work).collect():
            print(number, process, checksum)


if __name__ == "__main__":
    main()
