"""A rolling upgrade by hand: every process of a cluster is replaced, one by one, as the runbook says, while chat-load writes from devices on
both gateways. Its ledger (tests/load) reads nothing lost, nothing doubled, nothing out of order."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from program import BINARIES, KINDS, ROOT

COUNT = {"gateway": 2, "messaging": 2}
RATE = 60  # messages a second


class Rolling(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chat-rolling-"))
        self.folder.chmod(0o711)
        self.state = self.folder / "cluster"
        self.addCleanup(shutil.rmtree, self.folder)
        self.addCleanup(subprocess.run, [ROOT / "deploy/local/down", "--state", self.state, "--wipe"], capture_output=True)
        self.up("--free-ports", "--binaries", BINARIES, "--gateways", "2", "--replicas", "messaging=2")
        said = subprocess.run(["sh", "-c", f". {self.state}/cluster.env && set"], capture_output=True, text=True, check=True).stdout
        self.addresses = {line.partition("=")[0]: line.partition("=")[2].strip("'") for line in said.splitlines()
                          if line.startswith("CHAT_")}

    def up(self, *options):
        ended = subprocess.run([ROOT / "deploy/local/up", "--state", self.state, "--timeout", "120", *options],
                               capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            raise AssertionError(ended.stdout + ended.stderr)

    def replace(self, name):
        """SIGTERM, await its end, start it again."""
        pid = int((self.state / f"pids/{name}.pid").read_text())
        begin = time.monotonic()
        os.kill(pid, signal.SIGTERM)
        while pathlib.Path(f"/proc/{pid}").exists() and "Z" not in self.status(pid):
            self.assertLess(time.monotonic() - begin, 30, f"{name} does not end")
            time.sleep(0.05)
        self.up("--only", name)

    @staticmethod
    def status(pid):
        try:
            return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return "Z"

    def stored(self):
        """How many messages there are."""
        said = subprocess.run(["psql", "-XqAt", self.addresses["CHAT_PG"], "-c", "select count(*) from messaging.message"],
                              capture_output=True, text=True, check=True).stdout
        return int(said)

    def await_messages(self, more, what):
        """Until the load has stored so many more."""
        wanted, deadline = self.stored() + more, time.monotonic() + 60
        while self.stored() < wanted:
            self.assertIsNone(self.load.poll(), f"the load ended {what}: {(self.folder / 'load').read_text()}")
            self.assertLess(time.monotonic(), deadline, f"nothing is stored {what}")
            time.sleep(0.1)

    def test_the_ledger_reads_nothing_lost_or_doubled_while_every_process_is_replaced(self):
        result = self.folder / "result.json"
        with open(self.folder / "load", "w", encoding="utf-8") as output:
            self.load = subprocess.Popen(
                [BINARIES / "chat-load", "--devices", "20", "--rate", str(RATE), "--seconds", "3600", "--json", result],
                env={**os.environ, **self.addresses}, stdout=output, stderr=subprocess.STDOUT)
        self.addCleanup(self.load.kill)
        self.await_messages(RATE, "at first")
        for kind in KINDS:
            for number in range(1, COUNT.get(kind, 1) + 1):
                self.replace(f"{kind}-{number}")
                self.await_messages(RATE, f"after {kind}-{number} was replaced")
        self.load.send_signal(signal.SIGTERM)
        ended = self.load.wait(180)
        said = (self.folder / "load").read_text()
        self.assertEqual(ended, 0, said)
        found = json.loads(result.read_text())
        self.assertEqual((found["ledger"]["lost"], found["ledger"]["duplicated"], found["ledger"]["disordered"]), (0, 0, 0), said)
        self.assertIs(found["kept"], True, said)
        self.assertGreater(found["totals"]["acknowledged"], RATE * (len(KINDS) + 2))


if __name__ == "__main__":
    unittest.main()
