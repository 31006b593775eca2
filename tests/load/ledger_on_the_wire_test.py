"""The ledger sees what happens on the wire: one delivery dropped, one doubled, two swapped; each alone, then nothing at all; at the
cluster and at a plain broker.

Arguments: the folder of chat-load; the cluster's addresses in the environment (tests/e2e/cluster run)."""

import asyncio
import json
import os
import pathlib
import re
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from faulty_way import FaultyWay  # noqa: E402
from mosquitto import Mosquitto  # noqa: E402

BINARIES = pathlib.Path(sys.argv.pop(1)) if len(sys.argv) > 1 else pathlib.Path()
FAULTS_AFTER_SECONDS = 1


def is_delivery(packet):
    """A new message of a private conversation."""
    return packet.topic.startswith("p2p/") and b"Message" in packet.body and packet.body.endswith(b"d\x00\x04sent")


def is_plain_delivery(packet):
    """A text of the first device: a plain broker has no order between senders."""
    return packet.topic.startswith("load/") and re.search(rb"r\w{9}:0:\d+:0:", packet.body) is not None


async def run_load(address, fits, arguments, faults):
    """(status of chat-load, its ledger, what was done) of a short run through a way with these faults."""
    host, _, port = address.rpartition(":")
    way = FaultyWay(host, int(port), fits)
    await way.listen()
    with tempfile.TemporaryDirectory() as folder:
        result = pathlib.Path(folder) / "load.json"
        # At an even rate: whether two messages of one feed are on their way together does not matter to a swap.
        process = await asyncio.create_subprocess_exec(
            BINARIES / "chat-load", "--gateways", way.address, "--devices", "4", "--rate", "40", "--seconds", "4",
            "--drain", "3", "--keep-alive", "30", "--json", result, *arguments, stdout=asyncio.subprocess.PIPE)
        output = []
        async for line in process.stdout:
            output.append(line.decode())
            if line.startswith(b"phase traffic"):
                asyncio.get_running_loop().call_later(FAULTS_AFTER_SECONDS, lambda: way.wanted.extend(faults))
        status = await process.wait()
        if not result.exists():
            raise AssertionError("".join(output))
        return status, json.loads(result.read_text()), way.done


class Faults:
    """The faults and what the ledger says of them; a subclass runs the load."""

    def check(self, faults, expected):
        status, found, done = self.run_with(faults)
        self.assertEqual(done, faults)
        breaches = {name: found["ledger"][name] for name in ("lost", "duplicated", "disordered", "history_missing",
                                                             "history_wrong")}
        self.assertEqual(breaches, {name: expected.get(name, 0) for name in breaches}, found["notes"])
        self.assertEqual(status, 1 if expected else 0)
        self.assertGreater(found["totals"]["acknowledged"], 100)

    def test_an_undisturbed_run_is_clean(self):
        self.check([], {})

    def test_a_dropped_delivery_is_lost(self):
        self.check(["drop"], {"lost": 1})

    def test_a_doubled_delivery_is_duplicated(self):
        self.check(["double"], {"duplicated": 1})

    def test_two_swapped_deliveries_are_disordered(self):
        self.check(["swap"], {"disordered": 1})

    def test_all_of_them_are_told_apart(self):
        self.check(["drop", "double", "swap"], {"lost": 1, "duplicated": 1, "disordered": 1})


class LedgerAtTheCluster(Faults, unittest.TestCase):
    def run_with(self, faults):
        return asyncio.run(run_load(os.environ["CHAT_MQTT"].split()[0], is_delivery, [], faults))


class LedgerAtAPlainBroker(Faults, unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.broker = Mosquitto(pathlib.Path(folder.name))
        self.addCleanup(self.broker.stop)

    def run_with(self, faults):
        return asyncio.run(run_load(self.broker.address, is_plain_delivery, ["--plain", "1"], faults))


if __name__ == "__main__":
    sys.exit(unittest.main())
