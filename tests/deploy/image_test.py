"""The Dockerfile: linted, and held against the binaries that it packs."""

import pathlib
import re
import tempfile
import unittest

from program import BINARIES, KINDS, ROOT, help_text, run

HERE = pathlib.Path(__file__).resolve().parent
DOCKERFILE = ROOT / "deploy/docker/Dockerfile"
PACKAGES = ROOT / "deploy/docker/packages"
# In every Debian.
BASE = {"libc6", "libgcc-s1", "libstdc++6"}
# Come with libgrpc29, which depends on them; some builds name them as well.
WITH_GRPC = {"libc-ares2", "libre2-9"}
# Not linked: certificates of public authorities, for calls to the outside.
DATA = {"ca-certificates"}
# Of the test's own build, not of a release.
SANITIZERS = {"libasan.so.8", "libubsan.so.1", "libtsan.so.2"}


def listed(path):
    return {line for line in path.read_text().splitlines() if line and not line.startswith("#")}


def needed(binary):
    said = run(["readelf", "-d", BINARIES / binary]).stdout
    return set(re.findall(r"\(NEEDED\).*\[(.*)\]", said)) - SANITIZERS


class Dockerfile(unittest.TestCase):
    text = DOCKERFILE.read_text()

    def test_the_linter_has_nothing_to_say(self):
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder) / "Dockerfile"
            copy.write_text(self.text.replace("--start-period=60s ", ""))  # it reads this option as `--start`
            ended = run(["node", HERE / "node_modules/dockerfilelint/bin/dockerfilelint", copy])
            self.assertEqual(ended.returncode, 0, ended.stdout)

    def test_it_builds_what_the_cluster_consists_of(self):
        targets = re.search(r"--target ([^\\]*)", self.text).group(1).split()
        self.assertEqual(set(targets), {f"chat-{kind}" for kind in KINDS} | {"chat"})

    def test_its_health_check_is_a_flag_of_every_binary(self):
        flags = set(re.findall(r'chat-server", "(--[a-z-]+)"', self.text))
        self.assertEqual(flags, {"--check-health"})
        for kind in KINDS:
            for flag in flags | {"--version"}:
                self.assertIn(flag, help_text(kind))

    def test_nothing_runs_as_root(self):
        last = self.text[self.text.rindex("FROM"):]
        self.assertIn("USER 65532:65532", last)
        self.assertLess(last.index("USER"), last.index("ENTRYPOINT"))

    def test_what_it_copies_is_sent_to_the_builder(self):
        ignored = (ROOT / ".dockerignore").read_text().splitlines()
        for line in re.findall(r"^COPY (?!--)(.*)$", self.text, re.MULTILINE):
            for source in line.split()[:-1]:
                self.assertTrue((ROOT / source).exists(), source)
                self.assertTrue(any(source == kept[1:] for kept in ignored if kept.startswith("!")), source)

    def test_the_version_given_to_it_is_the_one_that_is_said(self):
        self.assertIn("-DCHAT_VERSION=${VERSION}", self.text)
        self.assertRegex((ROOT / "CMakeLists.txt").read_text(), r"set\(CHAT_VERSION .* CACHE STRING")


class Packages(unittest.TestCase):
    def test_the_runtime_packages_are_those_that_the_binaries_link(self):
        owners = {}
        for library in set().union(*(needed(f"chat-{kind}") for kind in KINDS), needed("chat")):
            found = run(["sh", "-c", f"ldconfig -p | grep -F -m1 '{library} ' | sed 's/.*=> //' | xargs readlink -f"]).stdout.strip()
            # Some packages still name the folder that /usr/lib has taken in.
            known = run(["dpkg", "-S", found]).stdout or run(["dpkg", "-S", found.removeprefix("/usr")]).stdout
            package = known.split(":")[0]
            owners.setdefault(package, set()).add(library)
        self.assertEqual(set(owners) - BASE - WITH_GRPC, listed(PACKAGES) - DATA, owners)


if __name__ == "__main__":
    unittest.main()
