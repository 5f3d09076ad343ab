#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# Boots the same Debian kernel on tcevm and on QEMU's pseries machine (TCG) in turn, and compares the time
# from the start of the program to the first user process.
#
#   linux-vs-qemu.sh [-n ROUNDS]
#
# Each number is the best of ROUNDS (3) runs, so that other load on the host matters little.
# Environment: TCEVM, the binary to time (built with cargo when unset); QEMU (qemu-system-ppc64);
# GUEST, a directory of debian-guest.sh (made when unset); MEMORY (1G).
set -eu

script=linux-vs-qemu
. "$(dirname "$0")/compare.sh"

usage() {
	echo "usage: linux-vs-qemu.sh [-n ROUNDS]" >&2
	exit 2
}

while [ $# -gt 0 ]; do
	case $1 in
	-n) rounds "${2:-}"; shift ;;
	*) usage ;;
	esac
	shift
done
prepare

guest=${GUEST:-$("$here/debian-guest.sh")}
memory=${MEMORY:-1G}
append="console=hvc0 cryptomgr.notests"

# Milliseconds from the start of a command until the guest's init speaks.
measure() {
	name=$1
	shift
	begin=$(date +%s%N)
	"$@" </dev/null 2>"$work/errors" | {
		while read -r line; do
			case $line in MARKER:*) date +%s%N >"$work/marker" ;; esac
		done
	}
	if [ ! -e "$work/marker" ]; then
		cat "$work/errors" >&2
		echo "linux-vs-qemu: $name did not reach the first user process" >&2
		exit 1
	fi
	echo "$(($(cat "$work/marker") / 1000000 - begin / 1000000))" >>"$work/$name"
	rm "$work/marker"
}

round=0
while [ "$round" -lt "$rounds" ]; do
	measure tcevm timeout 300 "$TCEVM" run "$guest/vmlinux" --initrd "$guest/initrd.cpio" \
		--memory "$memory" --append "$append"
	# VOF is QEMU's quick firmware; the caps are for mitigations that TCG cannot emulate.
	measure qemu timeout 300 "$qemu" -nodefaults -display none -serial stdio -cpu power9 -m "$memory" \
		-machine pseries,x-vof=on,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off \
		-kernel "$guest/vmlinux" -initrd "$guest/initrd.cpio" -append "$append"
	round=$((round + 1))
done

tcevm=$(sort -n "$work/tcevm" | head -n 1)
qemu_best=$(sort -n "$work/qemu" | head -n 1)
echo "time to the first user process, the best of $rounds runs; QEMU is $(version)"
awk -v ours="$tcevm" -v theirs="$qemu_best" 'BEGIN {
	printf "tcevm %.2f s, QEMU %.2f s: %.2fx of QEMU (less is better)\n", ours / 1000, theirs / 1000, ours / theirs
}'
