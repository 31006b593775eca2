"""The dashboards: what deploy/grafana/boards.py makes, of the types that Grafana knows. monitoring_test.py asks their expressions."""

import json
import pathlib
import sys
import unittest

from program import ROOT, run

sys.path.insert(0, str(ROOT / "deploy/grafana"))
import boards  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent


class Dashboards(unittest.TestCase):
    def test_the_files_are_what_the_tables_say(self):
        self.assertEqual({file.stem for file in boards.FOLDER.iterdir()}, set(boards.BOARDS))
        for name in boards.BOARDS:
            self.assertEqual((boards.FOLDER / f"{name}.json").read_text(), boards.text(name),
                             "deploy/grafana/boards.py --write writes it anew")

    def test_grafana_knows_every_field(self):
        ended = run(["node", HERE / "objects.mjs", "dashboards", *boards.FOLDER.glob("*.json")])
        self.assertEqual(ended.returncode, 0, ended.stderr)

    def test_panels_have_ids_places_and_titles_of_their_own(self):
        for name in boards.BOARDS:
            panels = json.loads(boards.text(name))["panels"]
            self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
            cells = set()
            for panel in panels:
                at = panel["gridPos"]
                mine = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
                self.assertFalse(cells & mine, f"{name}: {panel['title']} lies on another")
                cells |= mine


if __name__ == "__main__":
    unittest.main()
