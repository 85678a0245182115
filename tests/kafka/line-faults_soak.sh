#!/usr/bin/env bash
# The long form of line-faults.test: fifty kills of the line.
RK_KILLS=${RK_KILLS:-50} exec "$(dirname "${BASH_SOURCE[0]}")/line-faults.test"
