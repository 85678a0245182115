#!/usr/bin/env bash
# The long form of exactly-once-gone.test: ten writers killed, and ten lines.
RK_TRIALS=${RK_TRIALS:-10} exec "$(dirname "${BASH_SOURCE[0]}")/exactly-once-gone.test"
