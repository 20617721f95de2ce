"""Holdfast under real hosts of Python programs. In each a right program gives the same answers as without Holdfast and no report; a wrong one in one worker gives exactly one
report, from that worker and with the Python line; and the host ends as it would without.

usage: hosts_test.py BUILD_DIRECTORY [HOST...]
"""
import collections
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

from hosts_work import HOSTS, MISTAKE, work_variables
from support import PYTHON, check, check_equal, environment, finish, make_inputs, run, skip, workshop

APACHE_MODULES = pathlib.Path("/usr/lib/apache2/modules")
LIMIT_S = 90  # for what should take a second: the machine may be busy
OLD_PYTHON = run([PYTHON, "-c", "import sys; sys.exit(sys.version_info >= (3, 12))"], preload=False).status == 0

Outcome = collections.namedtuple("Outcome", "answers ending reports damage output")


# ---- what was told ------------------------------------------------------------------------------------------------------

def read_logs(folder):
    reports, damage = [], []
    for path in sorted(folder.glob("log.*")):
        for line in path.read_text(errors="replace").splitlines():
            try:
                item = json.loads(line)
            except ValueError:
                damage.append(line)
                continue
            if item["type"] == "violation":
                reports.append(item)
    return reports, damage


def clear(folder):
    for pattern in ("log.*", "loaded.*"):
        for path in folder.glob(pattern):
            path.unlink()


def options_of(folder):
    return {"mode": "defer", "log_format": "json", "log_path": folder / "log"}


def users_line(report):
    """The innermost Python frame that is not of the bindings."""
    frames = [frame for frame in report["stacks"]["used"]["python"] if "/osgeo/" not in frame["file"]]
    return [(os.path.basename(frame["file"]), frame["line"]) for frame in frames[:1]]


def check_told(host, outcome, culprits, lines=None, rule="HF101"):
    """One report, of the process that made the mistake, with the line."""
    told = [(report["rule"], report["pid"], users_line(report)) for report in outcome.reports]
    expected = [(rule, culprit, lines or [("work.py", MISTAKE)]) for culprit in culprits]
    check("%s: the mistake is told once, by who made it, with its line" % host, sorted(told) == sorted(expected) and not outcome.damage,
          "expected: %s\ncame:     %s\n%s\n%s" % (expected, told, "\n".join(outcome.damage), outcome.output))


def check_told_of_subinterpreter(host, outcome, culprits):
    """Before Python 3.12 nobody can tell under which interpreter a thread runs that gave up the GIL, as the bindings do around each call: README, "Python". There
    the reports have no Python line, and so there is one for each C function that the one method calls."""
    told = [(report["rule"], report["pid"], report["handle"]["kind"], report["handle"]["address"]) for report in outcome.reports]
    functions = [report["function"] for report in outcome.reports]
    check("%s: the mistake is told by who made it, once for each function" % host,
          len(culprits) == 1 and told and len(set(told)) == 1 and told[0][:2] == ("HF101", culprits[0]) and len(set(functions)) == len(functions) and not outcome.damage,
          "%s\n%s\n%s" % (told, functions, outcome.output))


def check_quiet(host, outcome):
    check("%s: of a right program nothing is told" % host, not outcome.reports and not outcome.damage,
          "%s\n%s" % ([report["message"] for report in outcome.reports], "\n".join(outcome.damage)))


# ---- servers ------------------------------------------------------------------------------------------------------------

def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def ask(port, what):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_S)
    try:
        connection.request("GET", "/" + what)
        reply = connection.getresponse()
        lines = reply.read().decode(errors="replace").splitlines()
        return "%d %s" % (reply.status, lines[0] if lines else ""), int(lines[-1]) if reply.status == 200 else 0
    finally:
        connection.close()


def wait_until(what, process):
    """what() is true; ValueError when the process ended first or the time is over."""
    end = time.monotonic() + LIMIT_S
    while not what():
        if process.poll() is not None:
            raise ValueError("the host ended early: %s" % process.returncode)
        if time.monotonic() > end:
            raise ValueError("the host did not begin in time")
        time.sleep(0.05)


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Started:
    """A host that runs until stop(); its output goes to a file, because nobody reads while it runs."""

    def __init__(self, argv, folder, preload):
        self.output = folder / ("output-%s" % preload)
        with open(self.output, "wb") as out:
            self.process = subprocess.Popen([str(word) for word in argv], cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
                                            env=environment(options_of(folder) if preload else None, preload, work_variables(folder)))

    def stop(self, number):
        """How it ends when asked to by a signal."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            ending = self.process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            ending = "no end in time"
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # its workers: a host that ended well left none
            left = True
        except ProcessLookupError:
            left = False
        self.process.wait()
        return (ending, "left processes behind" if left else "left nothing")

    def text(self):
        return self.output.read_text(errors="replace")


def serve(argv, folder, preload, questions, stop, loads):
    clear(folder)
    port = free_port()
    host = Started([str(word).replace("PORT", str(port)) for word in argv], folder, preload)
    answers = []
    try:
        wait_until(lambda: listens(port) and len(list(folder.glob("loaded.*"))) >= loads, host.process)
        answers = [ask(port, what) for what in questions]
    except (OSError, ValueError, http.client.HTTPException) as error:
        answers.append(("%s: %s" % (type(error).__name__, error), 0))
    ending = host.stop(stop)
    return Outcome(answers, ending, *read_logs(folder), host.text())


def check_server(host, argv, stop=signal.SIGTERM, loads=1, told=check_told):
    """The same questions without Holdfast, with it, and with it and one mistake among them. loads: how many processes load the application before anybody asks;
    a worker that is told to end while it still does so ends in an error of its own."""
    with workshop() as folder:
        make_inputs(folder)
        right = ["right"] * 8
        if callable(argv):
            argv = argv(folder)
        alone = serve(argv, folder, False, right, stop, loads)
        if not check("%s: answers without Holdfast" % host, all(text.startswith("200 right ") for text, _ in alone.answers) and len(alone.answers) == 8,
                     "%s\n%s" % (alone.answers, alone.output)):
            return
        texts = [text for text, _ in alone.answers]
        with_it = serve(argv, folder, True, right, stop, loads)
        check_equal("%s: the same answers" % host, texts, [text for text, _ in with_it.answers])
        check_equal("%s: the same end" % host, alone.ending, with_it.ending)
        check_quiet(host, with_it)
        wrong = serve(argv, folder, True, right[:4] + ["wrong"] + right[4:], stop, loads)
        expected = texts[:4] + [texts[0].replace("right", "wrong")] + texts[4:]
        check_equal("%s: with a mistake the same answers" % host, expected, [text for text, _ in wrong.answers])
        check_equal("%s: with a mistake the same end" % host, alone.ending, wrong.ending)
        if len(wrong.answers) > 4:
            told(host, wrong, [wrong.answers[4][1]])


def gunicorn():
    if shutil.which("gunicorn") is None:
        return skip("gunicorn", "not installed")
    base = [PYTHON, "-m", "gunicorn", "--bind", "127.0.0.1:PORT", "--workers", "2", "--worker-tmp-dir", "/tmp", "web:application"]
    check_server("gunicorn sync", base, loads=2)
    check_server("gunicorn gthread", base + ["--worker-class", "gthread", "--threads", "3"], loads=2)
    check_server("gunicorn --preload", base + ["--preload"])
    check_server("gunicorn --preload --max-requests", base + ["--preload", "--max-requests", "2"])
    check_server("gunicorn ended by SIGINT", base, signal.SIGINT, loads=2)


def uwsgi():
    if shutil.which("uwsgi") is None or not list(pathlib.Path("/usr/lib/uwsgi/plugins").glob("python3*_plugin.so")):
        return skip("uwsgi", "uwsgi or its plugin python3 is not installed")
    base = ["uwsgi", "--plugin", "python3", "--http-socket", "127.0.0.1:PORT", "--processes", "2", "--master", "--die-on-term", "--need-app", "--module", "web"]
    check_server("uwsgi", base)
    check_server("uwsgi lazy-apps", base + ["--lazy-apps"], loads=2)
    check_server("uwsgi with threads", base + ["--enable-threads", "--threads", "2"])
    check_server("uwsgi ended by SIGINT", base, signal.SIGINT)


APACHE = """
ServerRoot %(folder)s
ServerName localhost
Listen 127.0.0.1:PORT
PidFile %(folder)s/apache.pid
DefaultRuntimeDir %(folder)s
Mutex file:%(folder)s default
ErrorLog /dev/stderr
User nobody
Group nogroup
LoadModule mpm_%(mpm)s_module %(modules)s/mod_mpm_%(mpm)s.so
LoadModule authz_core_module %(modules)s/mod_authz_core.so
LoadModule wsgi_module %(modules)s/mod_wsgi.so
StartServers 1
%(more)s
WSGIScriptAlias / %(hosts)s/web.py %(script)s
WSGIPythonPath %(hosts)s
<Directory %(hosts)s>
    Require all granted
</Directory>
"""


def mod_wsgi():
    if shutil.which("apache2") is None or not (APACHE_MODULES / "mod_wsgi.so").exists():
        return skip("mod_wsgi", "apache2 or libapache2-mod-wsgi-py3 is not installed")
    daemon = "WSGIDaemonProcess one processes=2 threads=2 python-path=%s\nWSGISocketPrefix %%(folder)s/wsgi" % HOSTS
    for name, mpm, script, more in (("embedded, main interpreter", "event", "application-group=%{GLOBAL}", ""),
                                    ("embedded, subinterpreter", "prefork", "application-group=other", ""),
                                    ("daemon", "event", "process-group=one application-group=%{GLOBAL}", daemon),
                                    ("daemon, subinterpreter", "event", "process-group=one application-group=other", daemon)):
        def command(folder):
            folder.chmod(0o777)
            for path in folder.iterdir():
                path.chmod(0o666)
            values = {"folder": folder, "mpm": mpm, "modules": APACHE_MODULES, "hosts": HOSTS, "script": script}
            (folder / "apache.conf").write_text(APACHE % {**values, "more": more % values})
            # Apache takes the port from its file; -C comes before it.
            return ["sh", "-c", "sed -i 's/^Listen .*/Listen 127.0.0.1:PORT/' apache.conf; exec apache2 -f %s/apache.conf -DFOREGROUND" % folder]
        check_server("mod_wsgi " + name, command, loads=0,  # it is loaded with the first question
                     told=check_told_of_subinterpreter if "subinterpreter" in name and OLD_PYTHON else check_told)


# ---- Celery -------------------------------------------------------------------------------------------------------------

CLIENT = r"""
import json, sys
from queue_app import answer
asked = [answer.delay(what) for what in sys.argv[1:]]
print(json.dumps([one.get(timeout=%d) for one in asked]))
""" % LIMIT_S


def work_off(argv, folder, preload, questions):
    clear(folder)
    for name in ("queue", "results"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir()
    host = Started(argv, folder, preload)
    asked = run([PYTHON, "-c", CLIENT, *questions], preload=False, cwd=folder, env=work_variables(folder), timeout=2 * LIMIT_S)
    ending = host.stop(signal.SIGTERM)
    answers = [one.split("\n") for one in json.loads(asked.stdout)] if asked.status == 0 else []
    return Outcome([(text, int(number)) for text, number in answers], ending, *read_logs(folder), "%s\n%s" % (host.text(), asked.stderr))


def celery():
    if run([PYTHON, "-c", "import celery"], preload=False).status != 0:
        return skip("celery", "not installed")
    base = [PYTHON, "-m", "celery", "-A", "queue_app", "worker", "--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--concurrency", "2"]
    for name, more in (("prefork", []), ("prefork, a process a task", ["--max-tasks-per-child", "1"]), ("threads", ["--pool", "threads"])):
        name = "celery " + name
        with workshop() as folder:
            make_inputs(folder)
            alone = work_off(base + more, folder, False, ["right"] * 5)
            if not check("%s: answers without Holdfast" % name, len(alone.answers) == 5, alone.output):
                continue
            texts = [text for text, _ in alone.answers]
            with_it = work_off(base + more, folder, True, ["right"] * 5)
            check_equal("%s: the same answers" % name, texts, [text for text, _ in with_it.answers])
            check_equal("%s: the same end" % name, alone.ending, with_it.ending)
            check_quiet(name, with_it)
            wrong = work_off(base + more, folder, True, ["right", "right", "wrong", "right"])
            check_equal("%s: with a mistake the same answers" % name, texts[:2] + [texts[0].replace("right", "wrong"), texts[0]], [text for text, _ in wrong.answers])
            check_equal("%s: with a mistake the same end" % name, alone.ending, wrong.ending)
            if len(wrong.answers) == 4:
                check_told(name, wrong, [wrong.answers[2][1]])


# ---- processes, threads and interpreters of Python's own ------------------------------------------------------------------

def pools():
    own_line = 1 + (HOSTS / "pools.py").read_text().splitlines().index("        print(\"answer\", what, band.Checksum(), os.getpid())")
    gil_line = 1 + (HOSTS / "work.py").read_text().splitlines().index("    width = gdal.GDALGetRasterBandXSize(band)  # with the GIL")
    freed_line = 1 + (HOSTS / "pools.py").read_text().splitlines().index("            number = feature.GetFID()  # of a feature of a thread that ended")
    lines_of = {"threads": [("pools.py", own_line)], "threads-freed": [("pools.py", freed_line)], "interpreters-gil": [("work.py", gil_line)]}
    for method in ("fork", "fork-after-mistake", "forkserver", "spawn", "futures-processes", "futures-threads", "threads", "threads-freed", "interpreters", "interpreters-gil"):
        with workshop() as folder:
            make_inputs(folder)

            def once(what, preload, python=()):
                clear(folder)
                result = run([PYTHON, *python, HOSTS / "pools.py", method, what], options=options_of(folder) if preload else None, preload=preload,
                             env=work_variables(folder), cwd=folder, timeout=2 * LIMIT_S)
                lines = result.stdout.splitlines()
                texts = [line.rsplit(" ", 1)[0] if line.startswith("answer") else line for line in lines]
                culprits = [int(line.split()[-1]) for line in lines if line.startswith("answer wrong")]
                return Outcome(texts, (result.ending, result.stderr), *read_logs(folder), str(result)), culprits

            alone, _ = once("right", False)
            if not check("%s: answers without Holdfast" % method, alone.ending == ("exit status 0", ""), alone.output):
                continue
            with_it, _ = once("right", True)
            check_equal("%s: the same answers" % method, alone.answers, with_it.answers)
            check_equal("%s: the same end" % method, alone.ending, with_it.ending)
            check_quiet(method, with_it)
            wrong, culprits = once("wrong", True)
            check_equal("%s: with a mistake the same end" % method, alone.ending, wrong.ending)
            check("%s: the mistake was made once by each who made it" % method, len(culprits) == (2 if method == "fork-after-mistake" else 1), wrong.output)
            if method == "interpreters" and OLD_PYTHON:
                check_told_of_subinterpreter(method, wrong, culprits)
                continue
            check_told(method, wrong, culprits, lines_of.get(method), "HF102" if method == "threads-freed" else "HF101")


HOSTS_BY_NAME = {"gunicorn": gunicorn, "uwsgi": uwsgi, "mod_wsgi": mod_wsgi, "celery": celery, "pools": pools}


def main():
    for name in sys.argv[2:] or HOSTS_BY_NAME:
        HOSTS_BY_NAME[name]()
    return finish()


if __name__ == "__main__":
    sys.exit(main())
