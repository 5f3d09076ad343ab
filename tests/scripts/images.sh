#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# Runs every committed guest image: the POWER ones on tcevm and on QEMU's pseries machine, the
# x86-64 ones on tcevm under /dev/kvm.
#
#   images.sh TCEVM
#
# TCEVM is the tcevm binary. Exit status: 0 if every run powered off and reported no failure.
set -u

[ $# -eq 1 ] || { echo "usage: images.sh TCEVM" >&2; exit 2; }
tcevm=$1
here=$(cd "$(dirname "$0")" && pwd)
out=$(mktemp)
trap 'rm -f "$out"' EXIT
failed=0

check() {
	machine=$1
	image=$2
	shift 2
	if "$@" >"$out" 2>&1 </dev/null; then
		echo "ok    $machine  $(basename "$image")"
	else
		echo "FAIL  $machine  $(basename "$image")  (status $?)"
		sed 's/^/      /' "$out"
		failed=1
	fi
}

# The runner of the compliance suite is empty until `tcevm comply` puts clauses behind it.
for image in "$here"/../../guest-images/images/*-[lb]e.elf; do
	case $image in */comply-*) continue ;; esac
	check tcevm "$image" "$tcevm" run --timeout 120 --smp 2 "$image"
	# QEMU 7.2 takes a data segment interrupt at a quadword reservation while two CPUs run.
	case $image in */cpus-*) continue ;; esac
	check QEMU "$image" env CPUS=2 "$here/run-on-qemu.sh" "$image"
done
for image in "$here"/../../guest-images/images/*-x86.elf; do
	case $image in */comply-*) continue ;; esac
	check KVM "$image" "$tcevm" run --timeout 300 "$image"
done
exit $failed
