#!/usr/bin/env bash
# The long form of exactly-once.test: 50 blows a run, of freezes up to 15 s.
RK_TRIALS=${RK_TRIALS:-50} RK_FREEZE_S=${RK_FREEZE_S:-15} exec "$(dirname "${BASH_SOURCE[0]}")/exactly-once.test"
