"""The binaries of this build, asked about themselves: the one truth that chart, compose file and Dockerfile are held against."""

import functools
import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("CHAT_BINARIES", ROOT / ".build/debug/bin"))
KINDS = ("gateway", "auth", "profile", "roster", "messaging", "room", "media")


def run(command, **options):
    return subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120,
                          **options)


def dump(kind, environment=None):
    """Its configuration with these variables and no others: key -> what --dump-config says. ValueError when it refuses them."""
    ended = run([BINARIES / f"chat-{kind}", "--dump-config"], env=environment or {})
    if ended.returncode != 0:
        raise ValueError(f"chat-{kind}: {ended.stderr.strip()}")
    return {key["key"]: key for key in json.loads(ended.stdout)}


@functools.lru_cache(maxsize=None)
def keys(kind):
    return dump(kind)


@functools.lru_cache(maxsize=None)
def help_text(kind):
    return run([BINARIES / f"chat-{kind}", "--help"]).stdout


def dependencies(kind):
    """Keys by which a process is told of what it needs: the addresses of peers, PostgreSQL, Redis, its own address."""
    return {key for key in keys(kind) if key.endswith("_addrs") or key in ("pg_url", "redis", "advertise")}


def listeners(kind):
    return {key for key in keys(kind) if key.endswith("_listen")}


def faults_of_environment(kind, environment):
    """What is wrong with giving a process these CHAT_ variables, as a list of sentences."""
    known = {key["environment"]: name for name, key in keys(kind).items()}
    faults = [f"chat-{kind} has no key for {name}" for name in environment
              if name.startswith("CHAT_") and name not in known]
    given = {known[name] for name in environment if name in known}
    faults += [f"chat-{kind} is not told {key} ({keys(kind)[key]['environment']})"
               for key in sorted(dependencies(kind) - given)]
    try:
        taken = dump(kind, environment)
    except ValueError as refused:
        return faults + [str(refused)]
    for name, value in environment.items():
        key = taken.get(known.get(name))
        if key and not key["secret"] and key["value"] != value:
            faults.append(f"chat-{kind} took {key['value']} for {name}={value}")
    return faults
