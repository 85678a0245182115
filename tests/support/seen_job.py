"""What the tests of rk-run --http share: a pipeline on an imitated broker, and what it answers."""

import re
import subprocess
import tempfile
import urllib.error
import urllib.request

from main_job import BIN, SOURCE, wait_until
from pipeline_job import Pipeline, section

WORKER = SOURCE / "tests/support/slow_worker.py"


class Broker:
    """An rk-broker with topics, for as long as the `with` block lasts."""

    def __init__(self, *topics):
        self.topics = topics

    def __enter__(self):
        with tempfile.TemporaryFile("w+") as address:
            command = [BIN / "rk-broker", "-q"] + [word for topic in self.topics for word in ("--topic", topic)]
            self.process = subprocess.Popen(command, stdout=address)
            wait_until(lambda: address.seek(0) or address.read().endswith("\n"), 10, "rk-broker says its address")
            address.seek(0)
            self.brokers = address.read().strip()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def send(self, topic, lines, *options):
        subprocess.run(["kcat", "-P", "-q", "-b", self.brokers, "-t", topic, *options], check=True, timeout=60,
                       input="".join(f"{line}\n" for line in lines), text=True)


class Seen(Pipeline):
    """A pipeline that can be looked at."""

    def __init__(self, *sections, http="127.0.0.1:0", options=(), **more):
        super().__init__(*sections, options=["--http", http, *options], **more)

    def url(self, path="/"):
        if not self.logged("to be seen url="):
            wait_until(lambda: self.logged("to be seen url="), 10, "rk-run says where it can be seen")
        return self.logged(r"to be seen url=(\S+)/\n")[-1] + path

    def ask(self, path, **headers):
        """Status, headers and text of the answer."""
        request = urllib.request.Request(self.url(path), headers={k.replace("_", "-"): v for k, v in headers.items()})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read().decode()

    def metric(self, name, **labels):
        """The value of a sample, None if there is none."""
        for line in self.ask("/metrics")[2].splitlines():
            found = re.fullmatch(rf"{name}{{(.*)}} (\S+)", line)
            if found and all(f'{key}="{value}"' in found[1] for key, value in labels.items()):
                return float(found[2])
        return None


def scoring(broker, seconds=0.0, name="score", **keys):
    """read → score → write: a stage that takes `seconds` for a record, with a queue before it."""
    exec_ = "rk-map --stamp"
    if seconds:
        exec_ = f"rk-map --exec 'python3 {WORKER} {seconds}'"
    return (section("read", f"rk-read -b {broker.brokers} -t loans -G credit -X auto.offset.reset=earliest --batch-size 20"),
            section(name, exec_, **{"max": 2, "scale_up_above": 100000, **keys}),
            section("write", f"rk-write -b {broker.brokers} -t scores"))

