"""The private Redis of a state folder: it keeps nothing, as everything in it may be lost."""

import socket

NAME = "redis-1"


class Redis:
    def __init__(self, state, bind, host, port):
        self._state, self._bind, self._host, self._port = state, bind, host, port

    def command(self):
        # Protected mode would refuse the cluster's own processes when they come from the address of --bind.
        return ["/usr/bin/redis-server", "--port", str(self._port), "--bind", self._bind, "--save", "", "--appendonly",
                "no", "--daemonize", "no", "--protected-mode", "no", "--dir", self._state.path("redis")]

    def is_ready(self):
        try:
            with socket.create_connection((self._host, self._port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
