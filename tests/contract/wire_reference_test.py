"""protos/README.md, the reference for client authors, says what the route table says: no more, no less."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
REFERENCE = (ROOT / "protos/README.md").read_text()


class WireReferenceTest(unittest.TestCase):
    def test_every_route_has_a_row_and_every_row_a_route(self):
        golden = (ROOT / "tests/contract/routes.golden").read_text().splitlines()
        routes = {line.split(" -> ")[0] for line in golden if line}
        served = REFERENCE.split("## What is served")[1].split("## Examples")[0]
        rows = re.findall(r"^\| `([A-Za-z]+/[a-z_]*)` \|", served, re.M)
        self.assertEqual(sorted(rows), sorted(routes))

    def test_errors_are_those_of_the_closed_table(self):
        codes = set(re.findall(r'\(bert\.atom\) = "(\w+)"', (ROOT / "protos/chat/v1/call.proto").read_text()))
        served = REFERENCE.split("## What is served")[1].split("## Examples")[0]
        for row in re.findall(r"^\| `[A-Za-z]+/[a-z_]*` \|.*$", served, re.M):
            for code in re.findall(r"[a-z_]+", row.split(" | ")[4].replace("an `ftpack` with block 0", "")):
                if code not in ("the", "same"):
                    self.assertIn(code, codes, row)

    def test_every_route_has_an_example_most_of_them_made_by_real_erlang(self):
        # tests/e2e/bert.test.mjs holds term and bytes against each other.
        golden = (ROOT / "tests/contract/routes.golden").read_text().splitlines()
        examples = re.findall(r"^\| `([A-Za-z]+/[a-z_]*)` \| `.*` \| `([0-9a-f]{20,})` \|$", REFERENCE, re.M)
        self.assertEqual(sorted(name for name, _ in examples), sorted(line.split(" -> ")[0] for line in golden if line))
        vectors = "".join(path.read_text() for path in (ROOT / "tests/contract/vectors").glob("rpc_*.jsonl"))
        self.assertGreaterEqual(sum(f'"hex":"{example}"' in vectors for _, example in examples), 60)


if __name__ == "__main__":
    unittest.main()
