"""Checks mqtt_clauses.txt: each named test exists and names its clause in its body; a clause without a test says why."""

import pathlib
import re
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LINE = re.compile(r"(3\.1\.1|5\.0) (MQTT-[0-9.]+-[0-9]+) (.+)")


def bodies(path):
    """Name -> text from its first line to the next test."""
    text = (ROOT / path).read_text(encoding="utf-8")
    if path.endswith(".mjs"):
        head = re.compile(r"^test\('((?:[^'\\]|\\.)*)'", re.M)
        names = [(m.start(), m.group(1).replace("\\'", "'")) for m in head.finditer(text)]
    else:
        head = re.compile(r"^TEST(?:_F|_P)?\((\w+), (\w+)\)", re.M)
        names = [(m.start(), f"{m.group(1)}.{m.group(2)}") for m in head.finditer(text)]
    ends = [start for start, _ in names[1:]] + [len(text)]
    return {name: text[start:end] for (start, name), end in zip(names, ends)}


class MqttClauses(unittest.TestCase):
    def test_every_clause_has_its_test_or_a_reason(self):
        known = {}
        seen = set()
        lines = (HERE / "mqtt_clauses.txt").read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, 1):
            if line.startswith("#"):
                continue
            with self.subTest(line=number):
                match = LINE.fullmatch(line)
                self.assertIsNotNone(match, line)
                version, clause, where = match.groups()
                self.assertNotIn((version, clause), seen, "listed twice")
                seen.add((version, clause))
                if where.startswith("- "):
                    self.assertGreater(len(where), 10, "says no reason")
                    continue
                path, name = where.split(": ", 1)
                if path not in known:
                    known[path] = bodies(path)
                self.assertIn(name, known[path], f"no such test in {path}")
                marked = clause if version == "3.1.1" else clause.replace("MQTT-", "MQTT5-")
                self.assertRegex(known[path][name], re.escape(marked) + r"(?![0-9])",
                                 f"{name} does not name {marked}")
        self.assertGreater(len(seen), 300)


if __name__ == "__main__":
    unittest.main()
