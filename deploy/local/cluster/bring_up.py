"""Bringing a cluster up: what is missing is started, infrastructure first, then migrations, then all else at once."""

import concurrent.futures
import os
import socket
import subprocess
import time

from . import ports as port_numbers
from .certificates import Certificates
from .layout import (INFRASTRUCTURE, SERVICES, UsageError, address, environment, flags, kind_of, listeners,
                     process_names, reachable_host, secrets)
from .postgres import NAME as POSTGRES
from .postgres import Postgres, url
from .processes import ProcessFailure
from .redis import NAME as REDIS
from .redis import Redis

POLL_SECONDS = 0.05
# A PostgreSQL that was killed is in the way of a new one for a moment: itself until reaped, then its workers.
POSTGRES_IN_THE_WAY = ("still in use", 'lock file "postmaster.pid" already exists')
POSTGRES_ATTEMPTS = 40


class Cluster:
    def __init__(self, state, settings, plan, password, processes, binaries, known, timeout):
        """binaries and known (kind -> its keys) may be None and {} where only infrastructure is wanted."""
        self._state, self._settings, self._ports, self._processes = state, settings, plan.ports, processes
        self._binaries, self._known, self._timeout = binaries, known, timeout
        self._host = reachable_host(settings.bind)
        self.pg_url = url(self._host, self._ports[POSTGRES]["postgres"], password)
        self._postgres = Postgres(state, settings.bind, self._host, self._ports[POSTGRES]["postgres"], password)
        self._redis = Redis(state, settings.bind, self._host, self._ports[REDIS]["redis"])
        self._certificates = Certificates(state, settings.bind)
        self.notes = []

    def command(self, name):
        kind = kind_of(name)
        folders = {"outbox_dir": self._state.path("outbox"), "object_dir": self._state.path("objects"),
                   **self._certificates.files()}
        return [self._binaries.path(kind)] + flags(name, self._settings, self._ports, folders, self._known[kind])

    def environment(self):
        return environment(self._settings, self._ports, self._known, self.pg_url, self._state.path("outbox"),
                           self._certificates.authority)

    def start(self, names):
        """Starts those of `names` that do not run and returns when they are healthy; raises ProcessFailure."""
        missing = [name for name in names if self._processes.pid(name) is None]
        self._note_changed_flags(name for name in names if name not in missing)
        for name in missing:
            self._refuse_taken_ports(name)
        self._start_infrastructure([name for name in missing if kind_of(name) in INFRASTRUCTURE])
        servers = [name for name in missing if kind_of(name) not in INFRASTRUCTURE]
        self._migrate(sorted({kind_of(name) for name in servers} & set(SERVICES)))
        if any("tls_cert" in self._known[kind_of(name)] for name in servers):
            self._certificates.prepare()
        for name in servers:
            self._processes.spawn(name, self.command(name), secrets=secrets(kind_of(name), self.pg_url))
        self._await_health(servers)
        return missing

    def _note_changed_flags(self, running):
        older = [name for name in running
                 if kind_of(name) not in INFRASTRUCTURE and self._processes.command(name) != self.command(name)]
        if older:
            self.notes.append("still with the settings they were started with (down and up gives them the new ones): "
                              + ", ".join(older))

    def _refuse_taken_ports(self, name):
        kind = kind_of(name)
        for purpose, port in self._ports[name].items():
            heard = kind in INFRASTRUCTURE or listeners(kind)[purpose] in self._known[kind]
            if heard and port_numbers.is_taken(self._settings.bind, port):
                raise ProcessFailure(name, f"port {port} ({purpose}) is taken by another program",
                                     self._processes.log_path(name))

    def _start_infrastructure(self, names):
        if REDIS in names:
            self._processes.spawn(REDIS, self._redis.command())
        if POSTGRES in names:
            note = self._postgres.prepare()
            self.notes += [note] if note else []
            self._start_postgres()
        if REDIS in names:
            self._await(REDIS, self._redis.is_ready)

    def _start_postgres(self):
        for attempt in range(POSTGRES_ATTEMPTS):
            self._processes.spawn(POSTGRES, self._postgres.command(), self._postgres.prefix)
            try:
                self._await(POSTGRES, self._postgres.is_ready)
                break
            except ProcessFailure as failure:
                in_the_way = any(text in line for line in failure.lines for text in POSTGRES_IN_THE_WAY)
                if not in_the_way or attempt == POSTGRES_ATTEMPTS - 1:
                    raise
                time.sleep(POLL_SECONDS)
        self._postgres.create_database()

    def _await(self, name, is_ready):
        deadline = time.monotonic() + self._timeout
        while not is_ready():
            if self._processes.has_ended(name):
                raise self._processes.failure(name)
            if time.monotonic() > deadline:
                raise self._processes.failure(name, f"does not answer after {self._timeout:.0f} s")
            time.sleep(POLL_SECONDS)

    def _migrate(self, kinds):
        """Applies the migrations of these services, each its own schema, all at once."""
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(self._migrate_one, kinds))

    def _migrate_one(self, kind):
        name = f"{kind}-migrate"
        log = self._processes.log_path(name)
        try:
            command = self._binaries.migrate_command(kind, self._settings.sets.get(kind, {}))
            ended = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, timeout=self._timeout,
                                   env={**os.environ, **secrets(kind, self.pg_url)})
        except subprocess.TimeoutExpired as expired:
            self._append(log, expired.stdout)
            raise ProcessFailure(name, f"does not end after {self._timeout:.0f} s", log) from expired
        self._append(log, ended.stdout)
        if ended.returncode != 0:
            raise ProcessFailure(name, f"ended with status {ended.returncode}", log,
                                 ended.stdout.decode("utf-8", "replace").splitlines()[-8:])

    @staticmethod
    def _append(log, output):
        with open(log, "ab") as file:
            file.write(output or b"")

    def _await_health(self, names):
        """Looks at all of them in turn, so that one that ends is noticed whatever another one is doing."""
        deadline = time.monotonic() + self._timeout
        ill = list(names)
        while ill:
            for name in names:
                if self._processes.has_ended(name):
                    raise self._processes.failure(name)
            for name in list(ill):
                if self._is_healthy(name):
                    ill.remove(name)
                    break
            else:
                time.sleep(POLL_SECONDS)
            if ill and time.monotonic() > deadline:
                raise self._processes.failure(ill[0], f"is not healthy after {self._timeout:.0f} s")

    def _is_healthy(self, name):
        port = self._ports[name]["grpc"]
        try:
            # Far cheaper than a process that asks, while nobody listens yet.
            socket.create_connection((self._host, port), timeout=1).close()
        except OSError:
            return False
        return self._binaries.is_healthy(self.command(name))

    def table(self):
        """Rows of (process, pid, what listens where) of the whole cluster."""
        rows = []
        for name in process_names(self._settings):
            kind = kind_of(name)
            pid = self._processes.pid(name)
            where = []
            for purpose, port in self._ports[name].items():
                if kind in INFRASTRUCTURE or listeners(kind)[purpose] in self._known.get(kind, ()):
                    where.append(f"{purpose} {address(self._settings.bind, port)}")
            rows.append((name, str(pid) if pid else "-", "  ".join(where)))
        return rows


def check_names(names, settings):
    known = process_names(settings)
    for name in names:
        if name not in known:
            raise UsageError(f"--only {name}: this cluster has {', '.join(known)}")
