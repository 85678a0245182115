#!/usr/bin/env bash
# The long form of line-faults.test: fifty kills of the line, members that come and go for a minute.
RK_KILLS=${RK_KILLS:-50} RK_STORM=${RK_STORM:-20} exec "$(dirname "${BASH_SOURCE[0]}")/line-faults.test"
