#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# Times the same guest, tce-bench, on tcevm and on QEMU's pseries machine in turn, and compares.
#
#   bench-vs-qemu.sh [-be] [-n ROUNDS]
#
# Each number is the best of ROUNDS (3) runs, so that other load on the host matters little.
# Environment: TCEVM, the binary to time (built with cargo when unset); QEMU and MEMORY as in
# run-on-qemu.sh.
set -eu

script=bench-vs-qemu
. "$(dirname "$0")/compare.sh"

usage() {
	echo "usage: bench-vs-qemu.sh [-be] [-n ROUNDS]" >&2
	exit 2
}

options "$@"
[ "$taken" = $# ] || usage
prepare

image=$root/guest-images/images/tce-bench-$order.elf

round=0
while [ "$round" -lt "$rounds" ]; do
	measure tcevm "$TCEVM" run --memory "${MEMORY:-256M}" "$image"
	measure qemu "$here/run-on-qemu.sh" "$image"
	round=$((round + 1))
done

echo "tce-bench-$order, the best of $rounds runs; QEMU is $(version)"
echo "(ns: less is better; MIPS: more is better)"
echo
awk '
	# bench NAME KEY=VALUE ...: the last key is the one to compare, an entry rather than a call.
	$1 == "bench" {
		split($NF, pair, "=")
		unit = pair[1]; value = pair[2] + 0
		if (!($2 in units)) { units[$2] = unit; names[++count] = $2 }
		key = FILENAME SUBSEP $2
		if (!(key in best) || (unit == "mips" ? value > best[key] : value < best[key]))
			best[key] = value
	}
	END {
		printf "%-18s %-13s %10s %10s %11s\n", "bench", "unit", "tcevm", "QEMU", "tcevm/QEMU"
		for (i = 1; i <= count; i++) {
			name = names[i]
			ours = best[ARGV[1] SUBSEP name]; theirs = best[ARGV[2] SUBSEP name]
			label = units[name] == "mips" ? "MIPS" : units[name] == "ns_per_call" ? "ns per call" : "ns per entry"
			printf "%-18s %-13s %10.2f %10.2f %10.2fx\n", name, label, ours, theirs, (theirs > 0 ? ours / theirs : 0)
		}
	}
' "$work/tcevm" "$work/qemu"
