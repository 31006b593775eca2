"""deploy/METRICS.md names every metric in the code: name, type, labels, who has it, help. `metrics_test.py --write` writes it anew.

Read from the sources, so that a metric that only a rare failure makes is there too; monitoring_test.py holds the pages of a running
cluster against it. A moved name, label or type shows as a difference: dashboards, rules and users depend on them."""

import re
import sys
import unittest

from program import KINDS, ROOT

TABLE = ROOT / "deploy/METRICS.md"
HEAD = """# Metrics

What `/metrics` of the processes shows. Do not edit: `tests/deploy/metrics_test.py --write` writes this file from the sources. Scraping adds the
labels `service` (kind of process) and `instance`. Histograms are `_bucket`, `_sum`, `_count`; `_seconds` are seconds. A counter that a
failure makes appears with the first failure.

"""
MADE = re.compile(r"metrics::(Counter|Gauge|Histogram|Observe)\(\s*")
# In libs/metrics they are called without their namespace.
OWN = re.compile(r"(?<![\w:])(Counter|Gauge|Histogram|Observe)\(\s*(?=\")")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
PROCESS = re.compile(r'One\(\s*"(process_\w+)",\s*"([^"]*)"')


def argument_text(text, start):
    """What stands between the parenthesis that opens before `start` and its partner."""
    depth, quoted, at = 1, False, start
    while depth:
        char = text[at]
        if char == "\\" and quoted:
            at += 1
        elif char == '"':
            quoted = not quoted
        elif not quoted:
            depth += {"(": 1, ")": -1}.get(char, 0)
        at += 1
    return text[start:at - 1]


def leading_strings(text):
    """Adjacent string literals are one string: the values of the first two arguments, and the rest."""
    values = []
    for _ in range(2):
        value = ""
        while match := re.match(r"\s*" + STRING.pattern, text):
            value += match.group(1)
            text = text[match.end():]
        values.append(value)
        text = text.lstrip()[1:] if text.lstrip().startswith(",") else text
    return values, text


def described():
    """name -> (type, labels, owner, help) of every metric in the code."""
    found = {}
    for folder in ("libs", "services"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix not in (".h", ".cc") or "_test" in path.stem or path.stem.startswith("test_"):
                continue
            text = path.read_text()
            owner = path.relative_to(ROOT).parts[1] if folder == "services" else f"libs/{path.relative_to(ROOT).parts[1]}"
            finder = OWN if owner == "libs/metrics" else MADE
            for match in finder.finditer(text):
                (name, meaning), rest = leading_strings(argument_text(text, match.end()))
                if not name.startswith("chat_"):
                    continue
                if variable := re.search(r"(\w+)\s*$", rest):  # labels that have a name
                    rest += "".join(re.findall(rf"\b{variable.group(1)}\s*(?:=\s*)?(\{{\{{[^;]*);", text))
                labels = tuple(sorted(set(re.findall(r'\{\s*"([a-z_]+)"\s*,', rest))))
                kind = {"Observe": "gauge"}.get(match.group(1), match.group(1).lower())
                old = found.get(name, (kind, (), owner, ""))
                owners = sorted(set(old[2].split(", ")) | {owner})
                found[name] = (kind, tuple(sorted(set(old[1]) | set(labels))), ", ".join(owners), meaning or old[3])
    for name, meaning in PROCESS.findall((ROOT / "libs/metrics/process_figures.cc").read_text()):
        found[name] = ("counter" if name.endswith("_total") else "gauge", (), "libs/metrics", meaning)
    return found


def table():
    lines = ["| metric | type | labels | in | meaning |", "| --- | --- | --- | --- | --- |"]
    for name, (kind, labels, owner, meaning) in sorted(described().items()):
        shown = " ".join(f"`{label}`" for label in labels)
        lines.append(f"| `{name}` | {kind} | {shown} | {owner} | {meaning.rstrip('.')} |")
    return HEAD + "\n".join(lines) + "\n"


class Metrics(unittest.TestCase):
    def test_the_table_is_what_the_code_makes(self):
        self.maxDiff = None
        self.assertEqual(TABLE.read_text(), table(), "tests/deploy/metrics_test.py --write writes it anew")

    def test_names_follow_the_conventions(self):
        for name, (kind, labels, _, meaning) in described().items():
            with self.subTest(name):
                self.assertRegex(name, r"^(chat|process)_[a-z][a-z0-9_]*$")
                self.assertEqual(name.endswith("_total"), kind == "counter")
                self.assertNotRegex(name, r"_(ms|us|ns|millis|kb|mb|minutes|hours|percent)(_|$)")
                self.assertGreater(len(meaning), 8, "says what it means")
                self.assertFalse(set(labels) & {"service", "instance", "job", "le", "quantile"}, "labels of the scrape")

    def test_a_service_names_its_metrics_after_itself(self):
        for name, (_, _, owner, _) in described().items():
            first = name.split("_")[1]
            for kind in owner.split(", "):
                if kind in KINDS and first in KINDS:
                    self.assertEqual(first, kind, name)

    def test_no_counter_is_counted_by_what_a_client_says(self):
        for name, (_, labels, _, _) in described().items():
            self.assertFalse(set(labels) & {"phone", "client", "client_id", "address", "topic", "room", "feed", "token"}, name)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        TABLE.write_text(table())
    else:
        unittest.main()
