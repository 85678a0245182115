"""A real local cluster and a real Kafka, for tests/test_cluster.py."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1]
SOURCE = PACKAGE.parents[1]
sys.path[:0] = [str(PACKAGE), str(SOURCE / "tests/support")]

from main_job import BIN, Kafka  # noqa: E402


@pytest.fixture(scope="session")
def kafka():
    with Kafka() as running:
        yield running


@pytest.fixture(scope="session")
def cluster(kafka):
    """A head, on which nothing of a pipeline has room but its controller, and two nodes with room for two slots each."""
    import ray
    from ray.cluster_utils import Cluster

    folder = tempfile.mkdtemp(prefix="rk-")
    os.environ.update(PATH=f"{Path(sys.executable).parent}:{BIN}:{os.environ['PATH']}", PYTHONPATH=str(PACKAGE),
                      RK_RUNTIME_DIR=folder, RK_BROKERS=kafka.brokers, RAY_DEDUP_LOGS="0",
                      RAY_health_check_initial_delay_ms="1000", RAY_health_check_period_ms="1000",
                      RAY_health_check_failure_threshold="3")
    running = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        for _ in range(2):
            running.add_node(num_cpus=2, num_gpus=1)
        os.environ["RAY_ADDRESS"] = running.address
        ray.init(address=running.address, namespace="rk-ray", log_to_driver=False)
        yield running
    finally:
        ray.shutdown()
        running.shutdown()
        shutil.rmtree(folder, ignore_errors=True)
