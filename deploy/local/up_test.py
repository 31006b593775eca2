"""up and down as a user calls them, with a stub in place of our binaries and real PostgreSQL and Redis."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from cluster import layout, ports, processes  # noqa: E402


class UpTest(unittest.TestCase):
    def setUp(self):
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="chat-up-test-"))
        self.work.chmod(0o755)
        self.state = self.work / "state"
        self.binaries = self.work / "bin"
        self.binaries.mkdir()
        for kind in layout.KINDS:
            (self.binaries / f"chat-{kind}").symlink_to(HERE / "testdata" / "chat-stub")
        self.addCleanup(self._clean_up)

    def _clean_up(self):
        self.down("--wipe")
        shutil.rmtree(self.work)

    def call(self, program, *arguments):
        return subprocess.run(["/usr/bin/python3", "-B", HERE / program, "--state", self.state, *arguments], check=False,
                              capture_output=True, text=True, timeout=120)

    def up(self, *arguments):
        return self.call("up.py", "--binaries", self.binaries, "--free-ports", *arguments)

    def down(self, *arguments):
        return self.call("down.py", *arguments)

    def must_be_up(self, *arguments):
        ended = self.up(*arguments)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        return ended.stdout

    def pids(self):
        return {path.stem: int(path.read_text()) for path in (self.state / "pids").glob("*.pid")}

    def environment(self):
        script = f". '{self.state}/cluster.env'; for v in $(compgen -v CHAT_); do echo \"$v=${{!v}}\"; done"
        text = subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True).stdout
        return dict(line.split("=", 1) for line in text.splitlines())

    def command(self, name):
        return json.loads((self.state / "run" / f"{name}.json").read_text())["command"]

    def test_everything_runs_is_named_and_is_repeatable(self):
        table = self.must_be_up("--gateways", "3", "--replicas", "messaging=2", "--set", "auth.jwt=a,b=c")
        expected = {"postgres-1", "redis-1", "auth-1", "profile-1", "roster-1", "messaging-1", "messaging-2", "room-1",
                    "media-1", "gateway-1", "gateway-2", "gateway-3"}
        pids = self.pids()
        self.assertEqual(set(pids), expected)
        for name in expected:
            self.assertTrue((self.state / "log" / f"{name}.log").exists(), name)
            self.assertIn(name, table)
        environment = self.environment()
        self.assertEqual(len(environment["CHAT_MQTT"].split()), 3)
        self.assertNotIn("CHAT_MQTTS", environment)
        self.assertEqual(len(environment["CHAT_WSS"].split()), 3)
        verified = subprocess.run(["openssl", "verify", "-x509_strict", "-verify_ip", "127.0.0.1", "-verify_hostname",
                                   "localhost", "-CAfile", environment["CHAT_CA"], self.state / "tls" / "gateway.pem"],
                                  check=False, capture_output=True, text=True)
        self.assertEqual(verified.returncode, 0, verified.stderr)
        self.assertIn(f"--tls_cert={self.state}/tls/gateway.pem", self.command("gateway-3"))
        self.assertEqual({entry.split("=")[0] for entry in environment["CHAT_GRPC"].split()},
                         expected - {"postgres-1", "redis-1"})
        self.assertIn("--jwt=a,b=c", self.command("auth-1"))
        self.assertIn("--rate_address_per_minute=0", self.command("auth-1"))
        answer = subprocess.run(["psql", environment["CHAT_PG"], "-XqAtc", "show fsync"], check=True, capture_output=True,
                                text=True)
        self.assertEqual(answer.stdout.strip(), "on")
        self.must_be_up()
        self.assertEqual(self.pids(), pids, "what runs is left alone")

    def test_what_was_killed_comes_back_with_its_ports_settings_and_data(self):
        self.must_be_up("--set", "gateway.max_packet=77")
        before = self.environment()
        subprocess.run(["psql", before["CHAT_PG"], "-Xqc", "create table kept (x int)"], check=True)
        pids = self.pids()
        killed = {"gateway-2", "postgres-1"}
        for name in killed:
            os.kill(pids[name], signal.SIGKILL)
        ended = self.call("up.py")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertEqual({name for name, pid in self.pids().items() if pid != pids[name]}, killed)
        self.assertEqual(self.environment(), before)
        self.assertIn("--max_packet=77", self.command("gateway-2"))
        subprocess.run(["psql", before["CHAT_PG"], "-Xqc", "select x from kept"], check=True,
                       capture_output=True)

    def test_only_starts_one_process(self):
        self.must_be_up()
        for name in ("room-1", "messaging-1"):
            os.kill(self.pids()[name], signal.SIGKILL)
        self.must_be_up("--only", "messaging-1")
        runs = {name: processes.start_time(pid) is not None for name, pid in self.pids().items()}
        self.assertTrue(runs["messaging-1"])
        self.assertFalse(runs["room-1"])
        ended = self.up("--only", "messaging-9")
        self.assertEqual(ended.returncode, 2)
        self.assertIn("messaging-9", ended.stderr)

    def test_a_failure_names_process_reason_and_log_and_leaves_nothing(self):
        started = time.monotonic()
        ended = self.up("--set", "roster.die=1")
        self.assertLess(time.monotonic() - started, 20, "a death is noticed at once")
        self.assertEqual(ended.returncode, 1)
        for text in ("roster-1", "status 3", "fatal: die was asked for", str(self.state / "log" / "roster-1.log")):
            self.assertIn(text, ended.stderr)
        self.assertEqual(self.pids(), {})

    def test_a_process_that_never_becomes_healthy_is_named(self):
        ended = self.up("--set", "media.sick=1", "--timeout", "10")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("media-1: is not healthy after 10 s", ended.stderr)
        self.assertEqual(self.pids(), {})

    def test_a_wrong_setting_is_refused_by_name_before_anything_starts(self):
        for setting, text in (("auth.nonsense=1", "auth.nonsense"), ("nobody.jwt=1", "nobody"), ("auth.name=x", "auth.name"),
                              ("auth", "auth"), ("gateway.pg_url=x", "gateway.pg_url")):
            ended = self.up("--set", setting)
            self.assertEqual(ended.returncode, 2, setting)
            self.assertIn(text, ended.stderr)
            self.assertEqual(self.pids(), {})

    def test_down_stops_by_pid_and_forces_the_deaf(self):
        self.must_be_up("--set", "room.deaf=1")
        pids = self.pids()
        self.assertEqual(self.down().returncode, 0)
        self.assertEqual([name for name, pid in pids.items() if processes.start_time(pid) is not None], [])
        self.assertTrue((self.state / "postgres").exists(), "the data stays")
        self.assertEqual(self.down("--wipe").returncode, 0)
        self.assertFalse(self.state.exists())

    def test_a_pid_that_is_somebody_elses_now_is_not_touched(self):
        self.must_be_up()
        stranger = subprocess.Popen(["sleep", "100"])
        self.addCleanup(stranger.wait)
        self.addCleanup(stranger.kill)
        os.kill(self.pids()["room-1"], signal.SIGKILL)
        record = json.loads((self.state / "run" / "room-1.json").read_text())
        (self.state / "run" / "room-1.json").write_text(json.dumps({**record, "pid": stranger.pid}))
        self.down()
        self.assertIsNone(stranger.poll())

    def test_foreground_stops_everything_at_a_signal(self):
        output = open(self.work / "output", "w+", encoding="utf-8")
        self.addCleanup(output.close)
        process = subprocess.Popen(["/usr/bin/python3", "-B", HERE / "up.py", "--state", self.state, "--free-ports",
                                    "--binaries", self.binaries, "--foreground"], stdout=output)
        deadline = time.monotonic() + 60
        while "foreground" not in (self.work / "output").read_text() and time.monotonic() < deadline:
            time.sleep(0.05)
        pids = self.pids()
        self.assertEqual(len(pids), 10)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), 0)
        self.assertEqual([pid for pid in pids.values() if processes.start_time(pid) is not None], [])

    @unittest.skipIf(os.geteuid() != 0, "only root runs PostgreSQL as somebody else")
    def test_a_folder_that_postgres_may_not_enter_is_served_all_the_same(self):
        self.work.chmod(0o700)
        self.assertIn("may not enter", self.must_be_up("--only", "postgres-1"))
        data = (self.state / "postgres").resolve()
        self.assertTrue((data / "PG_VERSION").exists())
        self.down("--wipe")
        self.assertFalse(data.exists())


class PortsTest(unittest.TestCase):
    def test_clients_find_gateway_n_ten_thousand_ports_up(self):
        known = {"gateway-1": {"mqtt": 1883, "mqtts": 8883, "ws": 8083, "wss": 8084, "n2o": 8000},
                 "gateway-3": {"mqtt": 21883, "mqtts": 28883, "ws": 28083, "wss": 28084, "n2o": 28000}}
        for name, expected in known.items():
            self.assertEqual({purpose: ports.fixed(name, purpose) for purpose in expected}, expected)
        self.assertEqual(ports.fixed("media-1", "http"), 8080)

    def test_no_two_listeners_have_one_fixed_port(self):
        settings = layout.Settings(gateways=6, replicas={service: 5 for service in layout.SERVICES})
        plan = ports.Plan({})
        plan.complete(layout.process_names(settings), "127.0.0.1", free=False)
        given = [port for mine in plan.ports.values() for port in mine.values()]
        self.assertEqual(len(given), len(set(given)))

    def test_two_calls_at_once_pick_no_port_twice_and_none_of_connections(self):
        with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as text:
            lowest, highest = map(int, text.read().split())
        with unittest.mock.patch.object(ports, "pickable", lambda: list(range(30003, 29999, -1))):
            plans = [ports.Plan({}), ports.Plan({})]
            for plan in plans:
                plan.complete(["postgres-1", "redis-1"], "127.0.0.1", free=True)
            given = [port for plan in plans for mine in plan.ports.values() for port in mine.values()]
            with self.assertRaisesRegex(layout.UsageError, "no port"):
                ports.Plan({}).complete(["redis-1"], "127.0.0.1", free=True)
        self.assertEqual(sorted(given), [30000, 30001, 30002, 30003])
        for plan in plans:
            plan.release()
        self.assertFalse([port for port in ports.pickable() if lowest <= port <= highest])

    def test_a_port_on_which_somebody_listens_is_not_picked(self):
        with socket.create_server(("127.0.0.1", 0), reuse_port=True) as listener:
            self.assertIsNone(ports.hold("127.0.0.1", listener.getsockname()[1]))

    def test_the_process_for_which_a_port_is_held_can_listen_on_it(self):
        plan = ports.Plan({})
        plan.complete(["redis-1"], "127.0.0.1", free=True)
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            with socket.socket() as server:
                server.setsockopt(socket.SOL_SOCKET, option, 1)
                server.bind(("127.0.0.1", *plan.ports["redis-1"].values()))
                server.listen()
        plan.release()

    def test_more_gateways_than_there_are_ports_is_an_error(self):
        with self.assertRaisesRegex(layout.UsageError, "gateway-7"):
            ports.Plan({}).complete(["gateway-7"], "127.0.0.1", free=False)


if __name__ == "__main__":
    sys.exit(unittest.main())
