"""Traffic for a cluster by its own command line client."""

import json
import pathlib
import socket
import subprocess
import threading
import time

from program import BINARIES


class Talk(threading.Thread):
    """Two devices that register and write to each other until told to stop: every path that dashboards show gets traffic."""

    def __init__(self, folder, addresses):
        """addresses: the variables of cluster.env."""
        super().__init__(daemon=True)
        self.gateways, self.outbox = addresses["CHAT_MQTT"].split(), pathlib.Path(addresses["CHAT_OUTBOX"])
        self.folder, self.stop, self.failure, self.sent = folder, threading.Event(), None, 0
        stamp = f"{time.time_ns() % 10**8:08d}"
        self.phones = [f"3801{stamp}", f"3802{stamp}"]

    def command(self, device, *words, gateway=None):
        where = self.gateways[(device if gateway is None else gateway) % len(self.gateways)]
        return [BINARIES / "chat", *words, "--home", self.folder / str(device), "--gateway", where, "--timeout", "30"]

    def chat(self, device, *words, gateway=None, expect=(0,)):
        ended = subprocess.run(self.command(device, *words, gateway=gateway), capture_output=True, text=True, check=False)
        if ended.returncode not in expect:
            raise AssertionError(f"chat {words}: {ended.returncode} {ended.stdout} {ended.stderr}")

    def move(self):
        """Device 1 listens at one gateway and connects to the other, which takes its session over."""
        with subprocess.Popen(self.command(1, "listen", "--seconds", "3"), stdout=subprocess.DEVNULL) as listening:
            self.chat(0, "send", self.phones[1], "listen")
            self.chat(1, "login", gateway=2)
            listening.wait(60)

    def stranger(self):
        """A CONNECT with a token that nobody has."""
        def text(value):
            return len(value).to_bytes(2, "big") + value
        rest = text(b"MQTT") + bytes([4, 0xC2, 0, 60]) + text(b"nobody") + text(b"nobody") + text(b"wrong")
        host, _, port = self.gateways[0].rpartition(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(bytes([0x10, len(rest)]) + rest)
            answer = connection.recv(4)
        if answer[:1] != b"\x20" or answer[3] == 0:
            raise AssertionError(f"a stranger was answered {answer}")

    def code(self, phone):
        lines = (self.outbox / "sms.jsonl").read_text().splitlines()
        return [json.loads(line)["code"] for line in lines if json.loads(line)["to"] == phone][-1]

    def meet(self):
        """They register and become friends."""
        for device, phone in enumerate(self.phones):
            self.chat(device, "register", phone)
            self.chat(device, "verify", phone, self.code(phone))
        self.chat(0, "friend", "add", self.phones[1])
        self.chat(1, "friend", "confirm", self.phones[0])

    def run(self):
        try:
            self.meet()
            while not self.stop.is_set():
                for device in (0, 1):
                    self.chat(device, "send", self.phones[1 - device], f"load {self.sent}")
                    self.sent += 1
                self.chat(0, "history", self.phones[1])
                self.stranger()
                self.move()
                self.chat(0, "send", "380999999999", "to nobody", expect=(1, 2))
        except Exception as failure:  # pylint: disable=broad-except
            self.failure = failure
