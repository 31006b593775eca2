"""The figures of a comparison: same packet sizes, medians, ratios by round, tables that can be pasted."""

import unittest

import comparison


def measurement(acknowledged, processes=None, written=300, delivered=360, p50=1000):
    latency = {"p50": p50, "p99": 4 * p50}
    return {"acknowledged_per_second": acknowledged, "deliveries_per_second": 2 * acknowledged,
            "delivery_latency_us": latency, "acknowledgement_latency_us": latency,
            "processes": {name: {"cpu_us_per_message": cpu} for name, cpu in (processes or {}).items()},
            "own_cpu_us_per_message": 10, "publish_bytes": {"written": written, "delivered": delivered}}


def one_round(chat, mosquitto, limit=1000):
    processes = {"gateway-1": 20, "messaging-1": 30, "postgres-1": 40, "redis-1": 5}
    return {"chat": {"fastest": measurement(chat, processes), "paced": measurement(chat / 2, processes)},
            "mosquitto": {"fastest": measurement(mosquitto, {"mosquitto": 25}), "paced": measurement(chat / 2, {"mosquitto": 30})},
            "limits": {key: limit for key, _ in comparison.LIMITS}}


def result(rounds, idle=None):
    return {"date": "2026-12-01", "machine": {"cores": 2, "cpu": "A CPU", "memory_gib": 7.6, "load": 0.1},
            "how": {"pairs": 200, "window": 1, "text_bytes": 256, "gateways": 2, "rounds": len(rounds), "seconds": 20},
            "software": {"mosquitto": "mosquitto 2.0.11", "postgres": "15.1", "fsync": "on", "synchronous_commit": "on"},
            "summary": comparison.summary(rounds, idle)}


class ComparisonTest(unittest.TestCase):
    def test_a_plain_packet_is_as_large_as_the_cluster_s_are_on_the_average(self):
        text = comparison.plain_text_bytes(measurement(1, written=300, delivered=360))
        self.assertEqual(text + comparison.PLAIN_HEAD_BYTES, 340)
        self.assertEqual(comparison.mean_publish_bytes(measurement(1, written=340, delivered=340)), 340)

    def test_figures_are_medians_and_a_ratio_is_that_of_the_rounds(self):
        found = comparison.summary([one_round(100, 1000), one_round(300, 1000), one_round(400, 800)], None)
        self.assertEqual(found["acknowledged_per_second"], {"chat": 300, "mosquitto": 1000, "ratio": 0.3})

    def test_postgres_and_redis_are_servers_but_not_ours(self):
        found = comparison.summary([one_round(100, 1000)], None)
        self.assertEqual(found["fastest_server_cpu_us"]["chat"], 95)
        self.assertEqual(found["fastest_own_cpu_us"]["chat"], 50)
        self.assertEqual(found["fastest_own_cpu_us"]["mosquitto"], 25)

    def test_nothing_measured_at_a_broker_has_no_ratio(self):
        found = comparison.summary([one_round(100, 0)], None)
        self.assertIsNone(found["acknowledged_per_second"]["ratio"])
        self.assertIn("| acknowledged QoS 1 messages/s | 100 | 0 |  |", comparison.markdown(result([one_round(100, 0)])))

    def test_the_tables_have_a_row_for_every_figure_and_limit(self):
        idle = {kind: {"chat": 1300.4, "mosquitto": 650.2} for kind, _ in comparison.IDLE}
        text = comparison.markdown(result([one_round(1234, 2468)], idle))
        self.assertIn("2026-12-01, 2 cores (A CPU)", text)
        self.assertIn("| acknowledged QoS 1 messages/s | 1,234 | 2,468 | 0.50 |", text)
        self.assertIn("| 1,300 | 650 | 2.00 |", text)
        rows = [line for line in text.splitlines() if line.startswith("|")]
        self.assertEqual(len(rows), 4 + len(comparison.FIGURES) + len(comparison.IDLE) + len(comparison.LIMITS))
        for row in rows[:-len(comparison.LIMITS) - 2]:
            self.assertEqual(row.count("|"), 5, row)

    def test_without_idle_connections_there_is_no_row_of_them(self):
        self.assertNotIn("idle", comparison.markdown(result([one_round(1, 2)])))


if __name__ == "__main__":
    unittest.main()
