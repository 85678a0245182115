"""On which machine, when, and with which versions a result came about."""

import datetime
import os
import re
import subprocess
from pathlib import Path

from main_job import BIN, DEPS, SOURCE
from suite.ways import JARS, PYTHON


def said(*command):
    """What a program prints; nothing if it is not there."""
    try:
        done = subprocess.run([str(arg) for arg in command], capture_output=True, text=True, timeout=30)
        return (done.stdout + done.stderr).strip()
    except OSError:
        return ""


def found(pattern, text):
    match = re.search(pattern, text)
    return match.group(1) if match else "none"


def read(path):
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def jar(name):
    return found(rf"\b{name}-([0-9][0-9.]*)\.jar", " ".join(path.name for path in JARS.glob("*.jar")))


def package(name):
    return found(r"^([0-9].*)", said(PYTHON, "-c", f"import importlib.metadata as m; print(m.version('{name}'))"))


def versions():
    kcat = said("kcat", "-V")
    return {
        "rk": f"{said(BIN / 'rk-read', '--version')} ({said('git', '-C', SOURCE, 'describe', '--always', '--dirty')})",
        "Kafka": ", ".join(sorted(os.listdir(DEPS / "kafka"))) if (DEPS / "kafka").exists() else "none",
        "librdkafka": said("pkg-config", "--modversion", DEPS / "librdkafka/lib/pkgconfig/rdkafka-static.pc")
                      if (DEPS / "librdkafka").exists() else said("pkg-config", "--modversion", "rdkafka"),
        "torch": found(r"RK_TORCH_VERSION (\S+)\)", read(DEPS / "libtorch.cmake")),
        "Kafka Streams": jar("kafka-streams"),
        "ONNX Runtime": jar("onnxruntime"),
        "Java": found(r'version "([^"]+)"', said("java", "-version")),
        "Ray": package("ray"),
        "confluent-kafka": package("confluent-kafka"),
        "kcat": " with librdkafka ".join(found(pattern, kcat) for pattern in (r"Version (\S+)", r"librdkafka (\S+)")),
    }


def machine():
    memory_kb = int(found(r"MemTotal:\s+(\d+)", read("/proc/meminfo")))
    return {"cpu": found(r"model name\s*: (.+)", read("/proc/cpuinfo")), "cores": os.cpu_count(),
            "memory_gb": round(memory_kb * 1024 / 1e9), "kernel": os.uname().release}


def about():
    now = datetime.datetime.now(datetime.timezone.utc)
    return {"date": now.strftime("%Y-%m-%d %H:%M"), "machine": machine(), "versions": versions()}
