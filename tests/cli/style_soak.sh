#!/usr/bin/env bash
# clang-tidy on all of lib/ and tools/: CI looks at what the last commit changed.
set -euo pipefail
RK_BUILD_DIR=$(dirname "$RK_BIN") exec "$RK_SOURCE_DIR/scripts/check-style" --all
