"""A rolling upgrade by hand: every process of a cluster is replaced, one by one, while two people write to each other. Every send that
was answered is in the history once and in its order, and was heard in that order."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

from program import BINARIES, KINDS, ROOT
from talk import Talk

COUNT = {"gateway": 2, "messaging": 2}


class Writer(threading.Thread):
    """Sends one numbered text after another. A send that was not answered may be there or not, and is not sent again."""

    def __init__(self, talk):
        super().__init__(daemon=True)
        self.talk, self.stop, self.answered, self.refused = talk, threading.Event(), [], 0

    def run(self):
        number = 0
        while not self.stop.is_set():
            number += 1
            ended = subprocess.run(self.talk.command(0, "send", self.talk.phones[1], f"text {number}", gateway=number),
                                   capture_output=True, text=True, check=False)
            if ended.returncode == 0:
                self.answered.append(number)
            else:
                self.refused += 1
                time.sleep(0.2)


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
        """As the runbook says: SIGTERM, await its end, start it again. Returns how long it took to end."""
        pid = int((self.state / f"pids/{name}.pid").read_text())
        begin = time.monotonic()
        os.kill(pid, 15)
        while pathlib.Path(f"/proc/{pid}").exists() and "Z" not in self.status(pid):
            self.assertLess(time.monotonic() - begin, 30, f"{name} does not end")
            time.sleep(0.05)
        took = time.monotonic() - begin
        self.up("--only", name)
        return took

    @staticmethod
    def status(pid):
        try:
            return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return "Z"

    def texts(self, *command):
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return [int(number) for number in re.findall(r": text (\d+)$", said, re.MULTILINE)]

    def test_nothing_is_lost_or_doubled_while_every_process_is_replaced(self):
        talk = Talk(self.folder, self.addresses)
        talk.meet()
        heard = self.folder / "heard"
        with open(heard, "w", encoding="utf-8") as output:
            listening = subprocess.Popen(talk.command(1, "listen"), stdout=output, stderr=subprocess.DEVNULL)
            self.addCleanup(listening.kill)
            writer = Writer(talk)
            writer.start()
            for kind in KINDS:
                for number in range(1, COUNT.get(kind, 1) + 1):
                    before = len(writer.answered)
                    self.replace(f"{kind}-{number}")
                    deadline = time.monotonic() + 60
                    while len(writer.answered) < before + 3:
                        self.assertLess(time.monotonic(), deadline, f"no send is answered after {kind}-{number} was replaced")
                        time.sleep(0.05)
                    if listening.poll() is not None:  # it tries for 5 s, then its user starts it again
                        listening = subprocess.Popen(talk.command(1, "listen"), stdout=output, stderr=subprocess.DEVNULL)
                        self.addCleanup(listening.kill)
            writer.stop.set()
            writer.join(60)
            last = writer.answered[-1]
            deadline = time.monotonic() + 30
            while f": text {last}\n" not in heard.read_text() and time.monotonic() < deadline:
                time.sleep(0.1)
            listening.terminate()
            listening.wait(30)
        history = self.texts(*talk.command(1, "history", talk.phones[0], "--count", "-100000"))
        got = [int(number) for number in re.findall(r": text (\d+)$", heard.read_text(), re.MULTILINE)]
        self.assertGreater(len(writer.answered), 3 * len(KINDS))
        self.assertEqual(set(writer.answered) - set(history), set(), "lost: answered and not in the history")
        self.assertEqual(len(history), len(set(history)), "doubled in the history")
        self.assertEqual(history, sorted(history), "out of order in the history")
        self.assertEqual(set(writer.answered) - set(got), set(), "lost: answered and not heard")
        firsts = list(dict.fromkeys(got))
        self.assertEqual(firsts, sorted(firsts), "heard out of order")


if __name__ == "__main__":
    unittest.main()
