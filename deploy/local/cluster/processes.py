"""Starting, finding and stopping the processes of a state folder. A pid is believed only with its start time."""

import json
import os
import resource
import signal
import subprocess
import time

from .layout import kind_of

STOP_SECONDS = 10
# PostgreSQL answers SIGTERM by waiting for its clients; SIGINT is its orderly stop.
STOP_SIGNALS = {"postgres": signal.SIGINT}
# What is stopped together, front first.
STOP_ORDER = (("gateway",), ("auth", "profile", "roster", "messaging", "room", "media"), ("redis", "postgres"))


class ProcessFailure(Exception):
    def __init__(self, name, reason, log, lines=()):
        super().__init__(f"{name}: {reason}")
        self.name, self.reason, self.log, self.lines = name, reason, log, list(lines)


def start_time(pid):
    """When the process started, in ticks since boot; None if there is none or it is only waiting to be reaped."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            # The name in brackets may hold anything, blanks and brackets included.
            fields = file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def boot_id():
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def describe_exit(status):
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"


class Processes:
    """The processes of one state folder, by name."""

    def __init__(self, state):
        self._state = state
        self._children = {}  # name -> Popen of those that this call started
        self._log_starts = {}

    def log_path(self, name):
        return self._state.path("log", f"{name}.log")

    def _pid_path(self, name):
        return self._state.path("pids", f"{name}.pid")

    def _record_path(self, name):
        return self._state.path("run", f"{name}.json")

    def names(self):
        """Every process that this folder knows, running or not."""
        try:
            return sorted(entry[:-5] for entry in os.listdir(self._state.path("run")) if entry.endswith(".json"))
        except FileNotFoundError:
            return []

    def _record(self, name):
        try:
            with open(self._record_path(name), encoding="utf-8") as file:
                return json.load(file)
        except (FileNotFoundError, json.JSONDecodeError):
            return None

    def pid(self, name):
        """The pid, if the process runs and is the very one that was started."""
        child = self._children.get(name)
        if child is not None and child.poll() is not None:
            return None
        record = self._record(name)
        if record is None or record["boot"] != boot_id():
            return None
        started = start_time(record["pid"])
        return record["pid"] if started is not None and started == record["start"] else None

    def command(self, name):
        record = self._record(name)
        return record["command"] if record else None

    def spawn(self, name, command, prefix=(), secrets=None):
        """Starts a process in a session of its own, its output appended to its log. Needs the state's lock.

        prefix: what replaces itself by the command (setpriv), no part of the remembered command. secrets: variables
        that only this process gets."""
        log = self.log_path(name)
        self._log_starts[name] = os.path.getsize(log) if os.path.exists(log) else 0
        with open(log, "ab") as output:
            try:
                child = subprocess.Popen([*prefix, *command], stdin=subprocess.DEVNULL, stdout=output,
                                         stderr=subprocess.STDOUT, start_new_session=True, cwd="/",
                                         env={**os.environ, **(secrets or {})})
            except OSError as error:
                raise ProcessFailure(name, f"cannot be started: {error}", log) from error
        self._children[name] = child
        record = {"pid": child.pid, "start": start_time(child.pid), "boot": boot_id(), "command": list(command)}
        self._state.write(f"run/{name}.json", json.dumps(record) + "\n", 0o600)
        self._state.write(f"pids/{name}.pid", f"{child.pid}\n", 0o644)

    def failure(self, name, reason=None):
        """Why a process that this call started is not well: how it ended, and the end of what it logged since."""
        if reason is None:
            reason = describe_exit(self._children[name].poll())
        return ProcessFailure(name, reason, self.log_path(name), self.last_lines(name))

    def last_lines(self, name, count=8):
        try:
            with open(self.log_path(name), "rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(self._log_starts.get(name, 0), size - 65536))
                lines = file.read().decode("utf-8", "replace").splitlines()
        except FileNotFoundError:
            return []
        return [line for line in lines if line.strip()][-count:]

    def has_ended(self, name):
        child = self._children.get(name)
        return child is not None and child.poll() is not None

    def started(self):
        return list(self._children)

    def stop(self, names):
        """Stops those of `names` that run: orderly, front first, by force after STOP_SECONDS. Returns their names."""
        stopped = []
        for kinds in STOP_ORDER:
            group = {name: self.pid(name) for name in names if kind_of(name) in kinds}
            running = {name: pid for name, pid in group.items() if pid is not None}
            for name, pid in running.items():
                _send(pid, STOP_SIGNALS.get(kind_of(name), signal.SIGTERM))
            self._await_end(running)
            stopped += running
        for name in names:
            self._forget(name)
        return stopped

    def _await_end(self, running):
        deadline = time.monotonic() + STOP_SECONDS
        forced = False
        while left := {name: pid for name, pid in running.items() if self.pid(name) == pid}:
            if time.monotonic() > deadline and not forced:
                forced = True
                for pid in left.values():
                    _send(pid, signal.SIGKILL)
            time.sleep(0.02)

    def _forget(self, name):
        for path in (self._pid_path(name), self._record_path(name)):
            if os.path.exists(path):
                os.unlink(path)


def _send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def raise_open_files():
    """As many open files as the machine allows, for this process and those that it starts."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
