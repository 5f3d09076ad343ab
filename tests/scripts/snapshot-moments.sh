#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# Snapshots at random moments of small guests, each of which has to give the same rest of the run (10,000 without an argument).
# snapshot-moments.sh [COUNT [SEED]]
set -euo pipefail
cd "$(dirname "$0")/../.."
TCEVM_COUNT=${1:-10000} TCEVM_SEED=${2:-1} \
    cargo test -q --release -p tcevm-machine --test saved -- --nocapture a_snapshot_at_any_moment
