"""The command line of `run`: a cluster, load on it, faults by schedule; then everything is healed and the ledger is read."""

import argparse
import json
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

import schedule
from cluster import ROOT, Cluster
from proxy import Ways

HEAL_SECONDS = 120


def parse(arguments):
    parser = argparse.ArgumentParser(prog="run", description=__doc__)
    parser.add_argument("--minutes", metavar="M", type=float, default=1.0, help="how long the load lasts (1)")
    parser.add_argument("--seed", metavar="S", type=int, default=random.randrange(1_000_000),
                        help="the same seed, the same schedule (drawn, and printed)")
    parser.add_argument("--binaries", metavar="DIR", default=str(ROOT / ".build" / "release" / "bin"),
                        help="chat-load and the cluster's binaries (.build/release/bin)")
    parser.add_argument("--state", metavar="DIR", help="the cluster's folder, kept afterwards (a temporary one, removed)")
    parser.add_argument("--gateways", metavar="N", type=int, default=2)
    parser.add_argument("--replicas", metavar="N", type=int, default=2, help="of each service (2)")
    parser.add_argument("--devices", metavar="N", type=int, default=20)
    parser.add_argument("--rooms", metavar="N", type=int, default=2)
    parser.add_argument("--rate", metavar="R", type=float, default=100, help="records a second (100)")
    parser.add_argument("--only", metavar="WORD", action="append", default=[],
                        help="only faults whose kind or target has this beginning")
    parser.add_argument("--json", metavar="FILE", help="writes what was found there")
    parser.add_argument("--dry", action="store_true", help="prints the schedule and does nothing")
    return parser.parse_args(arguments)


def chosen(options):
    faults = schedule.plan(options.seed, options.minutes * 60, options.gateways, options.replicas)
    if not options.only:
        return faults
    return [fault for fault in faults if any(fault.kind.startswith(word) or fault.target.startswith(word)
                                             for word in options.only)]


def say(text):
    print(text, flush=True)


class Load:
    """chat-load at work: its output passes through, its phases are seen."""

    def __init__(self, options, cluster, folder):
        self.json, self.acknowledged = folder / "load.json", folder / "acknowledged"
        command = [pathlib.Path(options.binaries) / "chat-load", "--gateways", ",".join(cluster.client_addresses()),
                   "--outbox", cluster.environment["CHAT_OUTBOX"], "--state", str(cluster.state),
                   "--devices", str(options.devices), "--rooms", str(options.rooms),
                   "--room-members", str(min(8, options.devices)), "--rate", str(options.rate),
                   "--seconds", str(options.minutes * 60), "--qos", "1,2,0", "--size", "256",
                   "--mix", "message=85,typing=5,edit=7,history=3", "--seed", str(options.seed), "--keep-alive", "5",
                   "--drain", "120", "--json", str(self.json), "--acknowledged", str(self.acknowledged)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self._phase = ""
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            say(f"  {line.rstrip()}")
            if line.startswith("phase "):
                self._set_phase(line.split()[1])
        self._set_phase("ended")

    def _set_phase(self, phase):
        with self._changed:
            self._phase = phase
            self._changed.notify_all()

    def await_phase(self, *phases):
        with self._changed:
            self._changed.wait_for(lambda: self._phase in phases or self._phase == "ended")
            return self._phase

    def ended(self):
        return self._phase == "ended"

    def result(self):
        self.process.wait()
        self._reader.join()
        return json.loads(self.json.read_text(encoding="utf-8")) if self.json.exists() else None


def break_it(cluster, load, faults, problems):
    """Lets every fault befall its target in time, heals it in time, and everything in the end."""
    begun = time.monotonic()
    healers = []

    def heal(fault):
        try:
            cluster.heal(fault)
        except Exception as error:  # the run goes on and says so
            problems.append(f"{fault}: not healed: {error}")

    for fault in faults:
        while time.monotonic() < begun + fault.at and not load.ended():
            time.sleep(0.05)
        if load.ended():
            break
        say(str(fault))
        cluster.begin(fault)
        healer = threading.Timer(fault.seconds, heal, [fault])
        healer.start()
        healers.append(healer)
    for healer in healers:
        healer.join(timeout=HEAL_SECONDS)
    load.await_phase("drain")
    try:
        cluster.heal_all()
    except RuntimeError as error:
        problems.append(str(error))
    say("all is healed")


def compare_with_postgres(cluster, load, run):
    """Acknowledged messages that PostgreSQL does not have, and those that it has more than once."""
    wanted = [line.split()[0] for line in load.acknowledged.read_text(encoding="utf-8").splitlines()]
    stored = cluster.query("select convert_from(msg_id::bytea, 'UTF8') from messaging.message "
                           f"where convert_from(msg_id::bytea, 'UTF8') like '{run}-%'")
    counts = {}
    for message in stored:
        counts[message] = counts.get(message, 0) + 1
    return {"rows": len(stored), "missing": sum(message not in counts for message in wanted),
            "twice": sum(count > 1 for count in counts.values())}


def experiment(options, state, folder):
    """(what was found, problems). The cluster is left running."""
    faults = chosen(options)
    say(f"seed {options.seed}, {options.minutes:g} minutes, {len(faults)} faults")
    ways, problems = Ways(), []
    cluster = Cluster(state, options.binaries, ways, options.gateways, options.replicas)
    load = None
    try:
        cluster.start()
        load = Load(options, cluster, folder)
        if load.await_phase("traffic") == "traffic":
            break_it(cluster, load, faults, problems)
        found = load.result()
        if found is None:
            return None, problems + [f"chat-load ended with status {load.process.returncode}"]
        found["postgres"] = compare_with_postgres(cluster, load, found["run"])
        found.update(seed=options.seed, minutes=options.minutes, faults=[str(fault) for fault in faults])
        excused = found["ledger"]["excused"]
        if found["postgres"]["missing"] > excused or found["postgres"]["twice"] > 0:
            problems.append(f"PostgreSQL does not hold what was acknowledged: {found['postgres']}")
        problems += [f"a sanitizer spoke: {line}" for line in cluster.sanitizer_reports()]
        problems += [f"{name} has ended by itself" for name in cluster.unexpected_ends()]
        if load.process.returncode != 0:
            problems.append(f"the ledger is not clean: {found['ledger']}")
        return found, problems
    finally:
        if load is not None and load.process.poll() is None:
            load.process.kill()
        ways.close()
        cluster.down(wipe=False)


def main():
    options = parse(sys.argv[1:])
    if options.dry:
        for fault in chosen(options):
            say(str(fault))
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="chat-chaos-") as folder:
        pathlib.Path(folder).chmod(0o711)
        state = pathlib.Path(options.state or f"{folder}/cluster").absolute()
        found, problems = experiment(options, state, pathlib.Path(folder))
        if found is not None:
            say(json.dumps({name: found[name] for name in ("seed", "ledger", "totals", "postgres")}, indent=1))
            if options.json:
                pathlib.Path(options.json).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        for problem in problems:
            say(f"problem: {problem}")
        if not options.state:
            subprocess.run([ROOT / "deploy" / "local" / "down", "--state", state, "--wipe"], check=False,
                           stdout=subprocess.DEVNULL)
    say("kept" if not problems else f"broken; again with: tests/chaos/run --minutes {options.minutes:g} "
        f"--seed {options.seed}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
