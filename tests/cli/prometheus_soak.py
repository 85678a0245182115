#!/usr/bin/env python3
"""examples/deploy/alerts.yml and grafana.json with a real Prometheus: promtool accepts the rules, a running pipeline is
scraped, every query of the dashboard has data, and the alert for a slow stage fires and resolves.

`scripts/setup --soak` unpacks Debian's prometheus.
"""

import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from main_job import DEPS, SOURCE, Broken, check, wait_until
from seen_job import Broker, Seen, scoring

BIN = DEPS / "prometheus/usr/bin"
DEPLOY = SOURCE / "examples/deploy"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Prometheus:
    """Scrapes a target each second; nothing of it outlives the `with` block."""

    def __init__(self, target):
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory(prefix="rk-prometheus-")
        folder = pathlib.Path(self.folder.name)
        rules = (DEPLOY / "alerts.yml").read_text(encoding="utf-8")
        # Minutes are too long for a test: the conditions stay as they are, and hold for seconds.
        rules = re.sub(r"for: \dm", "for: 5s", rules)
        (folder / "alerts.yml").write_text(rules, encoding="utf-8")
        (folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [alerts.yml]\nscrape_configs:\n"
            f"  - job_name: rk\n    static_configs: [{{targets: [\"{target}\"]}}]\n", encoding="utf-8")
        self.process = subprocess.Popen([BIN / "prometheus", f"--config.file={folder}/prometheus.yml",
                                         f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{self.port}"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()

    def ask(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise Broken(f"{query}: {error.read().decode()}") from None

    def is_up(self):
        try:
            return [one["health"] for one in self.ask("targets")["activeTargets"]] == ["up"]
        except (OSError, Broken):  # it is starting
            return False

    def query(self, expression):
        return self.ask("query", query=expression)["result"]

    def fires(self, alert):
        return any(one["labels"]["alertname"] == alert and one["state"] == "firing" for one in self.ask("alerts")["alerts"])


def queries():
    dashboard = json.loads((DEPLOY / "grafana.json").read_text(encoding="utf-8"))
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$__rate_interval", "10s").replace('"$pipeline"', '".*"')


def exact(broker, prometheus, run):
    """What Prometheus has is what the pipeline says, and the dashboard shows it."""
    wait_until(prometheus.is_up, 20, "the pipeline is scraped")
    wait_until(lambda: prometheus.query("rk_ready") and prometheus.query("rk_ready")[0]["value"][1] == "1", 20, "rk_ready")
    shown = {title: False for title, _ in queries()}
    check(len(shown) == 12, shown)
    for title, expression in queries():
        wait_until(lambda: prometheus.query(expression), 30, f"{title}: {expression} has data")
    targets = prometheus.ask("metadata")
    for name in ("rk_end_to_end_seconds", "rk_lag_records", "rk_records_out"):
        check(name in targets and targets[name][0]["help"], f"{name} has no help: {targets.get(name)}")
    measured = float(prometheus.query("histogram_quantile(0.99, sum by (le) (rk_batch_seconds_bucket{stage='score'}))")[0]["value"][1])
    check(0.3 < measured < 1.5, f"a batch of 20 takes 0.02 s each, and p99 is {measured}")


def main():
    if not BIN.exists():
        print("no prometheus here: scripts/setup --soak unpacks it")
        return 77
    subprocess.run([BIN / "promtool", "check", "rules", DEPLOY / "alerts.yml"], check=True, stdout=subprocess.DEVNULL)
    with Broker("loans:6", "scores:1") as broker:
        broker.send("loans", [json.dumps({"id": number, "bad": number % 50 == 0}) for number in range(4000)])
        sections = scoring(broker, 0.02, max=2)
        with Seen(*sections) as run:
            run.wait_ready()
            with Prometheus(run.url("").removeprefix("http://")) as prometheus:
                metrics = run.ask("/metrics", Accept="application/openmetrics-text")[2]
                linted = subprocess.run([BIN / "promtool", "check", "metrics"], input=run.ask("/metrics")[2], text=True,
                                        capture_output=True, check=False)
                check(linted.returncode in (0, 3), f"promtool: {linted.stderr}")  # 3: what it would have named otherwise
                check(metrics.endswith("# EOF\n"), "OpenMetrics has no end")
                exact(broker, prometheus, run)
                wait_until(lambda: prometheus.fires("RkSlowStage"), 150, "the alert for a slow stage fires")
                run.write(*(part if "[score]" not in part else scoring(broker)[1] for part in sections))
                run.process.send_signal(1)
                wait_until(lambda: not prometheus.fires("RkSlowStage"), 150, "the alert resolves")
            run.process.kill()
    return 0


try:
    begin = time.monotonic()
    code = main()
    print(f"{time.monotonic() - begin:.0f} s")
    sys.exit(code)
except Broken as error:
    print(f"FAIL: {error}")
    sys.exit(1)
