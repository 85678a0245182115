#!/usr/bin/env bash
# The long form of network.test: twenty resets, a byte at a time, a black hole.
RK_RESETS=${RK_RESETS:-20} RK_LONG=1 exec "$(dirname "${BASH_SOURCE[0]}")/network.test"
