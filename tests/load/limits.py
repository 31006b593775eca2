"""What this machine can do at most: commits of PostgreSQL and publishes of Redis, at the servers of the cluster."""

import csv
import socket
import subprocess
import threading

DATABASE = "compare_limits"
BATCH = 100
CHANNEL = "compare"
PIPELINE = 100
PUBLISHES = {"pipelined": 400_000, "alone": 20_000}
WAIT_SECONDS = 60

TABLE = "create table row (id bigint generated always as identity primary key, feed bigint not null, body text not null)"
# Prepared, every byte of every row sent by the client.
ONE_ROW = "\\set feed random(1, 400)\ninsert into row (feed, body) values (:feed, :body);\n"
BATCH_OF_ROWS = ("\\set feed random(1, 400)\n"
                 "insert into row (feed, body) select :feed, unnest(cast(:bodies as text[]));\n")


def query(url, statement):
    ended = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", url, "-c", statement], check=True,
                           capture_output=True, text=True)
    return ended.stdout.strip()


def _bench(url, folder, script, variables, clients, seconds):
    """Transactions a second."""
    file = folder / "pgbench.sql"
    file.write_text(script, encoding="ascii")
    command = ["pgbench", "--no-vacuum", "--protocol", "prepared", "--file", file, "--client", str(clients), "--jobs", "1",
               "--time", str(seconds)]
    for name, value in variables.items():
        command += ["--define", f"{name}={value}"]
    ended = subprocess.run([*command, url], check=True, capture_output=True, text=True)
    return read_tps(ended.stdout)


def read_tps(output):
    for line in output.splitlines():
        if line.startswith("tps = "):
            return float(line.split()[2])
    raise RuntimeError(f"pgbench named no tps: {output}")


def postgres(admin_url, folder, text_bytes, seconds):
    server, _, _ = admin_url.rpartition("/")
    url = f"{server}/{DATABASE}"
    body = "x" * text_bytes
    query(admin_url, f"drop database if exists {DATABASE}")
    query(admin_url, f"create database {DATABASE}")
    try:
        query(url, TABLE)
        bodies = "{" + ",".join([body] * BATCH) + "}"
        return {"commits_per_second": _bench(url, folder, ONE_ROW, {"body": body}, 1, seconds),
                "commits_per_second_16": _bench(url, folder, ONE_ROW, {"body": body}, 16, seconds),
                "rows_per_second": BATCH * _bench(url, folder, BATCH_OF_ROWS, {"bodies": bodies}, 1, seconds)}
    finally:
        query(admin_url, f"drop database {DATABASE}")


class Subscriber:
    """One connection that counts what comes to CHANNEL."""

    def __init__(self, host, port):
        self._socket = socket.create_connection((host, int(port)), timeout=WAIT_SECONDS)
        try:
            self._subscribe()
        except Exception:
            self.close()
            raise

    def _subscribe(self):
        self._socket.sendall(f"SUBSCRIBE {CHANNEL}\r\n".encode())
        answer = f"*3\r\n$9\r\nsubscribe\r\n${len(CHANNEL)}\r\n{CHANNEL}\r\n:1\r\n".encode()
        seen = b""
        while len(seen) < len(answer):
            seen += self._receive()
        if seen != answer:
            raise RuntimeError(f"Redis answered {seen!r} to SUBSCRIBE")

    def _receive(self):
        part = self._socket.recv(1 << 20)
        if not part:
            raise RuntimeError("Redis has closed the subscriber's connection")
        return part

    def take(self, size):
        """Returns when exactly `size` further bytes are here."""
        while size > 0:
            size -= len(self._receive())
        if size < 0:
            raise RuntimeError("the subscriber got more than was published")

    def close(self):
        self._socket.close()


def message_bytes(payload):
    """Of one message as Redis sends it to a subscriber."""
    return len(f"*3\r\n$7\r\nmessage\r\n${len(CHANNEL)}\r\n{CHANNEL}\r\n${len(payload)}\r\n{payload}\r\n")


def read_rate(output):
    """Requests a second of `redis-benchmark --csv`."""
    row = list(csv.DictReader(output.splitlines()))[0]
    return float(row["rps"])


def _publish(address, payload, pipeline, count):
    """Publishes a second, all of which have come to the one subscriber."""
    host, _, port = address.rpartition(":")
    subscriber = Subscriber(host, port)
    trouble = []

    def take():
        try:
            subscriber.take(count * message_bytes(payload))
        except (OSError, RuntimeError) as error:
            trouble.append(str(error))

    taker = threading.Thread(target=take, daemon=True)
    taker.start()
    try:
        ended = subprocess.run(["redis-benchmark", "-h", host, "-p", port, "-c", "1", "-P", str(pipeline), "-n", str(count),
                                "--csv", "publish", CHANNEL, payload], check=True, capture_output=True, text=True)
        taker.join(WAIT_SECONDS)
        if trouble or taker.is_alive():
            raise RuntimeError(f"not all that was published has come: {trouble or 'no more in time'}")
        return read_rate(ended.stdout)
    finally:
        subscriber.close()


def redis(address, text_bytes):
    payload = "x" * text_bytes
    return {"publishes_per_second": _publish(address, payload, PIPELINE, PUBLISHES["pipelined"]),
            "publishes_per_second_alone": _publish(address, payload, 1, PUBLISHES["alone"])}
