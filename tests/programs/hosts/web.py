"""The WSGI application of hosts_test.py: /right and /wrong, answered with the worker's number as well."""
import os

import work


def application(environ, start_response):
    try:
        status, body = "200 OK", work.answer(environ["PATH_INFO"].strip("/"))
    except Exception as error:  # a host that hides errors would hide a refused call
        status, body = "500 Error", repr(error)
    start_response(status, [("Content-Type", "text/plain")])
    return [("%s\n%d\n" % (body, os.getpid())).encode()]


open("%s/loaded.%d" % (os.environ["HOSTS_FOLDER"], os.getpid()), "w").close()
