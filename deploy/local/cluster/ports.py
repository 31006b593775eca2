"""Which port each listener of each process gets, and whether it is free."""

import errno
import socket

from .layout import KINDS, UsageError, kind_of, number_of, purposes

POSTGRES_PORT = 15432
REDIS_PORT = 16379
# Ports that clients know: those of process 1; process N has 10000 * (N - 1) more.
PUBLIC = {"mqtt": 1883, "mqtts": 8883, "ws": 8083, "wss": 8084, "n2o": 8000, "http": 8080}
# Ports between processes: base + 100 * place of the kind + number of the process.
INTERNAL = {"grpc": 17000, "metrics": 19000}
MOST_OF_A_KIND = 99


def fixed(name, purpose):
    if purpose == "postgres":
        return POSTGRES_PORT
    if purpose == "redis":
        return REDIS_PORT
    number = number_of(name)
    if purpose in INTERNAL:
        return INTERNAL[purpose] + 100 * KINDS.index(kind_of(name)) + number
    return PUBLIC[purpose] + 10000 * (number - 1)


def bind(host, port):
    """A socket that holds a port without listening.

    Both options are set, so the process for which the port is held (it sets one of them, as servers do) can still bind
    it, while the system gives it to nobody who asks for any free port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    held = socket.socket(family, socket.SOCK_STREAM)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        held.bind((host, port))
    except OSError:
        held.close()
        raise
    return held


def is_taken(host, port):
    """Whether somebody listens on the port (or holds it for himself)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return True
            raise UsageError(f"cannot listen on {host} port {port}: {error.strerror}") from error
    return False


class Plan:
    """The ports of a cluster: process -> purpose -> port. Ports once given stay; holds fresh ones until released."""

    def __init__(self, ports):
        self.ports = ports
        self._held = []

    def complete(self, names, host, free):
        for name in names:
            mine = self.ports.setdefault(name, {})
            for purpose in purposes(name):
                if purpose not in mine:
                    mine[purpose] = self._free(host) if free else self._fixed(name, purpose)

    def _free(self, host):
        try:
            held = bind(host, 0)
        except OSError as error:
            raise UsageError(f"--bind {host}: {error.strerror}") from error
        self._held.append(held)
        return held.getsockname()[1]

    @staticmethod
    def _fixed(name, purpose):
        port = fixed(name, purpose)
        if number_of(name) > MOST_OF_A_KIND or port > 65535:
            raise UsageError(f"{name} has no fixed port for {purpose}; so many processes need --free-ports")
        return port

    def release(self):
        for held in self._held:
            held.close()
        self._held = []
