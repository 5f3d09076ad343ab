#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# A long run of the tests that compare the CPU's engines: random programs on the interpreter and the translator, and random
# instructions and programs on either of them and QEMU's user mode. CI runs a part of it with `cargo test`.
#
#   soak-engines.sh [-p PROGRAMS] [-i INSTRUCTIONS] [-s SEED]
#
# PROGRAMS (1000000) run on both engines. INSTRUCTIONS (10000000) is how many each engine executes beside QEMU, of both byte
# orders and kinds together. SEED is the time unless it is given; the script shows it, and with it everything happens again.
set -eu

cd "$(dirname "$0")/../.."
programs=1000000
instructions=10000000
seed=$(date +%s)

usage() {
	echo "usage: soak-engines.sh [-p PROGRAMS] [-i INSTRUCTIONS] [-s SEED]" >&2
	exit 2
}

while getopts p:i:s: option; do
	case ${OPTARG:-} in '' | *[!0-9]*) usage ;; esac
	case $option in
	p) programs=$OPTARG ;;
	i) instructions=$OPTARG ;;
	s) seed=$OPTARG ;;
	*) usage ;;
	esac
done
[ "$OPTIND" -gt $# ] || usage

# run ENGINE COUNT=NUMBER TEST FILTER: one part, with the time that it took.
run() {
	echo "$4 on $1: $2, seed $seed"
	started=$(date +%s)
	env "TCEVM_SEED=$seed" "TCEVM_ENGINE=$1" "$2" \
		cargo test --quiet --release --locked -p tcevm-power --test "$3" -- --nocapture "$4"
	echo "$4 on $1: passed in $(($(date +%s) - started)) s"
}

run auto "TCEVM_COUNT=$programs" parts random_programs_end_in_the_same_state
for engine in interpreter translator; do
	# Four tests share the trials: two kinds of instructions, two byte orders.
	run $engine "TCEVM_COUNT=$((instructions / 4))" all differential::
	run $engine "TCEVM_FUNCTIONS=400" all programs::
done
