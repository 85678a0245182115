#!/usr/bin/env bash
# The long form of main-kill.test: each stage is killed 20 times.
RK_KILLS=${RK_KILLS:-20} exec "$(dirname "${BASH_SOURCE[0]}")/main-kill.test"
