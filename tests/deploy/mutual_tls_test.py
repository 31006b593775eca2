"""Mutual TLS between the processes of a local cluster: it works whole, strangers get nothing, certificates are renewed while it runs."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

from program import BINARIES, KINDS, ROOT
from talk import Talk

UNHEALTHY = 5


def openssl(*arguments, **options):
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True, **options).stdout


class Authority:
    """A folder with an authority and what it issues."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                f"/CN={folder.name}", "-keyout", folder / "ca.key", "-out", folder / "ca.crt")

    def issue(self, name, dns):
        """NAME.crt and NAME.key; a second time over the first, each file whole at every moment."""
        made = self.folder / "new"
        made.mkdir()
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", made / f"{name}.key", "-out", made / "csr")
        (made / "names").write_text(f"subjectAltName=DNS:{dns}\n")
        openssl("x509", "-req", "-in", made / "csr", "-CA", self.folder / "ca.crt", "-CAkey", self.folder / "ca.key",
                "-CAcreateserial", "-days", "1", "-extfile", made / "names", "-out", made / f"{name}.crt")
        for file in (f"{name}.key", f"{name}.crt"):
            os.replace(made / file, self.folder / file)
        shutil.rmtree(made)

    def keys(self, name):
        return {"rpc_tls_cert": self.folder / f"{name}.crt", "rpc_tls_key": self.folder / f"{name}.key",
                "rpc_tls_ca": self.folder / "ca.crt", "rpc_tls_name": "cluster-of-the-test", "rpc_tls_reload_s": "1"}

    def serial(self, name):
        return openssl("x509", "-in", self.folder / f"{name}.crt", "-noout", "-serial").strip()


class MutualTls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="chat-tls-"))
        cls.folder.chmod(0o711)
        cls.ours = Authority(cls.folder / "ours")
        cls.ours.issue("member", "cluster-of-the-test")
        cls.state = cls.folder / "cluster"
        sets = [f"--set={kind}.{key}={value}" for kind in KINDS for key, value in cls.ours.keys("member").items()]
        up = subprocess.run([ROOT / "deploy/local/up", "--state", cls.state, "--free-ports", "--binaries", BINARIES, "--timeout",
                             "120", "--gateways", "2", *sets], capture_output=True, text=True, check=False)
        if up.returncode != 0:
            cls.tearDownClass()
            raise RuntimeError(up.stdout + up.stderr)
        lines = subprocess.run(["sh", "-c", f". {cls.state}/cluster.env && set"], capture_output=True, text=True, check=True).stdout
        cls.addresses = {line.partition("=")[0]: line.partition("=")[2].strip("'") for line in lines.splitlines()
                         if line.startswith("CHAT_")}
        cls.grpc = dict(entry.split("=") for entry in cls.addresses["CHAT_GRPC"].split())

    @classmethod
    def tearDownClass(cls):
        subprocess.run([ROOT / "deploy/local/down", "--state", cls.state, "--wipe"], capture_output=True, check=False)
        shutil.rmtree(cls.folder)

    def ask(self, process, keys):
        """The status with which a caller that has these keys asks a process for its health."""
        kind = process.rpartition("-")[0]
        flags = [f"--{key}={value}" for key, value in keys.items()]
        # gRPC may leave the certificates of a handshake that the peer broke off to the end of the process.
        leaks = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "detect_leaks=0")))
        ended = subprocess.run([BINARIES / f"chat-{kind}", "--check-health", f"--grpc_listen={self.grpc[process]}", *flags],
                               env={**os.environ, "ASAN_OPTIONS": leaks}, capture_output=True, text=True, check=False)
        self.assertIn(ended.returncode, (0, UNHEALTHY), ended.stderr)
        return ended.returncode

    def test_the_whole_path_works(self):
        talk = Talk(self.folder, self.addresses)
        talk.meet()
        talk.chat(0, "send", talk.phones[1], "over TLS")
        talk.chat(1, "history", talk.phones[0])
        talk.move()

    def test_a_caller_without_the_right_certificate_gets_nothing(self):
        others = Authority(self.folder / "others")
        others.issue("stranger", "cluster-of-the-test")
        self.ours.issue("neighbour", "another-cluster")
        impostor = {**others.keys("stranger"), "rpc_tls_ca": self.ours.folder / "ca.crt"}
        neighbour = {**self.ours.keys("neighbour"), "rpc_tls_name": "another-cluster"}
        for process in self.grpc:
            with self.subTest(process):
                self.assertEqual(self.ask(process, self.ours.keys("member")), 0)
                self.assertEqual(self.ask(process, {}), UNHEALTHY, "plaintext")
                self.assertEqual(self.ask(process, impostor), UNHEALTHY, "of another authority")
                self.assertEqual(self.ask(process, neighbour), UNHEALTHY, "of another cluster")

    def test_chat_trace_shows_a_certificate_of_the_cluster(self):
        folder = self.folder / "traced"
        folder.mkdir()
        talk = Talk(folder, self.addresses)
        talk.meet()
        sent = subprocess.run(talk.command(0, "send", talk.phones[1], "traced"), capture_output=True, text=True, check=True).stdout

        def trace(environment):
            return subprocess.run([BINARIES / "chat", "trace", sent.strip(), "--json"], env=environment, capture_output=True, text=True,
                                  check=False)
        known = trace(self.addresses)
        self.assertEqual(known.returncode, 0, known.stderr)
        self.assertIn("received", {step["step"] for step in json.loads(known.stdout)["steps"]})
        stranger = {name: value for name, value in self.addresses.items() if not name.startswith("CHAT_RPC_TLS_")}
        self.assertEqual(trace(stranger).returncode, 3)

    def eventually(self, what, look):
        deadline = time.monotonic() + 30
        while not look():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.2)

    def test_a_new_authority_takes_over_without_a_restart(self):
        """As the runbook says: believe both, show certificates of the new one, believe the new one alone."""
        ours, believed = self.ours.folder, self.ours.folder / "ca.crt"
        retired = Authority(self.folder / "retired")
        for file in ("member.crt", "member.key"):
            shutil.copy(ours / file, retired.folder)
        new = Authority(self.folder / "new")
        new.issue("member", "cluster-of-the-test")

        def believe(text):
            (ours / "ca.new").write_text(text)
            os.replace(ours / "ca.new", believed)

        believe(believed.read_text() + (new.folder / "ca.crt").read_text())
        newcomer = {**new.keys("member"), "rpc_tls_ca": believed}
        for process in self.grpc:
            self.eventually(f"{process} believes both", lambda one=process: self.ask(one, newcomer) == 0)
        for file in ("member.key", "member.crt"):
            shutil.copy(new.folder / file, ours / "next")
            os.replace(ours / "next", ours / file)
        for process in self.grpc:
            self.eventually(f"{process} shows the new one", lambda one=process: self.shown(one) == new.serial("member"))
        believe((new.folder / "ca.crt").read_text())
        shutil.copy(new.folder / "ca.key", ours)
        old = {**retired.keys("member"), "rpc_tls_ca": believed}
        for process in self.grpc:
            self.eventually(f"{process} no longer believes the old one", lambda one=process: self.ask(one, old) == UNHEALTHY)
            self.assertEqual(self.ask(process, self.ours.keys("member")), 0)
        folder = self.folder / "rotated"
        folder.mkdir()
        Talk(folder, self.addresses).meet()

    def shown(self, process):
        """The serial of the certificate that a process shows."""
        keys = self.ours.keys("member")
        said = subprocess.run(["openssl", "s_client", "-connect", self.grpc[process], "-alpn", "h2", "-cert", keys["rpc_tls_cert"],
                               "-key", keys["rpc_tls_key"]], input="", capture_output=True, text=True,
                              errors="replace", check=False).stdout
        return openssl("x509", "-noout", "-serial", input=said).strip()

    def test_renewed_certificates_are_shown_without_a_restart(self):
        pids = {file.name: file.read_text() for file in (self.state / "pids").iterdir()}
        before = self.ours.serial("member")
        self.ours.issue("member", "cluster-of-the-test")
        after = self.ours.serial("member")
        self.assertNotEqual(before, after)
        for process in self.grpc:
            deadline = time.monotonic() + 30
            while self.shown(process) != after and time.monotonic() < deadline:
                time.sleep(0.2)
            self.assertEqual(self.shown(process), after, process)
            self.assertEqual(self.ask(process, self.ours.keys("member")), 0)
        self.assertEqual({file.name: file.read_text() for file in (self.state / "pids").iterdir()}, pids)


if __name__ == "__main__":
    unittest.main()
