#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# The example of hcall/comply/IMPLEMENTERS.md, "On several machines": GNU parallel runs four shares of the suite in two
# processes. Joined, they are what one process reports.
#
#   shards.sh [TCEVM]
set -euo pipefail
cd "$(dirname "$0")/../.."

tcevm=$(realpath "${1:-target/release/tcevm}")
there=$(mktemp -d)
trap 'rm -rf "$there"' EXIT
cd "$there"
parallel --jobs 2 "'$tcevm' comply --rig direct --shard {}/4 --format json >{}.json" ::: 1 2 3 4
"$tcevm" comply merge 1.json 2.json 3.json 4.json --format tap >joined.tap
"$tcevm" comply --rig direct --format tap >whole.tap
diff joined.tap whole.tap
grep -c '^ok' joined.tap | sed 's/$/ results, as in one process/'
