"""The private PostgreSQL of a state folder: one cluster, one database `chat`, reached by TCP and password only."""

import os
import shutil
import subprocess
import tempfile

from .layout import address
from .processes import ProcessFailure
from .state import POSTGRES_HOME

BINARIES = "/usr/lib/postgresql/15/bin"
NAME = "postgres-1"
SUPERUSER = "postgres"
DATABASE = "chat"

CONFIGURATION = """
unix_socket_directories = ''
max_connections = 200
fsync = on
synchronous_commit = on
password_encryption = 'scram-sha-256'
log_timezone = 'UTC'
timezone = 'UTC'
logging_collector = off
"""
ACCESS = """host all all 0.0.0.0/0 scram-sha-256
host all all ::/0 scram-sha-256
"""


def url(host, port, password):
    return f"postgresql://{SUPERUSER}:{password}@{address(host, port)}/{DATABASE}"


class Postgres:
    def __init__(self, state, bind, host, port, password):
        """bind: what it listens on; host: where it is reached."""
        self._state, self._bind, self._host, self._port, self._password = state, bind, host, port, password
        # PostgreSQL refuses to run as root.
        self.prefix = ()
        if os.geteuid() == 0:
            self.prefix = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--")

    def command(self):
        return [f"{BINARIES}/postgres", "-D", os.path.realpath(self._state.path("postgres")), "-p", str(self._port),
                "-c", f"listen_addresses={self._bind}"]

    def prepare(self):
        """Makes the data folder unless it is there. Returns a note for the user, or None."""
        data = self._state.path("postgres")
        if os.path.exists(data):
            return None
        fresh = self._state.path("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        if self._may_enter(self._state.folder):
            os.mkdir(fresh, 0o700)
            if self.prefix:
                shutil.chown(fresh, "postgres", "postgres")
            self._initialise(fresh)
            os.rename(fresh, data)
            return None
        elsewhere = tempfile.mkdtemp(prefix="chat-", dir=POSTGRES_HOME)
        try:
            shutil.chown(elsewhere, "postgres", "postgres")
            self._initialise(elsewhere)
            if os.path.islink(data):
                os.unlink(data)
            os.symlink(elsewhere, data)
        except BaseException:
            shutil.rmtree(elsewhere, ignore_errors=True)
            raise
        return f"the user postgres may not enter {self._state.folder}; its data lies in {elsewhere}"

    def _may_enter(self, folder):
        return subprocess.run([*self.prefix, "test", "-x", folder], check=False, stderr=subprocess.DEVNULL,
                              cwd="/").returncode == 0

    def _initialise(self, folder):
        log = self._state.path("log", f"{NAME}.log")
        with tempfile.NamedTemporaryFile("w", prefix="chat-initdb-") as secret:
            secret.write(self._password + "\n")
            secret.flush()
            if self.prefix:
                shutil.chown(secret.name, "postgres", "postgres")
            command = [*self.prefix, f"{BINARIES}/initdb", "-D", folder, "-U", SUPERUSER, f"--pwfile={secret.name}",
                       "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"]
            ended = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, cwd="/")
        with open(log, "a", encoding="utf-8") as file:
            file.write(ended.stdout)
        if ended.returncode != 0:
            raise ProcessFailure(NAME, "initdb failed", log, ended.stdout.splitlines()[-8:])
        with open(os.path.join(folder, "postgresql.conf"), "a", encoding="utf-8") as file:
            file.write(CONFIGURATION)
        with open(os.path.join(folder, "pg_hba.conf"), "w", encoding="utf-8") as file:
            file.write(ACCESS)

    def _psql(self, database, statement):
        environment = {**os.environ, "PGPASSWORD": self._password, "PGCONNECT_TIMEOUT": "2"}
        return subprocess.run([f"{BINARIES}/psql", "-h", self._host, "-p", str(self._port), "-U", SUPERUSER, "-d",
                               database, "-XqAtc", statement], check=False, env=environment, capture_output=True,
                              stdin=subprocess.DEVNULL, text=True, cwd="/")

    def is_ready(self):
        """Whether it answers, and is the one of this state folder: no other knows the password."""
        answer = self._psql("postgres", "select 1")
        if answer.returncode != 0 and "password authentication failed" in answer.stderr:
            raise ProcessFailure(NAME, f"another PostgreSQL answers on port {self._port}",
                                 self._state.path("log", f"{NAME}.log"))
        return answer.returncode == 0

    def create_database(self):
        """Needs a server that answers. Safe to repeat."""
        if self._psql("postgres", f"select 1 from pg_database where datname = '{DATABASE}'").stdout.strip() == "1":
            return
        answer = self._psql("postgres", f"create database {DATABASE}")
        if answer.returncode != 0:
            raise ProcessFailure(NAME, "cannot create the database: " + answer.stderr.strip(),
                                 self._state.path("log", f"{NAME}.log"))
