#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# A soak: programs of one name, one after the other, in many boots of the Debian guest on one and on two CPUs. See
# recycle-guest.sh. It takes some minutes a boot.
#
#   recycle.sh [-b BOOTS] [-r ROUNDS]
#
# BOOTS (5) on each number of CPUs, ROUNDS (180) in each. Environment: TCEVM, the binary (built with cargo when unset); GUEST, a
# directory of debian-guest.sh (made when unset). Exit status: 1 if any boot ran old code, hung or crashed.
set -eu

script=recycle
. "$(dirname "$0")/compare.sh"
boots=5
rounds=180
while getopts b:r: option; do
	case $option in
	b) boots=$OPTARG ;;
	r) rounds=$OPTARG ;;
	*) echo "usage: recycle.sh [-b BOOTS] [-r ROUNDS]" >&2; exit 2 ;;
	esac
done
find_tcevm
guest=${GUEST:-$("$here/debian-guest.sh")}
failed=0
for cpus in 1 2; do
	boot=1
	while [ "$boot" -le "$boots" ]; do
		said=$("$TCEVM" run "$guest/vmlinux" --initrd "$guest/recycle.cpio" -m 1G --smp "$cpus" --timeout 1800 \
			--append "quiet cryptomgr.notests recycle=$rounds" </dev/null 2>&1 | tr -d '\r' |
			grep -E '^(recycle|mappings|breakpoint|filters|tcevm):' | tr '\n' ';') || true
		echo "$cpus CPUs, boot $boot: $said"
		case $said in *" 0 wrong;") ;; *) failed=1 ;; esac
		boot=$((boot + 1))
	done
done
exit $failed
