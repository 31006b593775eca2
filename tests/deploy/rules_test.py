"""Alert and recording rules: read by promtool, each alert seen to fire and to stay silent, each with its place in the runbook."""

import pathlib
import re
import shutil
import tempfile
import unittest

import yaml

from program import ROOT, run

RULES = ROOT / "deploy/prometheus/rules"
CASES = ROOT / "tests/deploy/alerts.yaml"


def alerts():
    return {rule["alert"]: rule for group in yaml.safe_load((RULES / "alerts.yaml").read_text())["groups"]
            for rule in group["rules"]}


class Rules(unittest.TestCase):
    def test_promtool_takes_rules_and_configuration(self):
        for command in (["check", "rules", *RULES.glob("*.yaml")],
                        ["check", "config", ROOT / "deploy/prometheus/prometheus.yml"]):
            ended = run(["promtool", *command])
            self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)

    def test_every_alert_fires_when_it_should_and_not_else(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            shutil.copy(CASES, folder / "cases.yaml")
            shutil.copy(RULES / "recording.yaml", folder)
            # Annotations hold figures; promtool would want each spelled out.
            bare = yaml.safe_load((RULES / "alerts.yaml").read_text())
            for group in bare["groups"]:
                for rule in group["rules"]:
                    del rule["annotations"]
            (folder / "alerts.yaml").write_text(yaml.safe_dump(bare))
            ended = run(["promtool", "test", "rules", "cases.yaml"], cwd=folder)
            self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)

    def test_every_alert_has_both_cases(self):
        fires, silent = set(), set()
        for case in yaml.safe_load(CASES.read_text())["tests"]:
            one, = case["alert_rule_test"]
            (fires if one["exp_alerts"] else silent).add(one["alertname"])
        self.assertEqual(fires, set(alerts()))
        self.assertEqual(silent, set(alerts()))

    def test_every_alert_says_how_bad_it_is_and_what_to_do(self):
        sections = set(re.findall(r"^### (Chat\w+)$", (ROOT / "deploy/RUNBOOK.md").read_text(), re.MULTILINE))
        self.assertEqual(sections, set(alerts()))
        for name, rule in alerts().items():
            self.assertIn(rule["labels"]["severity"], ("critical", "warning", "info"), name)
            self.assertTrue(rule["annotations"]["runbook_url"].endswith(f"RUNBOOK.md#{name.lower()}"), name)
            self.assertIn("summary", rule["annotations"])
            self.assertIn("description", rule["annotations"])


if __name__ == "__main__":
    unittest.main()
