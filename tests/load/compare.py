"""The command line of `compare`: the cluster and mosquitto under the same load in alternation, and the limits of this machine."""

import argparse
import datetime
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

import comparison
import limits
from mosquitto import Mosquitto, version

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOCAL = ROOT / "deploy" / "local"
UP_SECONDS = 180
SETUP_SECONDS = 300
LIMIT_SECONDS = 5  # of one run of pgbench, its connecting included
SIZE_TOLERANCE = 0.03  # ids grow a digit now and then


def parse(arguments):
    parser = argparse.ArgumentParser(prog="compare", description=__doc__)
    parser.add_argument("--seconds", metavar="S", type=float, default=20, help="of each measurement (20)")
    parser.add_argument("--warm-up", metavar="S", type=float, default=3, help="before each measurement (3)")
    parser.add_argument("--rounds", metavar="N", type=int, default=3,
                        help="each side once in each, the first one by turns (3)")
    parser.add_argument("--pairs", metavar="N", type=int, default=200, help="pairs of devices (200)")
    parser.add_argument("--size", metavar="BYTES", type=int, default=256,
                        help="of a CHAT text; mosquitto's packets are as large as the cluster's (256)")
    parser.add_argument("--window", metavar="N", type=int, default=1, help="records in flight a device (1)")
    parser.add_argument("--rate", metavar="R", type=float, default=0,
                        help="messages a second of the latency at the same rate (half of what CHAT reaches first)")
    parser.add_argument("--gateways", metavar="N", type=int, default=2, help="of the cluster (2)")
    parser.add_argument("--idle", metavar="N", type=int, default=1000, help="idle connections to measure; 0: none (1000)")
    parser.add_argument("--binaries", metavar="DIR", default=str(ROOT / ".build" / "release" / "bin"),
                        help="chat-load and the cluster's binaries (.build/release/bin)")
    parser.add_argument("--state", metavar="DIR", help="the cluster's folder, kept afterwards (a temporary one, removed)")
    parser.add_argument("--json", metavar="FILE", help="writes all measurements and figures there")
    options = parser.parse_args(arguments)
    if min(options.seconds, options.rounds, options.pairs, options.size, options.window, options.gateways) <= 0:
        parser.error("all of --seconds, --rounds, --pairs, --size, --window and --gateways are at least 1")
    return options


def say(text):
    print(text, flush=True)


class Cluster:
    def __init__(self, state, options):
        self.state = state
        self._command = [LOCAL / "up", "--state", state, "--timeout", str(UP_SECONDS), "--free-ports", "--gateways",
                         str(options.gateways), "--binaries", options.binaries]
        self.environment = {}

    def start(self):
        ended = subprocess.run(self._command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
        if ended.returncode != 0:
            raise RuntimeError(f"up failed: {ended.stdout.strip()}")
        text = (self.state / "cluster.env").read_text(encoding="utf-8")
        self.environment = dict(re.findall(r"^(\w+)='(.*)'$", text, re.MULTILINE))

    def stop(self, wipe):
        subprocess.run([LOCAL / "down", "--state", self.state, *(["--wipe"] if wipe else [])], check=False,
                       stdout=subprocess.DEVNULL)


class Experiment:
    def __init__(self, options, folder, cluster, broker):
        self._options, self._folder, self._cluster, self._broker = options, folder, cluster, broker
        self.rate = options.rate
        self.plain_bytes = None  # of a text at mosquitto, as the last load on the cluster tells
        self.problems = []

    def _load(self, side, rate):
        """The result of one chat-load."""
        options = self._options
        result = self._folder / "load.json"
        result.unlink(missing_ok=True)
        command = [pathlib.Path(options.binaries) / "chat-load", "--devices", 2 * options.pairs, "--window", options.window,
                   "--rate", rate, "--seconds", options.seconds, "--warm-up", options.warm_up, "--delivery-qos", 1,
                   "--setup", SETUP_SECONDS, "--json", result]
        if side == "chat":
            environment = self._cluster.environment
            command += ["--gateways", environment["CHAT_MQTT"].replace(" ", ","), "--outbox", environment["CHAT_OUTBOX"],
                        "--state", self._cluster.state, "--size", options.size]
        else:
            command += ["--plain", 1, "--gateways", self._broker.address, "--pids", f"mosquitto={self._broker.pid}",
                        "--size", self.plain_bytes]
        without_cluster = {name: value for name, value in os.environ.items() if not name.startswith("CHAT_")}
        ended = subprocess.run(list(map(str, command)), check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, env=without_cluster)
        if not result.exists():
            raise RuntimeError(f"chat-load ended with status {ended.returncode}:\n{ended.stdout}")
        found = json.loads(result.read_text(encoding="utf-8"))
        if ended.returncode != 0:
            self.problems.append(f"{side} broke the promise: {found['ledger']}, {found['notes'][:3]}")
        if found["totals"]["connections_ended"]:
            self.problems.append(f"{side}: connections ended: {found['totals']['connections_ended']}")
        return found

    def _measure(self, side, pace):
        found = self._load(side, self.rate if pace == "paced" else 0)
        say(f"  {side:9} {pace:7} {found['acknowledged_per_second']:10,.0f} acknowledged/s, p50 "
            f"{found['delivery_latency_us']['p50'] / 1000:.2f} ms, p99 {found['delivery_latency_us']['p99'] / 1000:.2f} ms, "
            f"{comparison.server_cpu_us(found):.1f} us of the servers' CPU a message")
        return found

    def _check_sizes(self, one):
        sizes = [comparison.mean_publish_bytes(one[side]["fastest"]) for side in comparison.SIDES]
        if abs(sizes[0] / sizes[1] - 1) > SIZE_TOLERANCE:
            self.problems.append(f"packets of {sizes[0]:.1f} bytes at CHAT, of {sizes[1]:.1f} at mosquitto")

    def round(self, number):
        options = self._options
        say(f"round {number} of {options.rounds}")
        sides = comparison.SIDES if number % 2 == 1 else comparison.SIDES[::-1]
        one = {side: {} for side in sides}
        for pace in ("fastest", "paced"):
            for side in sides:
                one[side][pace] = self._measure(side, pace)
                if side == "chat":
                    self.plain_bytes = comparison.plain_text_bytes(one[side][pace])
                    self.rate = self.rate or round(one[side][pace]["acknowledged_per_second"] / 2, 1)
        self._check_sizes(one)
        environment = self._cluster.environment
        one["limits"] = limits.postgres(environment["CHAT_PG"], self._folder, options.size, LIMIT_SECONDS)
        one["limits"].update(limits.redis(environment["CHAT_REDIS"], options.size))
        say("  limits    " + ", ".join(f"{key} {value:,.0f}" for key, value in one["limits"].items()))
        return one

    def idle(self):
        """kind -> side -> bytes per idle connection."""
        count = self._options.idle
        say(f"{count} idle connections")
        ended = subprocess.run([ROOT / "tests" / "bench" / "idle_connections", "--counts", str(count), "--kinds",
                                ",".join(kind for kind, _ in comparison.IDLE), "--json"],
                               check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, env={**os.environ, "CHAT_STATE": str(self._cluster.state)})
        found = {}
        for row in json.loads(ended.stdout):
            side = "chat" if row["server"] == "gateway" else row["server"]
            found.setdefault(row["connection"], {})[side] = row["bytes"][str(count)]
        return found


def machine():
    cpu = re.search(r"^model name\s*:\s*(.*)$", pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cores": len(os.sched_getaffinity(0)), "cpu": cpu.group(1) if cpu else "unknown CPU",
            "memory_gib": memory / 2**30, "load": os.getloadavg()[0]}


def software(cluster):
    url = cluster.environment["CHAT_PG"]
    return {"mosquitto": version(), "postgres": limits.query(url, "show server_version").partition(" ")[0],
            "fsync": limits.query(url, "show fsync"), "synchronous_commit": limits.query(url, "show synchronous_commit")}


def compare(options, state, folder):
    """(what was found, problems)."""
    result = {"date": datetime.date.today().isoformat(), "machine": machine()}
    cluster = Cluster(state, options)
    broker = None
    try:
        cluster.start()
        broker = Mosquitto(folder)
        result["software"] = software(cluster)
        experiment = Experiment(options, folder, cluster, broker)
        result["rounds"] = [experiment.round(number) for number in range(1, options.rounds + 1)]
        result["idle"] = experiment.idle() if options.idle else None
        result["how"] = {"pairs": options.pairs, "window": options.window, "text_bytes": options.size,
                         "plain_text_bytes": experiment.plain_bytes, "rate": experiment.rate, "gateways": options.gateways,
                         "rounds": options.rounds, "seconds": options.seconds, "warm_up": options.warm_up,
                         "idle": options.idle}
        result["summary"] = comparison.summary(result["rounds"], result["idle"])
        return result, experiment.problems
    finally:
        if broker is not None:
            broker.stop()
        cluster.stop(wipe=not options.state)


def fail(why):
    print(f"compare: {why}", file=sys.stderr)
    return 2


def main():
    options = parse(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="chat-compare-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o711)
        try:
            result, problems = compare(options, pathlib.Path(options.state or folder / "cluster").absolute(), folder)
        except subprocess.CalledProcessError as error:
            return fail(f"{error}\n{error.stderr or ''}")
        except (OSError, RuntimeError) as error:
            return fail(error)
    result["problems"] = problems
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    say(f"\n{comparison.markdown(result)}")
    for problem in problems:
        say(f"problem: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
