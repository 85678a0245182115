#!/usr/bin/env bash
# The long form of broker.test: five kills, and a broker that stands still for half a minute.
RK_KILLS=${RK_KILLS:-5} RK_FROZEN_S=${RK_FROZEN_S:-30} exec "$(dirname "${BASH_SOURCE[0]}")/broker.test"
