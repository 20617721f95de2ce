"""The Celery application of hosts_test.py: its broker and its results are folders, so nothing else must run."""
import os

from celery import Celery

import work

FOLDER = os.environ["HOSTS_FOLDER"]
app = Celery("queue_app", broker="filesystem://", backend="file://" + FOLDER + "/results")
app.conf.broker_transport_options = {"data_folder_in": FOLDER + "/queue", "data_folder_out": FOLDER + "/queue"}


@app.task
def answer(what):
    return "%s\n%d" % (work.answer(what), os.getpid())
