"""The cluster under fire: deploy/local with ways between its processes that can be broken."""

import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOCAL = ROOT / "deploy" / "local"
WITH_POSTGRES = ("auth", "profile", "roster", "messaging", "room", "media")
UP_SECONDS = 180
SERVICE_SECONDS = 20


def children(pid):
    """The pids of a process's children: PostgreSQL's are sessions of their own."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdecimal():
            continue
        try:
            text = pathlib.Path(f"/proc/{entry}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if int(text.rpartition(")")[2].split()[1]) == pid:
            found.append(int(entry))
    return found


class Cluster:
    def __init__(self, state, binaries, ways, gateways, replicas):
        self.state, self._ways = pathlib.Path(state), ways
        self._layout = ["--free-ports", "--binaries", str(binaries), "--gateways", str(gateways)]
        self._layout += [word for service in WITH_POSTGRES for word in ("--replicas", f"{service}={replicas}")]
        self._up_lock = threading.Lock()
        self._stores_to_start = set()
        self.environment = {}

    def start(self):
        self._up(*self._layout, "--only", "postgres-1", "--only", "redis-1")
        environment = self._read_environment()
        user, _, postgres = environment["CHAT_PG"].rpartition("@")
        postgres, _, database = postgres.partition("/")
        ways = {"gateway-redis": environment["CHAT_REDIS"], "messaging-redis": environment["CHAT_REDIS"],
                "services-postgres": postgres}
        for name, target in ways.items():
            self._ways.add(name, target)
        address = {name: way.address for name, way in self._ways.by_name.items()}
        sets = {"gateway.redis": address["gateway-redis"], "messaging.redis": address["messaging-redis"]}
        sets.update({f"{kind}.pg_url": f"{user}@{address['services-postgres']}/{database}" for kind in WITH_POSTGRES})
        self._up(*(word for key, value in sets.items() for word in ("--set", f"{key}={value}")))
        self.environment = self._read_environment()
        for number, gateway in enumerate(self.environment["CHAT_MQTT"].split(), 1):
            self._ways.add(f"clients-{number}", gateway)

    def client_addresses(self):
        names = sorted(name for name in self._ways.by_name if name.startswith("clients-"))
        return [self._ways.by_name[name].address for name in names]

    def _up(self, *arguments, seconds=UP_SECONDS, after_stores=False):
        with self._up_lock:
            if after_stores and self._stores_to_start:
                raise RuntimeError("a store is to be started first")
            ended = subprocess.run([LOCAL / "up", "--state", self.state, "--timeout", str(seconds), *arguments],
                                   check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        if ended.returncode != 0:
            raise RuntimeError(f"up failed: {ended.stdout.strip()}")

    def down(self, wipe):
        subprocess.run([LOCAL / "down", "--state", self.state, *(["--wipe"] if wipe else [])], check=False,
                       stdout=subprocess.DEVNULL)

    def _read_environment(self):
        text = (self.state / "cluster.env").read_text(encoding="utf-8")
        return dict(re.findall(r"^(\w+)='(.*)'$", text, re.MULTILINE))

    def _pid(self, name):
        """None if the process that was started under this name does not run any more."""
        record = json.loads((self.state / "run" / f"{name}.json").read_text(encoding="utf-8"))
        return record["pid"] if _start_time(record["pid"]) == record["start"] else None

    def begin(self, fault):
        """Lets a fault befall its target."""
        if fault.kind == "kill":
            self._signal(fault.target, signal.SIGKILL)
        elif fault.kind == "restart":
            self._signal(fault.target, signal.SIGINT if fault.target.startswith("postgres") else signal.SIGTERM)
        elif fault.kind == "stop":
            for pid in self._family(fault.target):
                self._send(pid, signal.SIGSTOP)
        elif fault.kind == "flush":
            host, _, port = self.environment["CHAT_REDIS"].rpartition(":")
            subprocess.run(["redis-cli", "-h", host, "-p", port, "flushall"], check=False, stdout=subprocess.DEVNULL)
        else:
            getattr(self._ways.by_name[fault.target], fault.kind)()

    def heal(self, fault):
        if fault.kind in ("kill", "restart"):
            self._await_end(fault.target)
            self._start_again(fault.target)
        elif fault.kind == "stop":
            for pid in self._family(fault.target):
                self._send(pid, signal.SIGCONT)
        elif fault.kind != "flush":
            self._ways.by_name[fault.target].heal()

    def _family(self, name):
        pid = self._pid(name)
        return [] if pid is None else [pid] + children(pid)

    def _signal(self, name, number):
        pid = self._pid(name)
        if pid is not None:
            self._send(pid, number)

    @staticmethod
    def _send(pid, number):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass

    def _await_end(self, name):
        deadline = time.monotonic() + 30
        while self._pid(name) is not None and time.monotonic() < deadline:
            time.sleep(0.05)
        self._signal(name, signal.SIGKILL)

    def _start_again(self, name):
        """A service starts only when PostgreSQL is there: another fault may be in the way for a while. PostgreSQL and Redis wait for one
        `up` at most, and for a short one: that of a service would wait for them."""
        store = name.startswith(("postgres", "redis"))
        if store:
            self._stores_to_start.add(name)
            try:
                return self._up("--only", name)
            finally:
                self._stores_to_start.discard(name)
        deadline = time.monotonic() + 240
        while True:
            try:
                return self._up("--only", name, seconds=SERVICE_SECONDS, after_stores=True)
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.5)

    def heal_all(self):
        """Whatever is still ill: every way open, every process running."""
        for way in self._ways.by_name.values():
            way.heal()
        for path in (self.state / "run").glob("*.json"):
            for pid in self._family(path.stem):
                self._send(pid, signal.SIGCONT)
        self._up()

    def query(self, statement):
        ended = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", self.environment["CHAT_PG"], "-c", statement],
                               check=True, capture_output=True, text=True)
        return ended.stdout.split("\n")[:-1]

    def sanitizer_reports(self):
        pattern = re.compile(r"ERROR: [A-Za-z]+Sanitizer|runtime error:|WARNING: ThreadSanitizer")
        return [f"{path.name}: {line.rstrip()}" for path in sorted((self.state / "log").glob("*.log"))
                for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if pattern.search(line)]

    def unexpected_ends(self):
        """Processes that do not run though nobody killed them."""
        return [path.stem for path in sorted((self.state / "run").glob("*.json")) if self._pid(path.stem) is None]


def _start_time(pid):
    """In ticks since boot; None if there is none or it only waits to be reaped."""
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = state.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])
