#!/usr/bin/env bash
# The long form of broker.test: five kills, half a minute of standing still, two restarts.
RK_KILLS=${RK_KILLS:-5} RK_FROZEN_S=${RK_FROZEN_S:-30} RK_RESTARTS=${RK_RESTARTS:-2} \
  exec "$(dirname "${BASH_SOURCE[0]}")/broker.test"
