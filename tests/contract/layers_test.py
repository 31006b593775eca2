"""Who may include whom, checked over every #include of libs/ and services/, and which names no path may have."""

import pathlib
import re
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Library -> the libraries whose headers it may include beside its own. Everything may include base.
LIBRARIES = {
    "base": set(),
    "log": {"base"},
    "metrics": {"base"},
    "config": {"base"},
    "pg": {"base", "log", "metrics", "config"},
    "redis": {"base", "log", "metrics", "config"},
    "net": {"base", "log", "metrics", "config"},
    "courier": {"base", "log", "metrics", "config"},
    "rpc": {"base", "log", "metrics", "config", "pg", "redis", "net"},
    "mqtt": {"base"},
    "bert": {"base"},
    "wire": {"base", "bert"},
    "client": {"base", "mqtt", "bert", "wire", "net"},
}
# Libraries that may include generated code of protos/.
KNOW_PROTOS = {"wire", "client", "rpc"}
# Pure: bytes, time and events in, effects out. They see no thread, clock, socket, log or gRPC.
PURE = {"base", "mqtt", "bert", "wire"}
IMPURE_HEADER = re.compile(
    r"^(thread|mutex|shared_mutex|condition_variable|future|stop_token|semaphore|latch|barrier|pthread\.h"
    r"|sys/(socket|epoll|select|poll|eventfd|timerfd|un)\.h|netinet/.*|arpa/.*|netdb\.h|poll\.h|time\.h|ctime"
    r"|boost/asio.*|boost/beast.*|grpc.*|spdlog/.*|absl/(synchronization|time)/.*|prometheus/.*|pqxx/.*|hiredis/.*"
    r"|libpq.*|curl/.*|openssl/.*|.*\.grpc\.pb\.h)$")
# Time comes in as a value; only libs/base holds the one implementation of the clock.
READS_CLOCK = re.compile(r"\b\w*clock::now\b|\bgettimeofday\b|\bclock_gettime\b")
# The gateway has no table.
FORBIDDEN_IN = {"gateway": re.compile(r"^(libs/pg/.*|pqxx/.*|libpq-fe\.h)$")}
DRAWERS = re.compile(r"(^|[_-])(utils?|common|helpers?|managers?|misc)([_.-]|$)")
# Names that are not ours to choose: packages of the tests, and the golden vectors as they came.
GIVEN_NAMES = {"node_modules", "vectors"}
CODE = {".h", ".cc"}
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def sources(root):
    for folder in ("libs", "services"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in CODE:
                yield path


def is_test(path):
    return path.stem.endswith(("_test", "_fuzz", "_bench"))


def library_fault(name, included, path):
    """What is wrong with libs/<name> including `included`, or None."""
    parts = included.split("/")
    if parts[0] == "services":
        return "a library does not know services"
    if parts[0] == "protos" or included.endswith(".pb.h"):
        if name not in KNOW_PROTOS and not is_test(path):
            return "this library does not know protos"
    if parts[0] == "libs" and len(parts) > 2:
        if parts[1] not in LIBRARIES:
            return f"libs/{parts[1]} is not in the table"
        if parts[1] != name and parts[1] not in LIBRARIES[name]:
            return f"libs/{name} may include only {', '.join(sorted(LIBRARIES[name])) or 'nothing'}"
    if name in PURE and not is_test(path) and IMPURE_HEADER.match(included):
        return f"libs/{name} is pure"
    return None


def service_fault(name, included, path):
    parts = included.split("/")
    if parts[0] == "services" and parts[1] != name:
        return "a service does not know another service"
    if name in FORBIDDEN_IN and FORBIDDEN_IN[name].match(included):
        return f"services/{name} has no database"
    return None


def faults(root):
    found = []
    for path in sources(root):
        relative = path.relative_to(root)
        area, name = relative.parts[0], relative.parts[1]
        if area == "libs" and name not in LIBRARIES:
            found.append(f"{relative}: libs/{name} is not in the table of layers_test.py")
            continue
        check = library_fault if area == "libs" else service_fault
        text = path.read_text(encoding="utf-8")
        for match in INCLUDE.finditer(text):
            included = match.group(1) or match.group(2)
            line = text.count("\n", 0, match.start(0)) + 1
            if match.group(1) and ("/" not in included or included.startswith(".")):
                found.append(f'{relative}:{line}: "{included}": includes are written from the root')
            fault = check(name, included, path)
            if fault:
                found.append(f"{relative}:{line}: {included}: {fault}")
        if area == "libs" and name in PURE - {"base"} and not is_test(path) and READS_CLOCK.search(text):
            found.append(f"{relative}: libs/{name} is pure and reads no clock")
    return found


def drawers(root):
    """Paths whose name says nothing about what is inside."""
    found = []
    for top in ("libs", "services", "protos", "deploy", "tests", "helm"):
        for path in sorted((root / top).rglob("*")):
            relative = path.relative_to(root)
            if not GIVEN_NAMES & set(relative.parts) and DRAWERS.search(path.name.lower()):
                found.append(str(relative))
    return found


class LayersTest(unittest.TestCase):
    def test_every_include_respects_the_table(self):
        self.assertEqual(faults(ROOT), [])

    def test_there_is_code_to_check(self):
        self.assertGreater(len(list(sources(ROOT))), 20)

    def test_no_path_is_a_drawer(self):
        self.assertEqual(drawers(ROOT), [])

    def test_a_forbidden_include_is_found(self):
        planted = {
            "libs/mqtt/a.cc": '#include "libs/log/log.h"',
            "libs/bert/a.h": "#include <thread>",
            "libs/wire/a.h": "#include <grpcpp/grpcpp.h>",
            "libs/log/a.h": '#include "services/auth/a.h"',
            "libs/net/a.h": '#include "libs/rpc/a.h"',
            "libs/pg/a.h": '#include "protos/chat/v1/auth.pb.h"',
            "libs/strange/a.h": "",
            "libs/mqtt/b.cc": "const auto now = std::chrono::steady_clock::now();",
            "libs/base/a.h": '#include "status.h"',
            "services/auth/a.cc": '#include "services/profile/a.h"',
            "services/gateway/router/a.cc": '#include "libs/pg/pool.h"',
        }
        with tempfile.TemporaryDirectory() as folder:
            for name, text in planted.items():
                path = pathlib.Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text + "\n", encoding="utf-8")
            found = faults(pathlib.Path(folder))
        self.assertEqual(len(found), len(planted), found)

    def test_a_drawer_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("libs/util", "libs/base/string_helpers.h", "services/auth/common"):
                pathlib.Path(folder, name).mkdir(parents=True)
            self.assertEqual(len(drawers(pathlib.Path(folder))), 3)


if __name__ == "__main__":
    sys.exit(unittest.main())
