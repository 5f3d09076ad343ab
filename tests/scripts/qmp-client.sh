#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# QEMU's own client steers a machine: it asks for the status, stops, continues and quits it.
#
#   tests/scripts/qmp-client.sh [TCEVM]
#
# TCEVM is target/release/tcevm without an argument. It needs the Python package qemu.qmp, which Debian does not have: pip install qemu.qmp.
set -euo pipefail
cd "$(dirname "$0")/../.."
tcevm=${1:-target/release/tcevm}
work=$(mktemp -d)
trap 'kill %1 2>/dev/null || :; rm -rf "$work"' EXIT
"$tcevm" run guest-images/images/kernels-le.elf --monitor "unix:$work/monitor" >/dev/null </dev/null &
until [ -S "$work/monitor" ]; do sleep 0.05; done
python3 - "$work/monitor" <<'SCRIPT'
import asyncio
import sys

from qemu.qmp import QMPClient


async def main():
    client = QMPClient("test")
    await client.connect(sys.argv[1])
    await client.execute("stop")
    status = await client.execute("query-status")
    assert status["status"] == "paused", status
    await client.execute("cont")
    status = await client.execute("query-status")
    assert status["running"], status
    event = await asyncio.wait_for(client.events.get(), 10)
    assert event["event"] == "STOP", event
    await client.execute("quit")
    await client.disconnect()


asyncio.run(main())
print("QEMU's client stopped, continued and quit the machine")
SCRIPT
wait %1
