"""docker-compose.yml with the defaults of .env: what its tool makes of it, held against the binaries' own words."""

import json
import re
import unittest

import yaml

from program import KINDS, ROOT, dependencies, faults_of_environment, keys, listeners, run


def composed(**variables):
    ended = run(["docker-compose", "-f", "docker-compose.yml", "config"], cwd=ROOT,
                env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **variables})
    if ended.returncode != 0:
        raise ValueError(ended.stderr)
    return yaml.safe_load(ended.stdout)


def kind_of(service):
    return service["image"].split("/")[-1].split(":")[0]


class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.whole = composed()
        cls.services = cls.whole["services"]
        cls.processes = {name: one for name, one in cls.services.items()
                         if kind_of(one) in KINDS and one.get("command") != ["--migrate"]}
        cls.migrations = {name: one for name, one in cls.services.items() if one.get("command") == ["--migrate"]}

    def test_every_service_and_two_gateways_run(self):
        kinds = sorted(kind_of(one) for one in self.processes.values())
        self.assertEqual(kinds, sorted(KINDS + ("gateway",)))
        self.assertLessEqual({"postgres", "redis", "prometheus", "grafana"}, set(self.services))

    def test_every_process_understands_its_environment_and_is_told_what_it_needs(self):
        for name, one in self.processes.items():
            with self.subTest(name):
                self.assertEqual(faults_of_environment(kind_of(one), one["environment"]), [])

    def test_what_a_process_is_told_to_ask_is_there_and_listens(self):
        for name, one in self.processes.items():
            for key in dependencies(kind_of(one)) - {"pg_url"}:
                address = one["environment"][keys(kind_of(one))[key]["environment"]]
                host, _, port = address.partition(":")
                with self.subTest(f"{name} {key}"):
                    self.assertIn(host, self.services)
                    if host != "redis":
                        peer = kind_of(self.services[host])
                        self.assertEqual(self.services[host]["environment"][keys(peer)["grpc_listen"]["environment"]],
                                         f"0.0.0.0:{port}")

    def test_published_ports_are_where_a_process_listens(self):
        for name, one in self.processes.items():
            kind = kind_of(one)
            listens = {one["environment"].get(keys(kind)[key]["environment"], "").rpartition(":")[2]
                       for key in listeners(kind)}
            for port in one.get("ports", []):
                target = str(port["target"]) if isinstance(port, dict) else port.rpartition(":")[2].split("/")[0]
                self.assertIn(target, listens, name)

    def test_every_port_is_published_on_loopback_unless_told(self):
        for services, host in ((self.services, "127.0.0.1"), (composed(CHAT_BIND="10.0.0.5")["services"], "10.0.0.5")):
            for name, one in services.items():
                for port in one.get("ports", []):
                    self.assertTrue(str(port).startswith(host + ":"), f"{name} {port}")

    def test_each_schema_is_migrated_by_its_own_service_before_it_starts(self):
        owners = {kind for kind in KINDS if "pg_url" in dependencies(kind)}
        self.assertEqual({kind_of(one) for one in self.migrations.values()}, owners)
        for name, one in self.processes.items():
            kind = kind_of(one)
            if kind in owners:
                self.assertEqual(one["depends_on"][f"{kind}-migrate"]["condition"], "service_completed_successfully", name)
                variable = keys(kind)["pg_url"]["environment"]
                self.assertEqual(one["environment"][variable], self.migrations[f"{kind}-migrate"]["environment"][variable])

    def test_it_starts_by_health(self):
        for name, one in self.services.items():
            for other, how in one.get("depends_on", {}).items():
                with self.subTest(f"{name} awaits {other}"):
                    self.assertIn(how["condition"], ("service_healthy", "service_completed_successfully"))
                    if how["condition"] == "service_healthy" and other not in self.processes:
                        self.assertIn("healthcheck", self.services[other])

    def test_processes_may_do_no_more_than_they_must(self):
        for name, one in {**self.processes, **self.migrations}.items():
            self.assertIs(one["read_only"], True, name)
            self.assertEqual(one["cap_drop"], ["ALL"], name)
            self.assertIn("no-new-privileges:true", one["security_opt"], name)

    def test_the_time_to_stop_fits_the_drain(self):
        for name, one in self.processes.items():
            kind = kind_of(one)
            drain = int(one["environment"].get(f"CHAT_{kind.upper()}_DRAIN_S", keys(kind)["drain_s"]["default"]))
            self.assertGreater(int(re.sub(r"\D", "", one["stop_grace_period"])), drain, name)

    def test_what_is_mounted_is_in_the_repository(self):
        for name, one in self.services.items():
            for volume in one.get("volumes", []):
                source = volume.split(":")[0] if isinstance(volume, str) else volume["source"]
                if source.startswith("/"):
                    self.assertTrue(ROOT in (ROOT / source).parents and (ROOT / source).exists(), f"{name} {source}")
                else:
                    self.assertIn(source, self.whole["volumes"], name)

    def test_every_variable_has_a_documented_default(self):
        used = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
        lines = (ROOT / ".env").read_text().splitlines()
        given = {line.partition("=")[0] for line in lines if line and not line.startswith("#")}
        self.assertEqual(used, given)

    def test_prometheus_scrapes_every_process(self):
        scraped = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())["scrape_configs"][0]
        targets = {target: group["labels"]["service"] for group in scraped["static_configs"] for target in group["targets"]}
        wanted = {}
        for name, one in self.processes.items():
            listen = one["environment"][keys(kind_of(one))["metrics_listen"]["environment"]]
            wanted[f"{name}:{listen.rpartition(':')[2]}"] = kind_of(one)
        self.assertEqual(targets, wanted)

    def test_grafana_finds_its_source_and_its_dashboards(self):
        folder = ROOT / "deploy/grafana/provisioning"
        source, = yaml.safe_load((folder / "datasources/prometheus.yaml").read_text())["datasources"]
        self.assertIn(source["url"].split("/")[2].split(":")[0], self.services)
        provider, = yaml.safe_load((folder / "dashboards/chat.yaml").read_text())["providers"]
        mounts = {volume.split(":")[1]: volume.split(":")[0] for volume in self.services["grafana"]["volumes"]}
        self.assertIn(provider["options"]["path"], mounts)
        home = self.services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
        self.assertTrue((ROOT / "deploy/grafana/dashboards" / home.split("/")[-1]).exists())
        for board in (ROOT / "deploy/grafana/dashboards").glob("*.json"):
            self.assertEqual(set(re.findall(r'"uid": "(prometheus)"', board.read_text())), {source["uid"]}, board.name)
            json.loads(board.read_text())


if __name__ == "__main__":
    unittest.main()
