"""The state folder: what is remembered of a cluster between two calls, and the lock that admits one call at a time."""

import contextlib
import fcntl
import json
import os
import secrets
import shutil

from .layout import Settings

# Whatever a cluster leaves in its folder; `wipe` removes these and nothing that somebody else put there.
OWN_ENTRIES = ("postgres", "postgres.new", "redis", "objects", "outbox", "tls", "pids", "run", "log", "cluster.env",
               "cluster.json", "lock")
# Where PostgreSQL's data goes when its user may not enter the state folder.
POSTGRES_HOME = "/var/lib/postgresql"


class State:
    def __init__(self, folder):
        self.folder = os.path.abspath(folder)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def exists(self):
        return os.path.exists(self.path("cluster.json"))

    def prepare(self):
        os.makedirs(self.folder, exist_ok=True)
        for name, mode in (("pids", 0o755), ("run", 0o700), ("log", 0o755), ("outbox", 0o700), ("objects", 0o700),
                           ("redis", 0o700)):
            os.makedirs(self.path(name), mode=mode, exist_ok=True)

    @contextlib.contextmanager
    def lock(self, waiting):
        """Only one `up` or `down` works on a folder at a time. waiting(): called once if another one is at work."""
        descriptor = self._locked_descriptor(waiting)
        try:
            yield
        finally:
            os.close(descriptor)

    def _locked_descriptor(self, waiting):
        path = self.path("lock")
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            # `down --wipe` removes the file: a lock on a removed file excludes nobody.
            with contextlib.suppress(FileNotFoundError):
                if os.stat(path).st_ino == os.fstat(descriptor).st_ino:
                    return descriptor
            os.close(descriptor)

    def load(self):
        """(settings, ports, postgres password) of this folder, fresh ones if there are none."""
        if not self.exists():
            return Settings(), {}, secrets.token_hex(16)
        with open(self.path("cluster.json"), encoding="utf-8") as file:
            stored = json.load(file)
        return Settings(**stored["settings"]), stored["ports"], stored["postgres_password"]

    def save(self, settings, ports, password):
        stored = {"settings": settings.to_json(), "ports": ports, "postgres_password": password}
        self.write("cluster.json", json.dumps(stored, indent=1) + "\n", 0o600)

    def write_environment(self, variables):
        lines = [name + "='" + value.replace("'", "'\\''") + "'" for name, value in variables.items()]
        self.write("cluster.env", "\n".join(lines) + "\n", 0o600)

    def write(self, name, text, mode):
        path = self.path(name)
        descriptor = os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(path + ".new", path)

    def wipe(self):
        data = self.path("postgres")
        if os.path.islink(data):
            target = os.path.realpath(data)
            if target.startswith(POSTGRES_HOME + "/chat-"):
                shutil.rmtree(target, ignore_errors=True)
            os.unlink(data)
        for name in OWN_ENTRIES:
            path = self.path(name)
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
        with contextlib.suppress(OSError):
            os.rmdir(self.folder)
