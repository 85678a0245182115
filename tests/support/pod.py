"""What a kubelet makes of a pod of deploy/kubernetes: here, a process whose volumes are in a folder."""

import os
import pathlib
import re
import signal
import subprocess

from main_job import BIN, check, wait_until

TERMINATED_WITHOUT = 69  # rk-run --probe, where there is no such pipeline


class Pod:
    """A pod's only container as a process of this machine. What is mounted at /x is in `folder`/x, and has to be there."""

    def __init__(self, spec, folder, name):
        self.spec, self.folder, self.name = spec, pathlib.Path(folder), name
        self.container = spec["containers"][0]
        values = {"POD_NAME": name, "CPUS": self.container["resources"]["requests"]["cpu"]}
        self.env = {"PATH": f"{BIN}:/usr/bin:/bin"}
        for entry in self.container["env"]:
            self.env[entry["name"]] = self.path(entry.get("value") or values[entry["name"]])
        (self.folder / "run/rk").mkdir(parents=True, exist_ok=True)
        self.process = None
        self.start()

    def path(self, text):
        """A path of the pod as one of this machine."""
        return re.sub(r"^/", f"{self.folder}/", text)

    def log(self):
        return (self.folder / "log").read_text()

    def start(self):
        args = [self.path(re.sub(r"\$\((\w+)\)", lambda name: self.env[name[1]], arg)) for arg in self.container["args"]]
        with open(self.folder / "log", "a") as log:
            self.process = subprocess.Popen(["rk-run", *args], env=self.env, stdin=subprocess.DEVNULL, stderr=log)

    def probe(self, kind):
        """Its exit status."""
        probe = self.container[kind]
        return subprocess.run(probe["exec"]["command"], env=self.env, timeout=probe["timeoutSeconds"], capture_output=True,
                              check=False).returncode

    def wait_ready(self):
        wait_until(lambda: self.probe("readinessProbe") == 0 or self.process.poll() is not None, 60, f"{self.name} is ready")
        check(self.process.poll() is None, f"{self.name} ended with {self.process.returncode}")
        check(self.probe("livenessProbe") == 0, "ready, and not alive")

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def delete(self):
        self.terminate()
        check(self.process.wait(self.spec["terminationGracePeriodSeconds"]) == 0, f"{self.name} did not drain")
        check(self.probe("livenessProbe") == TERMINATED_WITHOUT, "alive after its end")

    def kill(self):
        self.process.kill()
        self.process.wait()


def write_volume(folder, files):
    """What a ConfigMap or a Secret is in a pod."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = folder / name
        path.write_text(text)
        os.chmod(path, 0o600)


def pipeline_for(text, source, output, group):
    """deploy/kubernetes/base/credit.toml with other topics, and no model, which is rk-infer's own affair."""
    for old, new in (("-t applications -G credit", f"-t {source} -G {group} -X auto.offset.reset=earliest"),
                     ("rk-infer -m /models/credit.pt", "rk-map --stamp"), ("-t decisions", f"-t {output}")):
        check(old in text, f"{old} is not in credit.toml")
        text = text.replace(old, new)
    return text
