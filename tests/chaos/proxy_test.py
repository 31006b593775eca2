"""The ways between processes: what passes, what is held up, what is cut."""

import socket
import sys
import threading
import time
import unittest

from proxy import Ways


def echo_server():
    """The address of a server that sends back what it gets."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve(connection):
        try:
            while data := connection.recv(65536):
                connection.sendall(data)
        except OSError:
            pass
        connection.close()

    def accept():
        while True:
            connection, _ = server.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return f"127.0.0.1:{server.getsockname()[1]}"


class WaysTest(unittest.TestCase):
    def setUp(self):
        self.ways = Ways()
        self.addCleanup(self.ways.close)
        self.way = self.ways.add("there", echo_server())

    def connect(self):
        host, port = self.way.address.split(":")
        connection = socket.create_connection((host, int(port)), timeout=5)
        self.addCleanup(connection.close)
        return connection

    def echoes(self, connection, text=b"hello"):
        connection.sendall(text)
        got = b""
        while len(got) < len(text):
            got += connection.recv(len(text) - len(got))
        return got == text

    def test_bytes_pass_whole(self):
        self.assertTrue(self.echoes(self.connect(), bytes(range(256)) * 4000))

    def test_a_cut_way_resets_and_refuses_until_it_is_healed(self):
        connection = self.connect()
        self.assertTrue(self.echoes(connection))
        self.way.cut()
        with self.assertRaises(ConnectionResetError):
            connection.recv(1)
        with self.assertRaises((ConnectionResetError, BrokenPipeError)):
            other = self.connect()
            other.recv(1)
            other.recv(1)
        self.way.heal()
        self.assertTrue(self.echoes(self.connect()))

    def test_a_stalled_way_holds_everything_and_loses_nothing(self):
        connection = self.connect()
        self.assertTrue(self.echoes(connection))
        self.way.stall()
        connection.sendall(b"held")
        connection.settimeout(0.3)
        with self.assertRaises(TimeoutError):
            connection.recv(4)
        self.way.heal()
        connection.settimeout(5)
        self.assertEqual(connection.recv(4), b"held")

    def test_a_slow_way_takes_its_time(self):
        connection = self.connect()
        self.assertTrue(self.echoes(connection))
        self.way.slow(0.2)
        before = time.monotonic()
        self.assertTrue(self.echoes(connection))
        self.assertGreater(time.monotonic() - before, 0.35)

    def test_a_connection_ends_when_either_side_ends_it(self):
        connection = self.connect()
        connection.shutdown(socket.SHUT_WR)
        self.assertEqual(connection.recv(1), b"")


if __name__ == "__main__":
    sys.exit(unittest.main())
