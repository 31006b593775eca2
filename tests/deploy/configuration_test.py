"""deploy/CONFIGURATION.md is what the binaries say of their keys. `configuration_test.py --write` writes it anew."""

import sys
import unittest

from program import KINDS, ROOT, keys

REFERENCE = ROOT / "deploy/CONFIGURATION.md"
HEAD = """# Configuration

Every key of every process, as the binaries tell it (`chat-KIND --dump-config`). Do not edit: `tests/deploy/configuration_test.py --write`
writes this file, with `CHAT_BINARIES` naming the folder of the binaries, and the test of the same name keeps it true.

A key `KEY` of `KIND` is the flag `--KEY=VALUE`, the environment variable `CHAT_KIND_KEY` (upper case) and the line `KEY = VALUE` of the
file that `--config` names. Highest first: flag, environment, file, default. A list is comma separated. A wrong value or an unknown key
ends the process at start with status 2 and the name of the key. *secret* is shown as `***` wherever configuration is printed.

In the Helm chart a key is `services.KIND.config.KEY`, a secret one `services.KIND.secrets.KEY`; on the local cluster
`deploy/local/up --set KIND.KEY=VALUE`.
"""


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


def bounds(key):
    if key["type"] != "number":
        return key["type"] + (", secret" if key["secret"] else "")
    low, high = key.get("minimum"), key.get("maximum")
    if high is None:
        return f"number ≥ {low}" if low is not None else "number"
    return f"number {low} to {high}"


def table(names, of):
    lines = ["| key | environment | takes | default | meaning |", "| --- | --- | --- | --- | --- |"]
    for name in names:
        key = of[name]
        default = f"`{cell(key['default'])}`" if key["default"] else ""
        lines.append(f"| `{name}` | `{key['environment']}` | {bounds(key)} | {default} | {cell(key['meaning'])} |")
    return "\n".join(lines)


def shared():
    """Keys that every process has, in the order of the first; `name` differs in its default only."""
    first = keys(KINDS[0])
    return [name for name in first if all(name in keys(kind) for kind in KINDS)
            and all(keys(kind)[name]["type"] == first[name]["type"] for kind in KINDS)
            and (name == "name" or all(keys(kind)[name]["meaning"] == first[name]["meaning"] for kind in KINDS))]


def reference():
    common = shared()
    general = {}
    for name in common:
        general[name] = dict(keys(KINDS[0])[name])
        general[name]["environment"] = f"CHAT_KIND_{name.upper()}"
        if name == "name":
            general[name].update(default="KIND", meaning="Name of this process in logs, e.g. KIND-1.")
    parts = [HEAD, "## Every process\n", table(common, general), ""]
    for kind in KINDS:
        own = [name for name in keys(kind) if name not in common]
        parts += [f"## {kind}\n", table(own, keys(kind)), ""]
    return "\n".join(parts)


class Reference(unittest.TestCase):
    def test_the_reference_is_what_the_binaries_say(self):
        self.maxDiff = None
        self.assertEqual(REFERENCE.read_text(), reference(), "tests/deploy/configuration_test.py --write writes it anew")

    def test_every_key_says_what_it_means(self):
        for kind in KINDS:
            for name, key in keys(kind).items():
                self.assertGreater(len(key["meaning"]), 8, f"{kind}.{name}")
                self.assertEqual(key["environment"], f"CHAT_{kind}_{name}".upper())


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        REFERENCE.write_text(reference())
    else:
        unittest.main()
