"""A headless Chromium for tests, driven through its debugging pipe: no package is needed but the browser itself.

with Browser(width=1200) as browser:
    browser.open(path)
    browser.value("document.title")
    browser.key("j")

What the page complained of is in browser.complaints (console errors, exceptions, violations of its Content-Security-Policy), each address that it asked for in browser.requests.
"""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

KEYS = {"Enter": 13, "Tab": 9, "Escape": 27, "ArrowDown": 40, "ArrowUp": 38, "End": 35, "Home": 36, "PageDown": 34}


def find_browser():
    return next((found for found in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if found), None)


class BrowserError(Exception):
    pass


class Browser:
    def __init__(self, width=1280, height=900, dark=False, script=True, timeout=60):
        self.size, self.dark, self.script, self.timeout = (width, height), dark, script, timeout
        self.number, self.complaints, self.requests, self.events, self.buffer = 0, [], [], [], b""

    def __enter__(self):
        self.profile = tempfile.mkdtemp(prefix="holdfast_browser_")
        here_reads, there_writes = os.pipe()
        there_reads, self.to = os.pipe()
        self.come = here_reads

        def place_pipes():  # the browser reads from 3 and writes to 4
            first, second = os.dup(there_reads), os.dup(there_writes)
            for number, descriptor in ((3, first), (4, second)):
                os.dup2(descriptor, number)
                os.set_inheritable(number, True)

        command = [find_browser(), "--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
                   "--user-data-dir=" + self.profile, "--window-size=%d,%d" % self.size, "about:blank"]
        self.process = subprocess.Popen(command, preexec_fn=place_pipes, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(there_writes)
        os.close(there_reads)
        try:
            self.session = None
            page = next(target for target in self.ask("Target.getTargets")["targetInfos"] if target["type"] == "page")
            self.session = self.ask("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network"):
                self.ask(domain + ".enable")
            self.ask("Emulation.setDeviceMetricsOverride", width=self.size[0], height=self.size[1], deviceScaleFactor=1, mobile=self.size[0] < 500)
            self.set_dark(self.dark)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()
        os.close(self.come)
        os.close(self.to)
        shutil.rmtree(self.profile, ignore_errors=True)

    def message(self, deadline):
        while b"\0" not in self.buffer:
            if not select.select([self.come], [], [], max(0, deadline - time.monotonic()))[0]:
                raise BrowserError("the browser does not answer")
            part = os.read(self.come, 1 << 20)
            if not part:
                raise BrowserError("the browser ended")
            self.buffer += part
        text, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(text)

    def notice(self, message):
        method, what = message.get("method"), message.get("params", {})
        self.events.append(method)
        if method == "Runtime.consoleAPICalled" and what["type"] in ("error", "warning", "assert"):
            self.complaints.append("console: %s" % [argument.get("value") for argument in what["args"]])
        elif method == "Runtime.exceptionThrown":
            details = what["exceptionDetails"]
            self.complaints.append("exception: %s" % details.get("exception", details).get("description", details))
        elif method == "Log.entryAdded" and what["entry"]["level"] in ("error", "warning"):
            self.complaints.append("log: %s" % what["entry"]["text"])
        elif method == "Page.javascriptDialogOpening":
            self.complaints.append("dialog: %s" % what["message"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(what["request"]["url"])

    def ask(self, method, **parameters):
        self.number += 1
        number = self.number
        text = {"id": number, "method": method, "params": parameters}
        if getattr(self, "session", None):
            text["sessionId"] = self.session
        os.write(self.to, json.dumps(text).encode() + b"\0")
        deadline = time.monotonic() + self.timeout
        while True:
            message = self.message(deadline)
            if message.get("id") != number:
                self.notice(message)
            elif "error" in message:
                raise BrowserError("%s: %s" % (method, message["error"]))
            else:
                return message["result"]

    def set_dark(self, dark):
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def open(self, path):
        self.events = []
        self.ask("Page.navigate", url="file://%s" % path)
        deadline = time.monotonic() + self.timeout
        while "Page.loadEventFired" not in self.events:
            self.notice(self.message(deadline))

    def value(self, expression):
        result = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise BrowserError("%s: %s" % (expression, result["exceptionDetails"].get("exception", {}).get("description")))
        return result["result"].get("value")

    def key(self, key, times=1, shift=False):
        code = KEYS.get(key, 0)
        text = "\r" if key == "Enter" else key if len(key) == 1 else ""
        for _ in range(times):
            self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, text=text, modifiers=8 if shift else 0)
            self.ask("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code, modifiers=8 if shift else 0)
        self.settle()

    def settle(self):
        """Until what was asked for is drawn."""
        self.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")

    def click(self, selector):
        self.value("document.querySelector(%s).click()" % json.dumps(selector))
        self.settle()

    def type(self, text):
        for letter in text:
            self.key(letter)

    def screenshot(self, path):
        with open(path, "wb") as stream:
            stream.write(base64.b64decode(self.ask("Page.captureScreenshot")["data"]))
