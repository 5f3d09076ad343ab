#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# Snapshots of the Debian guest while it uses its disk and its network adapter at once. The guest goes on, and so does a restored one, with
# a copy of the disk and a new passt: both read what they wrote, download what they should, and leak no pin.
#
#   snapshot-devices.sh [ROUNDS]
#
# ROUNDS is 3 without an argument. Environment: TCEVM, the binary (built with cargo when unset); GUEST, a directory of debian-guest.sh (made
# when unset). It needs passt and python3. Exit status: 1 if a guest did not do its work.
set -eu

script=snapshot-devices
. "$(dirname "$0")/compare.sh"
rounds=${1:-3}
find_tcevm
guest=${GUEST:-$("$here/debian-guest.sh")}
work=$(mktemp -d)
started=()
trap 'kill "${started[@]}" 2>/dev/null || :; rm -rf "$work"' EXIT
size=8388608
port=18080

# passt changes to an unprivileged user, so its sockets have a folder that it may write to.
chmod 755 "$work"
mkdir -m 1777 "$work/net"
head -c $size /dev/urandom >"$work/$size"
sum=$(md5sum <"$work/$size" | cut -d ' ' -f 1)
python3 -m http.server -d "$work" --bind 127.0.0.1 $port >/dev/null 2>&1 &
started+=($!)

network() {
	passt -q -f -s "$work/net/$1" -a 10.0.2.15 -n 24 -g 10.0.2.2 >/dev/null 2>&1 &
	started+=($!)
	until [ -S "$work/net/$1" ]; do sleep 0.05; done
}

# Holds the machine, copies its disk, takes the snapshot, and lets it go on.
take() {
	python3 - "$work" <<-'SCRIPT'
		import json, shutil, socket, sys
		work = sys.argv[1]
		client = socket.socket(socket.AF_UNIX)
		client.connect(work + "/monitor")
		lines = client.makefile("rw")
		lines.readline()
		def ask(name, **arguments):
		    lines.write(json.dumps({"execute": name, "arguments": arguments}))
		    lines.flush()
		    while True:
		        answer = json.loads(lines.readline())
		        if "event" not in answer:
		            assert "return" in answer, answer
		            return
		ask("qmp_capabilities")
		ask("stop")
		ask("snapshot", file=work + "/machine.snap")
		shutil.copyfile(work + "/disk", work + "/disk.copy")
		ask("cont")
	SCRIPT
}

# check WHO: that guest did its work.
check() {
	grep -aq "^download: $sum" "$work/$1" && ! grep -aq 'the disk has' "$work/$1" &&
		grep -aq 'leaked pins: 0' "$work/$1" && grep -aq 'pins left: 0' "$work/$1" || {
		echo "the $1 guest failed:" >&2
		cat "$work/$1" >&2
		exit 1
	}
}

for round in $(seq "$rounds"); do
	truncate -s 32M "$work/disk"
	network "$round.first"
	"$TCEVM" run "$guest/vmlinux" --initrd "$guest/devices.cpio" -m 512M --timeout 300 --disk "$work/disk" --check dma \
		--net "socket=$work/net/$round.first" --monitor "unix:$work/monitor" --stats --append "quiet cryptomgr.notests devices \
		address=10.0.2.15 peer=10.0.2.2 port=$port size=$size do=scsi do=net do=both do=both do=download" \
		</dev/null >"$work/saved" 2>&1 &
	machine=$!
	started+=($machine)
	until grep -aq '^net: up' "$work/saved"; do
		kill -0 $machine || { cat "$work/saved" >&2; exit 1; }
		sleep 0.1
	done
	sleep "0.$((RANDOM % 10))"
	take
	wait $machine || :
	check saved
	network "$round.second"
	"$TCEVM" run --restore "$work/machine.snap" --timeout 300 --disk "$work/disk.copy" --net "socket=$work/net/$round.second" \
		--stats </dev/null >"$work/restored" 2>&1 || :
	check restored
	echo "round $round: both guests did their work"
done
