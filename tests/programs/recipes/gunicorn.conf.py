"""gunicorn under Holdfast: each report names the worker and the request.

    LD_PRELOAD=/usr/lib/libholdfast.so HOLDFAST_OPTIONS=@/etc/holdfast.conf gunicorn -c gunicorn.conf.py service:application

The master may load the application (preload_app): each worker has its own arena, log and record. With more than one thread a request's name is that of the thread which
serves it. Asynchronous workers (gevent) serve several requests in one thread: leave pre_request and post_request out there.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from holdfast_fleet import post_fork, post_request, pre_request  # noqa: E402,F401

workers = 3
preload_app = True
