"""A mosquitto of the comparison's own: everybody may in, nothing is stored on disk, no bound is in the way."""

import resource
import socket
import subprocess
import time

HOST = "127.0.0.1"
START_SECONDS = 30
BINARY = "/usr/sbin/mosquitto"

CONFIGURATION = """\
user root
listener {port} {host}
allow_anonymous true
persistence false
max_connections -1
max_inflight_messages 0
max_queued_messages 0
set_tcp_nodelay true
log_dest none
"""


def version():
    """Such as "mosquitto version 2.0.11"."""
    said = subprocess.run([BINARY, "-h"], check=False, capture_output=True, text=True)
    return said.stdout.partition("\n")[0].replace(" version", "")


def free_port():
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return listener.getsockname()[1]


class Mosquitto:
    def __init__(self, folder):
        port = free_port()
        self.address = f"{HOST}:{port}"
        configuration = folder / "mosquitto.conf"
        configuration.write_text(CONFIGURATION.format(port=port, host=HOST), encoding="ascii")
        # A descriptor for each device.
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self._process = subprocess.Popen([BINARY, "-c", configuration], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL)
        self.pid = self._process.pid
        self._await_listening(port)

    def _await_listening(self, port):
        deadline = time.monotonic() + START_SECONDS
        while True:
            if self._process.poll() is not None:
                raise RuntimeError(f"mosquitto ended with status {self._process.returncode}")
            try:
                return socket.create_connection((HOST, port), timeout=1).close()
            except OSError:
                if time.monotonic() > deadline:
                    self.stop()
                    raise
                time.sleep(0.05)

    def stop(self):
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
