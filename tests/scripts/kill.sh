#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# A soak: the Debian guest writes numbered blocks and flushes each; tcevm is killed (SIGKILL) at some moment; then every
# block that the guest had reported is in the image, and the image opens again. For raw and qcow2 images in turn.
#
#   kill.sh [-r ROUNDS]
#
# ROUNDS (20) of each format. Environment: TCEVM, the binary (built with cargo when unset); GUEST, a directory of debian-guest.sh
# (made when unset). It needs qemu-img. Exit status: 1 if a block was lost or an image did not open.
set -eu

script=kill
. "$(dirname "$0")/compare.sh"
rounds=20
while getopts r: option; do
	case $option in
	r) rounds=$OPTARG ;;
	*) echo "usage: kill.sh [-r ROUNDS]" >&2; exit 2 ;;
	esac
done
find_tcevm
guest=${GUEST:-$("$here/debian-guest.sh")}
work=$(mktemp -d)
trap 'kill -9 $tcevm 2>/dev/null || :; rm -rf "$work"' EXIT
tcevm=
failed=0

run() {
	"$TCEVM" run "$guest/vmlinux" --initrd "$guest/devices.cpio" -m 512M --timeout 300 --disk "$work/disk.$format" \
		--append "quiet cryptomgr.notests devices do=scsi $1" </dev/null
}

# How many numbers the guest has reported.
reported() {
	grep -ac '^numbers: ' "$work/console" || :
}

for format in raw qcow2; do
	lost=0 total=0
	for round in $(seq "$rounds"); do
		qemu-img create -q -f "$format" "$work/disk.$format" 16M
		run do=numbers >"$work/console" 2>&1 &
		tcevm=$!
		until [ "$(reported)" -ge 5 ]; do
			kill -0 $tcevm 2>/dev/null || { cat "$work/console" >&2; exit 1; }
			sleep 0.1
		done
		sleep "$((RANDOM % 2)).$((RANDOM % 10))$((RANDOM % 10))"
		pkill -9 -P $tcevm 2>/dev/null || kill -9 $tcevm
		wait $tcevm 2>/dev/null || :
		n=$(reported)
		# qemu-img: 3 is a leak, which loses nothing.
		[ "$format" = raw ] || qemu-img check -q "$work/disk.qcow2" >"$work/check" 2>&1 || [ $? = 3 ] || {
			cat "$work/check"
			failed=1
		}
		qemu-img convert -f "$format" -O raw "$work/disk.$format" "$work/content"
		tr -s '\0' '\n' <"$work/content" | grep -a '^block ' | sort >"$work/there" || :
		missing=$(seq 0 $((n - 1)) | sed 's/^/block /' | sort | comm -23 - "$work/there" | wc -l)
		run do=read >"$work/console" 2>&1 || { cat "$work/console"; failed=1; }
		lost=$((lost + missing)) total=$((total + n))
	done
	echo "$format: killed $rounds times, $total blocks reported, $lost lost"
	[ $lost = 0 ] || failed=1
done
exit $failed
