#!/usr/bin/env python3
"""The exit codes and streams of the program: usage_test.py CHAT"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import unittest

CHAT = sys.argv.pop(1)


def chat(*words, **options):
    return subprocess.run([CHAT, *words], capture_output=True, text=True, timeout=60,
                          check=False, **options)


def closed_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class UsageTest(unittest.TestCase):
    def test_wrong_calls_end_with_2_and_say_so_on_stderr(self):
        for words in [[], ["dance"], ["send", "lobby"], ["login", "--count", "1"], ["friend"],
                      ["login", "--gateway", "nowhere"], ["listen", "--count", "0"]]:
            with tempfile.TemporaryDirectory() as home:
                done = chat(*words, env={**os.environ, "HOME": home})
            self.assertEqual(done.returncode, 2, words)
            self.assertEqual(done.stdout, "", words)
            self.assertTrue(done.stderr.startswith("chat: "), words)

    def test_help_and_version_go_to_stdout(self):
        for words in [["--help"], ["-h"], ["--version"], ["send", "--help"],
                      ["friend", "add", "-h"]]:
            done = chat(*words)
            self.assertEqual((done.returncode, done.stderr), (0, ""), words)
            self.assertNotEqual(done.stdout, "", words)

    def test_without_a_server_the_exit_code_is_3(self):
        with tempfile.TemporaryDirectory() as folder:
            home = os.path.join(folder, "home")
            done = chat("register", "380670001234", "--home", home,
                        "--gateway", f"127.0.0.1:{closed_port()}")
            self.assertEqual((done.returncode, done.stdout), (3, ""), done.stderr)
            self.assertIn("refused", done.stderr)
            self.assertEqual(os.stat(home).st_mode & 0o777, 0o700)

    def test_a_server_that_says_nothing_is_given_up(self):
        with socket.socket() as listener, tempfile.TemporaryDirectory() as home:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            done = chat("register", "380670001234", "--home", home, "--timeout", "0.2",
                        "--gateway", f"127.0.0.1:{listener.getsockname()[1]}")
        self.assertEqual(done.returncode, 3, done.stderr)

    def test_a_server_that_speaks_something_else_is_given_up(self):
        with socket.socket() as listener, tempfile.TemporaryDirectory() as home:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            running = subprocess.Popen(
                [CHAT, "register", "380670001234", "--home", home,
                 "--gateway", f"127.0.0.1:{listener.getsockname()[1]}"],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            peer, _ = listener.accept()
            peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            _, errors = running.communicate(timeout=30)
            peer.close()
        self.assertEqual(running.returncode, 3, errors)

    def test_without_a_token_the_code_is_not_authorized(self):
        with tempfile.TemporaryDirectory() as home:
            done = chat("login", "--home", home)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.splitlines()[0], "not_authorized")

    def test_a_home_that_cannot_be_used_ends_with_2(self):
        done = chat("login", "--home", "/dev/null/home")
        self.assertEqual(done.returncode, 2, done.stderr)

    def test_bert_answers_line_by_line(self):
        with subprocess.Popen([CHAT, "bert"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True) as running:
            running.stdin.write("836101\n")
            running.stdin.flush()
            self.assertEqual(json.loads(running.stdout.readline()),
                             {"term": "1", "canonical": "836101", "record": None, "error": None})
            running.stdin.close()
            self.assertEqual(running.wait(30), 0)

    def test_bert_survives_every_line(self):
        lines = ["", "zz", "8", "836101\r", " 836101 ", "83" + "6c00000001" * 300 + "6a",
                 "836d00300000" + "61" * 3145728, "ff" * 3000000, "\0\0", "83680264000654797069"]
        done = chat("bert", input="\n".join(lines))
        reports = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(done.returncode, 0)
        self.assertEqual([report["error"] is None for report in reports],
                         [False, False, False, True, True, False, True, False, False, False])

    def test_bert_says_why_a_term_does_not_fit_the_record_it_is_named_after(self):
        # {'Typing',1}, {hello,1}
        done = chat("bert", input="8368026400065479 70696e676101\n".replace(" ", "") +
                    "83680264000568656c6c6f6101\n")
        misfit, other = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual((misfit["term"], misfit["record"]), ("{'Typing',1}", None))
        self.assertIn("Typing", misfit["error"])
        self.assertEqual((other["record"], other["error"]), (None, None))


if __name__ == "__main__":
    unittest.main()
