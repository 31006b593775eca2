"""The binaries of the cluster: building them, and asking them what they are able to do."""

import concurrent.futures
import fcntl
import json
import os
import subprocess

from .layout import KINDS, UsageError

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
CLIENT = "chat"


class BuildFailure(Exception):
    pass


class Binaries:
    """A folder with chat-<kind> for every kind of process."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, kind):
        return os.path.join(self.folder, f"chat-{kind}")

    def keys(self, kinds):
        """kind -> names of the configuration keys of its binary."""
        with concurrent.futures.ThreadPoolExecutor() as pool:
            return dict(zip(kinds, pool.map(self._keys, kinds)))

    def _keys(self, kind):
        try:
            ended = subprocess.run([self.path(kind), "--dump-config"], check=False, capture_output=True, text=True,
                                   stdin=subprocess.DEVNULL, timeout=30)
            if ended.returncode == 0:
                return [key["key"] for key in json.loads(ended.stdout)]
            reason = ended.stderr.strip() or f"status {ended.returncode}"
        except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError) as error:
            reason = str(error)
        raise UsageError(f"{self.path(kind)} --dump-config: {reason}")

    def migrate_command(self, kind, sets):
        """sets: key -> value; pg_url in it wins over the one in the environment."""
        return [self.path(kind), "--migrate"] + [f"--pg_url={sets[key]}" for key in ("pg_url",) if key in sets]

    @staticmethod
    def is_healthy(command):
        """command: that of the process, whose flags say where it listens and by which certificates."""
        try:
            return subprocess.run([*command, "--check-health"], check=False, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=5).returncode == 0
        except subprocess.TimeoutExpired:
            return False


def preset_folder(preset):
    return os.path.join(ROOT, ".build", preset)


def build(preset):
    """Builds what runs in a cluster, and the client. Ninja says quickly when there is nothing to do."""
    folder = preset_folder(preset)
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    with open(folder + ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(os.path.join(folder, "build.ninja")):
            _run(["cmake", "--preset", preset])
        targets = [f"chat-{kind}" for kind in KINDS] + [CLIENT]
        _run(["cmake", "--build", "--preset", preset, "--target", *targets])
    return Binaries(os.path.join(folder, "bin"))


def _run(command):
    try:
        status = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, cwd=ROOT).returncode
    except OSError as error:
        raise BuildFailure(str(error)) from error
    if status != 0:
        raise BuildFailure(f"'{' '.join(command)}' failed with status {status}")
