"""What pgbench and redis-benchmark say is read right, and a subscriber counts what Redis sends."""

import socket
import threading
import unittest

import limits

PGBENCH = """\
pgbench (15.10 (Debian 15.10-0+deb12u1))
transaction type: pgbench.sql
number of failed transactions: 0 (0.000%)
latency average = 0.070 ms
initial connection time = 1.9 ms
tps = 14203.815610 (without initial connection time)
"""
REDIS_BENCHMARK = """\
"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"
"publish compare xx","392156.88","0.241","0.096","0.231","0.311","0.431","0.967"
"""
CONFIRMATION = b"*3\r\n$9\r\nsubscribe\r\n$7\r\ncompare\r\n:1\r\n"
MESSAGE = b"*3\r\n$7\r\nmessage\r\n$7\r\ncompare\r\n$2\r\nxx\r\n"


class LimitsTest(unittest.TestCase):
    def test_pgbench_names_its_transactions_a_second(self):
        self.assertAlmostEqual(limits.read_tps(PGBENCH), 14203.81561)
        with self.assertRaises(RuntimeError):
            limits.read_tps("nothing")

    def test_redis_benchmark_names_its_requests_a_second(self):
        self.assertAlmostEqual(limits.read_rate(REDIS_BENCHMARK), 392156.88)

    def subscriber(self, confirmation, messages=b""):
        """To a server that sends the messages when the subscriber stands, and closes."""
        stands = threading.Event()
        self.addCleanup(stands.set)
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def serve():
            connection, _ = listener.accept()
            with connection:
                connection.recv(100)
                connection.sendall(confirmation)
                stands.wait()
                connection.sendall(messages)

        threading.Thread(target=serve, daemon=True).start()
        subscriber = limits.Subscriber(*listener.getsockname())
        self.addCleanup(subscriber.close)
        stands.set()
        return subscriber

    def test_a_subscriber_takes_exactly_what_was_published(self):
        self.assertEqual(limits.message_bytes("xx"), len(MESSAGE))
        self.subscriber(CONFIRMATION, 3 * MESSAGE).take(3 * len(MESSAGE))
        with self.assertRaisesRegex(RuntimeError, "closed"):
            self.subscriber(CONFIRMATION, 2 * MESSAGE).take(3 * len(MESSAGE))
        with self.assertRaisesRegex(RuntimeError, "more than"):
            self.subscriber(CONFIRMATION, 3 * MESSAGE).take(len(MESSAGE))

    def test_what_is_no_confirmation_is_an_error(self):
        with self.assertRaisesRegex(RuntimeError, "SUBSCRIBE"):
            self.subscriber(b"-NOAUTH Authentication required: say who you are first.\r\n")


if __name__ == "__main__":
    unittest.main()
