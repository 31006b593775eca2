"""A real Prometheus scrapes a running cluster under load: every page is what deploy/METRICS.md says, every rule evaluates, and every
expression of every panel and alert gives data. Runs on a cluster of tests/e2e, whose addresses are in the environment."""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

import yaml

from program import BINARIES, KINDS, ROOT
from talk import Talk

sys.path.insert(0, str(ROOT / "deploy/grafana"))
import boards  # noqa: E402

RULES = ROOT / "deploy/prometheus/rules"
# A healthy cluster without TLS and S3 does not have these: what fails, is refused or asked of a provider first makes them.
WITHOUT_TROUBLE = {
    "chat_courier_failed_attempts_total", "chat_gateway_connections_refused_total", "chat_gateway_denied_subscriptions_total",
    "chat_gateway_dropped_publishes_total", "chat_gateway_dropped_replies_total", "chat_gateway_gaps_total",
    "chat_gateway_replayed_events_total", "chat_gateway_undelivered_events_total", "chat_gateway_replay_pages_total", "chat_media_provider_seconds", "chat_gateway_slow_readers_total", "chat_gateway_slowed_publishers_total",
    "chat_messaging_typing_dropped_total", "chat_messaging_typing_relayed_total", "chat_pg_errors_total",
    "chat_rpc_tls_not_after_timestamp_seconds", "ALERTS",
}
# Parts of expressions that choose failures or refusals.
CHOOSES_TROUBLE = ('code!="OK"', 'code=~"[a-z_]+"', 'code="RESOURCE_EXHAUSTED"', 'result=~"unavailable|too_many"')


def processes():
    """name -> host:port of /metrics."""
    return dict(entry.split("=") for entry in os.environ["CHAT_METRICS"].split())


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def documented():
    """metric -> (type, labels) of the table."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \|", (ROOT / "deploy/METRICS.md").read_text(), re.MULTILINE)
    return {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


class Prometheus:
    def __init__(self, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        shutil.copytree(RULES, folder / "rules")
        jobs = [{"targets": [address], "labels": {"service": name.rpartition("-")[0], "instance": name}}
                for name, address in processes().items()]
        (folder / "prometheus.yml").write_text(yaml.safe_dump({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": ["rules/*.yaml"],
            "scrape_configs": [{"job_name": "chat", "static_configs": jobs}]}))
        self.log = open(folder / "log", "w", encoding="utf-8")
        self.process = subprocess.Popen(["prometheus", f"--config.file={folder}/prometheus.yml", "--log.level=warn",
                                         f"--storage.tsdb.path={folder}/data", f"--web.listen-address={self.address}"],
                                        stdout=self.log, stderr=self.log)

    def ask(self, path, **parameters):
        answer = json.loads(get(f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"))
        if answer["status"] != "success":
            raise AssertionError(f"{parameters}: {answer}")
        return answer["data"]

    def query(self, expression):
        return self.ask("query", query=expression)["result"]

    def await_data(self, expression, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if self.query(expression):
                    return
            except OSError:  # it is starting
                pass
            time.sleep(0.25)
        raise AssertionError(f"no data for {expression} after {seconds} s")

    def end(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


def alert_parts():
    """(alert, expression) of what alerts measure: each side of `and`, without its threshold."""
    for group in yaml.safe_load((RULES / "alerts.yaml").read_text())["groups"]:
        for rule in group["rules"]:
            for part in re.split(r" and (?:ignoring\(\w+\) )?", rule["expr"]):
                measured, count = re.subn(r" [<>] [0-9.]+$", "", part)
                if count != 1:
                    raise AssertionError(f"{rule['alert']}: {part} does not end with a threshold")
                yield rule["alert"], measured


def may_be_empty(expression):
    return any(chosen in expression for chosen in CHOOSES_TROUBLE) or any(
        re.search(rf"\b{name}(_bucket|_count|_sum)?\b", expression) for name in WITHOUT_TROUBLE)


class Monitoring(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="chat-monitoring-"))
        cls.prometheus = Prometheus(cls.folder)
        cls.talk = Talk(cls.folder, os.environ)
        cls.talk.start()
        # Everything that traffic makes has been scraped twice, and rules have seen it.
        cls.prometheus.await_data('rate(chat_rpc_server_seconds_count{method="HistoryService/Get"}[1m]) > 0', 90)
        cls.prometheus.await_data('rate(chat_rpc_server_seconds_count{service="gateway"}[1m]) > 0', 30)
        cls.prometheus.await_data("cluster:chat_messaging_batch_size:avg5m > 0", 30)
        cls.prometheus.await_data('sum(rate(chat_gateway_requests_total{rpc="Message/client"}[1m])) > 0', 30)
        time.sleep(2)  # two more scrapes

    @classmethod
    def tearDownClass(cls):
        cls.talk.stop.set()
        cls.talk.join(60)
        cls.prometheus.end()
        shutil.rmtree(cls.folder)

    def setUp(self):
        if self.talk.failure:
            self.fail(f"the load ended: {self.talk.failure}")

    def test_every_page_is_what_the_table_says(self):
        table = documented()
        for name, address in processes().items():
            page = get(f"http://{address}/metrics")
            types = dict(re.findall(r"^# TYPE (\w+) (\w+)$", page, re.MULTILINE))
            types = {metric: kind for metric, kind in types.items() if not metric.startswith("exposer_")}
            for metric, kind in types.items():
                with self.subTest(f"{name} {metric}"):
                    self.assertEqual(kind, table.get(metric, ("not in deploy/METRICS.md",))[0])
                    labels = set()
                    for shown in re.findall(rf"^{metric}(?:_bucket|_sum|_count)?\{{(.*)\}} ", page, re.MULTILINE):
                        labels |= set(re.findall(r'(\w+)="', shown))
                    self.assertLessEqual(labels - {"le"}, table[metric][1])
            always = {"chat_build_info"} | {metric for metric in table if metric.startswith("process_")}
            self.assertLessEqual(always, set(types), name)

    def test_promtool_would_take_every_page(self):
        for name, address in processes().items():
            page = "\n".join(line for line in get(f"http://{address}/metrics").splitlines() if "exposer_" not in line) + "\n"
            ended = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True, check=False)
            self.assertEqual((ended.returncode, ended.stderr), (0, ""), name)

    def test_every_process_is_scraped(self):
        up = {result["metric"]["instance"]: result["value"][1] for result in self.prometheus.query("up")}
        self.assertEqual(up, {name: "1" for name in processes()})
        self.assertEqual({name.rpartition("-")[0] for name in up}, set(KINDS))

    def test_chat_top_shows_every_process_and_the_traffic(self):
        ended = subprocess.run([BINARIES / "chat", "top", "--count", "1", "--json"], capture_output=True, text=True, check=False)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        seen = json.loads(ended.stdout)
        self.assertEqual({row["process"]: row["up"] for row in seen["processes"]}, {name: True for name in processes()})
        self.assertGreater(seen["requests_per_s"], 0)
        self.assertGreater(sum(row["calls_per_s"] for row in seen["processes"]), 0)
        gone = "gone-1=127.0.0.1:1 " + os.environ["CHAT_METRICS"]
        ended = subprocess.run([BINARIES / "chat", "top", "--count", "1", "--metrics", gone], capture_output=True, text=True, check=False)
        self.assertRegex(ended.stdout, r"gone-1 +DOWN")
        self.assertRegex(ended.stdout, r"messaging-1 .* waiting")

    def test_every_rule_evaluates(self):
        rules = [rule for group in self.prometheus.ask("rules")["groups"] for rule in group["rules"]]
        self.assertGreater(len(rules), 20)
        for rule in rules:
            self.assertEqual((rule["name"], rule["health"], rule.get("lastError", "")), (rule["name"], "ok", ""))
            if rule["type"] == "recording":
                self.assertTrue(self.prometheus.query(rule["name"]), rule["name"])

    def test_nothing_fires_while_all_is_well(self):
        firing = {alert["labels"]["alertname"] for alert in self.prometheus.ask("alerts")["alerts"] if alert["state"] == "firing"}
        self.assertEqual(firing, set())

    def test_every_panel_and_every_alert_gets_data(self):
        asked = 0
        for where, what, expression in [*boards.expressions(), *(("alert", *part) for part in alert_parts())]:
            asked += 1
            with self.subTest(f"{where}: {what}"):
                result = self.prometheus.query(expression)
                services = re.search(r'service="(\w+)"', expression)
                if not result and services and where.startswith("service "):
                    self.assertFalse(self.has_series(expression), expression)  # this service has no such metric
                elif not may_be_empty(expression):
                    self.assertTrue(result, expression)
        self.assertGreater(asked, 100)

    def has_series(self, expression):
        """Whether the metric of a panel of the board for any service exists for the service at hand."""
        selector = re.search(r"chat_\w+\{[^}]*\}", expression)
        return bool(selector and self.prometheus.query(f"count({selector.group(0)})"))

    def test_what_may_be_empty_is_a_metric_that_exists(self):
        self.assertLessEqual(WITHOUT_TROUBLE - {"ALERTS"}, set(documented()))


if __name__ == "__main__":
    unittest.main()
