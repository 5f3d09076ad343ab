#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# Times the guest `kernels` on tcevm and on QEMU's pseries machine, and the same sources as a program of this
# host, in turn, and compares. The checksums of all three have to be equal.
#
#   kernels-vs-qemu.sh [-be] [-n ROUNDS] [WORD...]
#
# Each time is the best of ROUNDS (3) runs, so that other load on the host matters little. The words are arguments
# of the guest: names of kernels, passes=N, seed=N.
# Environment: TCEVM, the binary to time (built with cargo when unset); QEMU and MEMORY as in
# run-on-qemu.sh; HOST_CC, the compiler of this host (cc).
set -eu

script=kernels-vs-qemu
. "$(dirname "$0")/compare.sh"

usage() {
	echo "usage: kernels-vs-qemu.sh [-be] [-n ROUNDS] [WORD...]" >&2
	exit 2
}

options "$@"
shift "$taken"
prepare

image=$root/guest-images/images/kernels-$order.elf
native=$work/host/kernels
make -s -C "$root/guest-images" BUILD="$work" ${HOST_CC:+HOST_CC="$HOST_CC"} "$native"

round=0
while [ "$round" -lt "$rounds" ]; do
	measure tcevm "$TCEVM" run --memory "${MEMORY:-256M}" --append "$*" "$image"
	measure qemu "$here/run-on-qemu.sh" "$image" "$*"
	measure native "$native" "$@"
	round=$((round + 1))
done

echo "kernels-$order in milliseconds, the best of $rounds runs; QEMU is $(version)"
echo "(ratios of times: below 1, tcevm is faster)"
echo
awk '
	$1 == "ticks_per_second" { per_ms[FILENAME] = $2 / 1000 }
	# kernel NAME CHECKSUM TICKS
	$1 == "kernel" {
		if (!($2 in sums)) { sums[$2] = $3; names[++count] = $2 }
		if (sums[$2] != $3) { print $2 ": the checksums differ: " sums[$2] ", " $3; wrong = 1 }
		key = FILENAME SUBSEP $2
		ms = $4 / per_ms[FILENAME]
		if (!(key in best) || ms < best[key]) best[key] = ms
	}
	END {
		printf "%-14s %10s %10s %10s %12s %13s\n", "kernel", "tcevm", "QEMU", "native", "tcevm/QEMU", "tcevm/native"
		for (i = 1; i <= count; i++) {
			ours = best[ARGV[1] SUBSEP names[i]]
			qemu = best[ARGV[2] SUBSEP names[i]]
			native = best[ARGV[3] SUBSEP names[i]]
			if (ours <= 0 || qemu <= 0 || native <= 0) { print names[i] ": too short to be timed"; wrong = 1; continue }
			printf "%-14s %10.2f %10.2f %10.3f %11.2fx %12.2fx\n",
				names[i], ours, qemu, native, ours / qemu, ours / native
			to_qemu += log(ours / qemu); to_native += log(ours / native); timed++
		}
		if (timed)
			printf "%-14s %10s %10s %10s %11.2fx %12.2fx\n", "geometric mean", "", "", "",
				exp(to_qemu / timed), exp(to_native / timed)
		exit wrong
	}
' "$work/tcevm" "$work/qemu" "$work/native"
