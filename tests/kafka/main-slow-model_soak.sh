#!/usr/bin/env bash
# The long form of main-slow-model.test: a topic of 2 GB.
RK_TOPIC_MB=${RK_TOPIC_MB:-2000} exec "$(dirname "${BASH_SOURCE[0]}")/main-slow-model.test"
