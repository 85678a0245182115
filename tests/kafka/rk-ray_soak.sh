#!/usr/bin/env bash
# python/rk_ray on a local Ray cluster of several nodes, with a real Kafka (python/rk_ray/tests/test_cluster.py).
set -euo pipefail

export PYTHONDONTWRITEBYTECODE=1
cd "$RK_SOURCE_DIR/python/rk_ray"
exec "$RK_DEPS_DIR/ray/bin/python" -m pytest -q -s -p no:cacheprovider -m cluster
