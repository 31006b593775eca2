"""Which port each listener of each process gets, and whether it is free."""

import errno
import random
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


def hold(host, port):
    """Sockets that keep a port for a process that will listen on it, or None if the port is taken or kept for another.

    The first, without listening, keeps others who ask for this port away; both options are set, so that the process itself
    (it sets one of them, as servers do) can still bind it. But two who set them can hold one port, so the second, an abstract
    name of which there is one, keeps away other calls of this program.
    """
    name = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    held = socket.socket(_family(host), socket.SOCK_STREAM)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        name.bind(f"\0chat-port-{port}")
        if not is_taken(host, port):
            held.bind((host, port))
            return [name, held]
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
    name.close()
    held.close()
    return None


def pickable():
    """The ports that --free-ports picks from, in random order: none of those that the system gives to connections, since a process
    that is started again must not find its port in use as the near end of one."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as text:
        lowest, highest = map(int, text.read().split())
    ports = [port for port in range(20000, 65536) if not lowest <= port <= highest]
    random.shuffle(ports)
    return ports


def _family(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def is_taken(host, port):
    """Whether somebody listens on the port (or holds it for himself)."""
    with socket.socket(_family(host), socket.SOCK_STREAM) as probe:
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
        self._held, self._pickable = [], []

    def complete(self, names, host, free):
        for name in names:
            mine = self.ports.setdefault(name, {})
            for purpose in purposes(name):
                if purpose not in mine:
                    mine[purpose] = self._free(host) if free else self._fixed(name, purpose)

    def _free(self, host):
        self._pickable = self._pickable or pickable()
        while self._pickable:
            port = self._pickable.pop()
            held = hold(host, port)
            if held:
                self._held += held
                return port
        raise UsageError(f"--free-ports: no port of {host} is free")

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
