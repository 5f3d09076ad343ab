#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# Debian's drivers (ibmveth and ibmvscsi, or virtio's) do the same work on tcevm and on QEMU's pseries machine (TCG) in turn: a download
# through passt, and blocks read from and written to a raw disk. Compares the time of each phase, and the CPU time
# that the virtual machine's process spent in it.
#
#   devices-vs-qemu.sh [-n ROUNDS] [-m MIB] [-b vio|virtio|virtio-map]
#
# With -b virtio the devices are virtio-net and virtio-blk on PCI, QEMU's with iommu_platform=on; with virtio-map the guest makes no
# dynamic window (disable_ddw), and maps each buffer. MIB (64) is the size of each phase's transfer. Each number is the best of ROUNDS (3) runs. Arguments after `--` go to tcevm.
# Environment: TCEVM, the binary to time (built with cargo when unset); QEMU (qemu-system-ppc64);
# GUEST, a directory of debian-guest.sh (made when unset). It needs passt and python3, whose HTTP server the guest asks.
set -eu

script=devices-vs-qemu
. "$(dirname "$0")/compare.sh"
mib=64
bus=vio

usage() {
	echo "usage: devices-vs-qemu.sh [-n ROUNDS] [-m MIB] [-b vio|virtio|virtio-map] [-- TCEVM-OPTION...]" >&2
	exit 2
}

while [ $# -gt 0 ]; do
	case $1 in
	-n) rounds "${2:-}"; shift ;;
	-m)
		case ${2:-} in '' | *[!0-9]* | 0) usage ;; esac
		mib=$2
		shift
		;;
	-b)
		case ${2:-} in vio | virtio | virtio-map) bus=$2 ;; *) usage ;; esac
		shift
		;;
	--) shift; break ;;
	*) usage ;;
	esac
	shift
done
for tool in passt python3; do
	if ! command -v "$tool" >/dev/null; then
		echo "$script: $tool is missing; on Debian: apt-get install $tool" >&2
		exit 3
	fi
done
prepare
trap 'kill $server 2>/dev/null || :; rm -rf "$work"' EXIT
guest=${GUEST:-$("$here/debian-guest.sh")}

bytes=$((mib << 20))
mkdir "$work/served"
head -c "$bytes" /dev/urandom >"$work/served/$bytes"
python3 -u -m http.server --bind 127.0.0.1 --directory "$work/served" 0 >"$work/server" 2>&1 &
server=$!
until port=$(sed -n 's/.*port \([0-9]*\) .*/\1/p' "$work/server") && [ -n "$port" ]; do sleep 0.1; done
phases="fetch blocks-in blocks-out"
append="console=hvc0 quiet cryptomgr.notests devices address=10.0.2.15 peer=10.0.2.2 port=$port size=$bytes"
case $bus in
vio)
	options=
	qemu_devices="-device spapr-vlan,netdev=net -device spapr-vscsi,id=scsi -device scsi-hd,drive=disk,bus=scsi.0"
	;;
virtio*)
	append="$append bus=virtio"
	[ "$bus" = virtio ] || append="$append disable_ddw"
	options=,bus=virtio
	platform=iommu_platform=on,disable-legacy=on
	qemu_devices="-device virtio-net-pci,netdev=net,$platform -device virtio-blk-pci,drive=disk,$platform"
	;;
esac
append="$append do=scsi do=net do=ready $(for phase in $phases; do printf 'do=%s ' "$phase"; done)do=ready"

# At each line that ends a phase: its name, the nanoseconds of a clock, and the process's ticks in user and kernel mode.
marks() {
	while read -r step rest; do
		case $rest in
		"done"*)
			ticks=$(sed 's/.*) //' "/proc/$(cat "$work/pid")/stat" | cut -d ' ' -f 12,13)
			echo "${step%:} $(date +%s%N) $ticks"
			;;
		esac
	done
}

# Runs a machine, whose process is the command itself, and adds its marks to the others of its name.
measure() {
	name=$1
	shift
	chmod 755 "$work"
	mkdir -p -m 777 "$work/net"
	passt -f -s "$work/net/socket" -a 10.0.2.15 -n 24 -g 10.0.2.2 >"$work/passt" 2>&1 &
	passt=$!
	until [ -S "$work/net/socket" ]; do sleep 0.1; done
	head -c "$bytes" /dev/urandom >"$work/disk"
	{
		timeout 600 sh -c 'echo $$ >"$0"; exec "$@"' "$work/pid" "$@" </dev/null 2>"$work/errors" ||
			echo "$script: $name failed" >>"$work/errors"
	} | marks >"$work/marks"
	kill "$passt" 2>/dev/null || :
	wait "$passt" 2>/dev/null || :
	rm -r "$work/net"
	if [ "$(wc -l <"$work/marks")" -ne 5 ]; then
		cat "$work/errors" "$work/marks" >&2
		echo "$script: not all phases were done on $name" >&2
		exit 1
	fi
	cat "$work/marks" >>"$work/$name"
}

round=0
while [ "$round" -lt "$rounds" ]; do
	measure tcevm "$TCEVM" run "$guest/vmlinux" --initrd "$guest/devices.cpio" -m 512M --append "$append" \
		--net "socket=$work/net/socket$options" --disk "$work/disk$options" "$@"
	measure qemu "$qemu" -nodefaults -display none -serial stdio -cpu power9 -m 512M \
		-machine pseries,x-vof=on,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off \
		-kernel "$guest/vmlinux" -initrd "$guest/devices.cpio" -append "$append" \
		-netdev "stream,id=net,server=off,addr.type=unix,addr.path=$work/net/socket" \
		-drive "file=$work/disk,format=raw,if=none,id=disk" $qemu_devices
	round=$((round + 1))
done

echo "$mib MiB a phase over $bus, the best of $rounds runs; QEMU is $(version) (less is better)"
echo
awk -v tick="$(getconf CLK_TCK)" '
	FNR == 1 || $1 == "ready" { clock = $2; ticks = $3 + $4 }
	{
		key = FILENAME SUBSEP $1
		time = ($2 - clock) / 1e9; cpu = ($3 + $4 - ticks) / tick
		if (!(key in times) || time < times[key]) times[key] = time
		if (!(key in cpus) || cpu < cpus[key]) cpus[key] = cpu
		if ($1 != "ready" && FILENAME == ARGV[1] && !($1 in seen)) { seen[$1]; names[++count] = $1 }
		clock = $2; ticks = $3 + $4
	}
	END {
		printf "%-10s %10s %10s %8s %12s %12s %8s\n", "phase", "tcevm s", "QEMU s", "ratio", "tcevm CPU s", "QEMU CPU s", "ratio"
		for (i = 1; i <= count; i++) {
			ours = ARGV[1] SUBSEP names[i]; theirs = ARGV[2] SUBSEP names[i]
			printf "%-10s %10.2f %10.2f %7.2fx %12.2f %12.2f %7.2fx\n", names[i], times[ours], times[theirs], \
				times[ours] / times[theirs], cpus[ours], cpus[theirs], cpus[ours] / cpus[theirs]
		}
	}
' "$work/tcevm" "$work/qemu"
