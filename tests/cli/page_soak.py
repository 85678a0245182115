#!/usr/bin/env python3
"""rk-run's page in a real Chromium: it appears and moves, an operator who has only the page finds what is wrong within
a minute, and axe-core finds nothing serious, in light, dark and narrow.

`scripts/setup --soak` installs what it needs. RK_PICTURES is a folder for pictures of the page.
"""

import json
import os
import pathlib
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from browser import Browser, find
from main_job import DEPS, Broken, check
from seen_job import Broker, Seen, scoring

AXE = DEPS / "axe/axe_playwright_python/axe.min.js"
AN_OPERATORS_PATIENCE_S = 60


def lines(count, **more):
    return [json.dumps({"id": number, **more}) for number in range(count)]


def picture(browser, name):
    if "RK_PICTURES" in os.environ:
        browser.picture(pathlib.Path(os.environ["RK_PICTURES"]) / f"{name}.png")


def without_serious_findings(browser, what):
    browser.run(AXE.read_text(encoding="utf-8") + "; undefined")
    found = browser.run("axe.run().then(result => result.violations.filter(one => ['serious', 'critical'].includes(one.impact))"
                        ".map(one => one.id + ': ' + one.nodes.map(node => node.target + ' ' + node.failureSummary).join('; ')))")
    check(not found, f"axe-core, {what}: {found}")


def appears_and_moves(browser, broker):
    broker.send("loans", lines(300))
    with Seen(*scoring(broker)) as run:
        browser.open(run.url())
        browser.wait("document.querySelectorAll('.stage').length === 3", what="three stages")
        browser.wait("document.querySelector('#state').textContent === 'running'")
        browser.wait("document.querySelector('#tiles').innerText.includes('300 so far')", what="300 records")
        uptime = browser.text("#uptime")
        browser.wait(f"document.querySelector('#uptime').innerText !== {json.dumps(uptime)}", 3, "the page moves")
        broker.send("loans", lines(200))
        browser.wait("document.querySelector('#tiles').innerText.includes('500 so far')", 15, "500 records")
        check(browser.run("document.querySelectorAll('#charts path').length") == 7, "there are no lines")
        check(not browser.run("document.querySelector('.bottleneck')"), browser.text("#verdict"))
        for scheme, width in (("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)):
            browser.look_like(scheme, width)
            time.sleep(0.3)
            check(browser.run("document.documentElement.scrollWidth <= innerWidth"), f"wider than {width}")
            without_serious_findings(browser, f"{scheme} {width}")
            picture(browser, f"idle-{scheme}-{width}")
        browser.look_like()
        a_killed_replica(browser, run)
        check(not browser.console, f"the console says {browser.console}")  # what follows is an error on purpose
        check(run.stop()[0] == 0, run.log())
        browser.wait("document.querySelector('#state').textContent === 'no answer'", 5, "the page says that rk-run is gone")
    browser.console.clear()


def a_killed_replica(browser, run):
    os.kill(run.pid("score.0"), signal.SIGKILL)
    took = browser.wait("document.querySelector('#events').innerText.includes('died stage=score.0')", 5, "a death")[1]
    check(took < 2, f"a killed replica is shown after {took:.1f} s")
    browser.wait("document.querySelector('[data-stage=score]').innerText.includes('restarts')", 3, "a restart")


def operator(browser, what, selector, answer):
    """Whoever only looks there reads the answer."""
    begin = time.monotonic()
    browser.wait(f"(document.querySelector({json.dumps(selector)}) || {{innerText: ''}}).innerText.includes({json.dumps(answer)})",
                 AN_OPERATORS_PATIENCE_S, f"{what}: {answer} in {selector}, which says {browser.text(selector)!r}")
    print(f"{what}: {time.monotonic() - begin:.1f} s")


def finds_the_bottleneck(browser, broker):
    broker.send("loans", lines(3000), "-p", "3")
    broker.send("loans", lines(20), "-p", "1")
    with Seen(*scoring(broker, 0.02, max=2)) as run:
        run.wait_ready()
        browser.open(run.url())
        operator(browser, "bottleneck", ".stage.bottleneck", "score")
        operator(browser, "bottleneck", "#verdict", "score is the bottleneck")
        operator(browser, "partition that lags", "#lag tbody tr:first-child td", "3")
        check(browser.run("!!document.querySelector('[data-partition=\"3\"] .bar.most')"), "its bar is like others")
        for scheme, width in (("light", 1280), ("dark", 1280), ("light", 390)):
            browser.look_like(scheme, width)
            time.sleep(0.3)
            without_serious_findings(browser, f"bottleneck, {scheme} {width}")
            picture(browser, f"slow-{scheme}-{width}")
        browser.look_like()
        run.process.kill()


def finds_a_bottleneck_without_a_queue(browser, broker):
    broker.send("loans", lines(2000))
    with Seen(*scoring(broker, 0.02, max=1)) as run:
        run.wait_ready()
        browser.open(run.url())
        operator(browser, "bottleneck without a queue", "#verdict", "score is the bottleneck: it works")
        run.process.kill()


def finds_why_records_fail(browser, broker):
    broker.send("loans", lines(50) + ["this is no JSON"] * 30)
    with Seen(*scoring(broker)) as run:
        run.wait_ready()
        browser.open(run.url())
        operator(browser, "why records fail", "#failed", "invalid-json")
        operator(browser, "how many", "#failed", "30")
        operator(browser, "dead letters", "#tiles", "37.5 % of what came")
        run.process.kill()


def finds_whether_the_reload_took(browser, broker):
    sections = scoring(broker)
    with Seen(*sections) as run:
        run.wait_ready()
        browser.open(run.url())
        operator(browser, "no reload", "#tiles", "since the start")
        run.write(*(part.replace("max = 2", "maximum = 2") for part in sections))
        run.process.send_signal(signal.SIGHUP)
        operator(browser, "a reload that did not take", "#tiles", "refused")
        operator(browser, "why not", "#events li:first-child", "score.maximum: unknown key")
        picture(browser, "refused-light-1280")
        run.write(*(part.replace("--stamp", "--drop id") for part in sections))
        run.process.send_signal(signal.SIGHUP)
        operator(browser, "a reload that took", "#tiles", "applied")
        run.process.kill()


def main():
    if find() is None or not AXE.exists():
        print("no browser or no axe-core here: scripts/setup --soak installs them")
        return 77
    for test in (appears_and_moves, finds_the_bottleneck, finds_a_bottleneck_without_a_queue, finds_why_records_fail,
                 finds_whether_the_reload_took):
        with Broker("loans:6", "scores:1") as broker, Browser() as browser:
            try:
                test(browser, broker)
                check(not browser.console, f"the console says {browser.console}")
            except (Broken, TimeoutError, RuntimeError) as error:
                print(f"FAIL: {test.__name__}: {error}")
                return 1
            print(f"{test.__name__}: passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
