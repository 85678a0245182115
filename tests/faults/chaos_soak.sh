#!/usr/bin/env bash
# The long form of chaos.test: 20 runs of a minute, and 20 of exactly once.
RK_CHAOS_RUNS=${RK_CHAOS_RUNS:-20} RK_CHAOS_S=${RK_CHAOS_S:-60} exec "$(dirname "${BASH_SOURCE[0]}")/chaos.test"
