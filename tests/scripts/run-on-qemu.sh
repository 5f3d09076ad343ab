#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# Runs a guest image on QEMU's pseries machine, the way `tcevm run` does.
#
#   run-on-qemu.sh IMAGE [APPEND]
#
# The guest's console goes to stdout. Exit status: 0 the guest powered off, 1 it reported failure,
# 2 usage, 3 QEMU is missing or could not run the image, 124 timeout.
# Environment: QEMU (qemu-system-ppc64), MEMORY (256M), CPUS (1), TIMEOUT (60 seconds).
set -eu

image=${1:-}
append=${2:-}
qemu=${QEMU:-qemu-system-ppc64}
limit=${TIMEOUT:-60}

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
	echo "usage: run-on-qemu.sh IMAGE [APPEND]" >&2
	exit 2
fi
if [ ! -r "$image" ]; then
	echo "run-on-qemu: cannot read $image" >&2
	exit 2
fi
if ! command -v "$qemu" >/dev/null; then
	echo "run-on-qemu: $qemu is missing; on Debian: apt-get install qemu-system-ppc (or set QEMU)" >&2
	exit 3
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# QEMU starts its CPU at 0x100 of the firmware: 256 zero bytes, then `ba 0x400000`, where it loads the image.
{ head -c 256 /dev/zero; printf '\110\100\000\002'; } >"$work/boot-rom"

# The cap-* options are for mitigations that TCG cannot emulate; without them QEMU prints warnings.
machine=pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off
# `tee` would hide QEMU's exit status, so it is kept in a file.
{
	status=0
	timeout --foreground "$limit" "$qemu" -nodefaults -display none -serial stdio \
		-machine "$machine" -cpu power9 -m "${MEMORY:-256M}" -smp "${CPUS:-1}" \
		-bios "$work/boot-rom" -kernel "$image" -append "$append" </dev/null || status=$?
	echo "$status" >"$work/status"
} | tee "$work/console"

status=$(cat "$work/status")
case $status in
0) ;;
124) echo "run-on-qemu: $image did not power off within $limit seconds" >&2; exit 124 ;;
*) echo "run-on-qemu: $qemu ended with status $status" >&2; exit 3 ;;
esac

# EXIT: STATUS=n with n = code << 1 | 1; code 0 is success, and may go unsaid.
verdict=$(sed -n 's/^EXIT: STATUS=\([0-9]*\).*/\1/p' "$work/console" | tail -n 1)
[ "${verdict:-1}" -eq 1 ]
