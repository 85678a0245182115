"""A Chromium without a window, told what to do by the DevTools protocol over a pipe: it needs neither a driver nor a
port. Whoever uses it gets what the page said on its console, and what it threw."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def find():
    """The path of a browser, None if there is none."""
    return next((path for path in map(shutil.which, PROGRAMS) if path), None)


class Browser:
    """One page. Nothing of it outlives the `with` block."""

    def __init__(self, width=1280, height=900):
        self.size = width, height
        self.folder = tempfile.mkdtemp(prefix="rk-browser-")
        self.console = []
        self.number = 0
        self.bytes = b""

    def __enter__(self):
        to_browser, self.out = os.pipe()
        self.into, from_browser = os.pipe()
        # Sandboxes need rights that a container does not have, and nothing but our own page is shown here.
        command = [find(), "--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--disable-gpu",
                   "--disable-dev-shm-usage", "--no-first-run", f"--user-data-dir={self.folder}", "about:blank"]

        def take_pipes():  # as descriptors 3 and 4, whatever they were
            first, second = os.dup(to_browser), os.dup(from_browser)
            os.dup2(first, 3)
            os.dup2(second, 4)

        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, preexec_fn=take_pipes, pass_fds=(3, 4),
                                        start_new_session=True)
        os.close(to_browser)
        os.close(from_browser)
        target = self.call("Target.getTargets")["targetInfos"]
        page = next(one for one in target if one["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.look_like()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.out)
        os.close(self.into)
        shutil.rmtree(self.folder, ignore_errors=True)

    session = None

    def call(self, method, timeout=30, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            answer = self.receive(deadline)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
        raise TimeoutError(f"the browser does not answer {method}")

    def receive(self, deadline):
        while b"\0" not in self.bytes:
            if not select.select([self.into], [], [], max(0, deadline - time.monotonic()))[0]:
                return {}
            self.bytes += os.read(self.into, 1 << 16)
        line, _, self.bytes = self.bytes.partition(b"\0")
        message = json.loads(line)
        self.hear(message.get("method"), message.get("params", {}))
        return message

    def hear(self, method, params):
        if method == "Runtime.exceptionThrown":
            self.console.append(params["exceptionDetails"].get("exception", {}).get("description", "exception"))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.console.append(" ".join(str(one.get("value", one.get("description"))) for one in params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.console.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")

    def look_like(self, scheme="light", width=None, height=None):
        """Light or dark; a phone is narrow."""
        wide, high = width or self.size[0], height or self.size[1]
        self.call("Emulation.setDeviceMetricsOverride", width=wide, height=high, deviceScaleFactor=1, mobile=wide < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open(self, url):
        self.call("Page.navigate", url=url)

    def run(self, script):
        """The value of a JavaScript expression in the page, a promise's too."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"].get("exception", {}).get("description", script))
        return result["result"].get("value")

    def wait(self, script, timeout=20, what=None):
        """Until the expression is true; returns it and how long that took."""
        begin = time.monotonic()
        while not (value := self.run(script)):
            if time.monotonic() - begin > timeout:
                raise TimeoutError(f"not within {timeout} s: {what or script}; console: {self.console}")
            time.sleep(0.05)
        return value, time.monotonic() - begin

    def text(self, selector):
        return self.run(f"(document.querySelector({json.dumps(selector)}) || {{}}).innerText")

    def picture(self, path):
        height = int(self.run("document.documentElement.scrollHeight"))
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True,
                         clip={"x": 0, "y": 0, "width": self.run("innerWidth"), "height": height, "scale": 1})
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))
