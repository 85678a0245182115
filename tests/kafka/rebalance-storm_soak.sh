#!/usr/bin/env bash
# The long form of rebalance-storm.test: a minute of it.
RK_STORM_S=${RK_STORM_S:-60} exec "$(dirname "${BASH_SOURCE[0]}")/rebalance-storm.test"
