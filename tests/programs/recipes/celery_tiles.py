"""A Celery application under Holdfast: each report names the worker's node and the task with its id.

    LD_PRELOAD=/usr/lib/libholdfast.so HOLDFAST_OPTIONS=@/etc/holdfast.conf celery -A celery_tiles worker --concurrency 3 -n tiles@%h

The broker is a folder here ($TILES); a real one changes nothing.
"""
import os

import holdfast_fleet
import tiles
from celery import Celery

FOLDER = os.environ.get("TILES", "/tmp")
queue = os.path.join(FOLDER, "queue")
os.makedirs(queue, exist_ok=True)
application = Celery("tiles", broker="filesystem://", backend="file://" + FOLDER)
application.conf.broker_transport_options = {"data_folder_in": queue, "data_folder_out": queue, "control_folder": os.path.join(FOLDER, "control")}
holdfast_fleet.celery_signals()


@application.task(name="tiles.checksum")
def checksum(number, wrong):
    return tiles.checksum(number, wrong, FOLDER)
