#!/usr/bin/env bash
# The README's scripts/package in a bare Debian 12, which takes root to make.
set -euo pipefail
[[ $EUID -eq 0 ]] || exit 77
exec "$RK_SOURCE_DIR/scripts/test-fresh" bookworm package
