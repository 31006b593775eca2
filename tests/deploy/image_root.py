#!/usr/bin/env python3
"""The steps of deploy/docker/Dockerfile in fresh Debian 12 roots, as far as they go without a container engine; as root, with a network.

    image_root.py [--build] [--service NAME]… [--binaries DIR]

A stage is a root made by debootstrap (minbase) in which its instructions are carried out in order: RUN by chroot, COPY, LABEL, USER and the rest.
With --build the stage that compiles runs as well, from the sources that .dockerignore lets through; else its /out is the stripped binaries of
--binaries (.build/release/bin). Then each service is held against what the image promises: it says its version, starts with a read-only root as
user 65532 and nothing but its configuration, and the image's own HEALTHCHECK finds a gateway healthy. Prints what the image weighs."""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "deploy/docker/Dockerfile"
KINDS = ("gateway", "auth", "profile", "roster", "messaging", "room", "media")
SUITE = {"debian:12-slim": "bookworm"}
USER = 65532
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}
# What debian:12-slim leaves out of a minbase root; dpkg is told to leave it out of what comes later, too.
SLIM = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/groff", "usr/share/lintian", "usr/share/linda")


def instructions():
    """(instruction, rest) in order, continued lines joined."""
    text = re.sub(r"\\\n", " ", "\n".join(line for line in DOCKERFILE.read_text().splitlines() if not line.startswith("#")))
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


def stages():
    """[(name, base, instructions)]"""
    found = []
    for instruction, rest in instructions():
        if instruction == "FROM":
            base, *name = re.split(r"\s+AS\s+", rest)
            found.append((name[0] if name else "image", base, []))
        else:
            found[-1][2].append((instruction, rest))
    return found


def substituted(text, arguments):
    text = re.sub(r"\$\{(\w+):\+([^}]*(?:\$\{\w+\}[^}]*)?)\}", lambda m: m.group(2) if arguments.get(m.group(1)) else "", text)
    return re.sub(r"\$\{(\w+)\}", lambda m: arguments[m.group(1)] if m.group(1) in arguments else m.group(0), text)


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, **options)


@contextlib.contextmanager
def mounted(root, read_only=False):
    """/proc and /dev of the machine in the root; with read_only nothing else of it can be written but /tmp."""
    mounts = []
    try:
        if read_only:
            run("mount", "--bind", root, root)
            mounts.append(root)
            run("mount", "-o", "remount,ro,bind", root)
        for name in ("proc", "dev"):
            run("mount", "--bind", f"/{name}", root / name)
            mounts.append(root / name)
        yield
    finally:
        for mount in reversed(mounts):
            subprocess.run(["umount", str(mount)], check=False)


class Stage:
    def __init__(self, folder, name, base, made):
        self.root, self.made = folder / name, made  # made: stage -> its root
        run("debootstrap", "--variant=minbase", SUITE[base], self.root, stdout=subprocess.DEVNULL)
        sources = "".join(f"deb http://deb.debian.org/{part}\n" for part in (
            "debian bookworm main", "debian bookworm-updates main", "debian-security bookworm-security main"))
        (self.root / "etc/apt/sources.list").write_text(sources)
        self.slim()
        (self.root / "etc/dpkg/dpkg.cfg.d/docker").write_text("".join(f"path-exclude /{path}/*\n" for path in SLIM))
        # As in the images of Debian: nothing of a download stays.
        clean = "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"
        (self.root / "etc/apt/apt.conf.d/docker-clean").write_text(
            f'DPkg::Post-Invoke {{ "{clean}"; }};\nAPT::Update::Post-Invoke {{ "{clean}"; }};\n'
            'Dir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\nAcquire::Languages "none";\n')
        self.environment, self.user, self.folder, self.health, self.entry = dict(ENVIRONMENT), None, "/", None, None
        self.base = self.bytes()

    def slim(self):
        for path in SLIM:
            shutil.rmtree(self.root / path, ignore_errors=True)
        for archive in (self.root / "var/cache/apt/archives").glob("*.deb"):
            archive.unlink()
        shutil.rmtree(self.root / "var/lib/apt/lists", ignore_errors=True)
        (self.root / "var/lib/apt/lists/partial").mkdir(parents=True)
        for index in (self.root / "var/cache/apt").glob("*.bin"):
            index.unlink()

    def bytes(self):
        return int(run("du", "-sx", "--block-size=1", self.root, capture_output=True, text=True).stdout.split()[0])

    def carry_out(self, steps, arguments):
        known = {}
        for instruction, rest in steps:
            if instruction == "ARG":
                name, _, default = rest.partition("=")
                known[name] = arguments.get(name, default)
                continue
            if instruction != "RUN":
                rest = substituted(rest, known)
            print(f"  {instruction} {rest[:120]}", flush=True)
            getattr(self, "do_" + instruction.lower())(rest, known)

    def do_workdir(self, rest, _):
        self.folder = rest
        (self.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)

    def do_copy(self, rest, _):
        *sources, target = [word for word in rest.split() if not word.startswith("--")]
        stage = re.search(r"--from=(\w+)", rest)
        origin = self.made[stage.group(1)] if stage else ROOT
        for source in sources:
            place = (self.root / self.folder.lstrip("/") / target.lstrip("./")) if not target.startswith("/") else self.root / target.lstrip("/")
            origin_path = origin / source.lstrip("/")
            if origin_path.is_dir():
                shutil.copytree(origin_path, place, symlinks=True, dirs_exist_ok=True,
                                ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
            else:
                place = place / origin_path.name if target.endswith("/") else place
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(origin_path, place)

    def do_run(self, rest, known):
        with mounted(self.root):
            run("chroot", self.root, "/bin/sh", "-ec", f"cd {self.folder}; {rest}", env={**self.environment, **known},
                stdout=subprocess.DEVNULL)

    def do_user(self, rest, _):
        self.user = rest

    def do_healthcheck(self, rest, _):
        self.health = json.loads(rest[rest.index("CMD") + 3:])

    def do_entrypoint(self, rest, _):
        self.entry = json.loads(rest)

    def do_label(self, rest, _):
        if "${" in rest:
            raise SystemExit(f"a label is not filled in: {rest}")

    def do_stopsignal(self, rest, _):
        if rest != "SIGTERM":
            raise SystemExit("the processes end by SIGTERM")

    # ---- what a container would do ---------------------------------------------------------------
    def command(self, words):
        return ["chroot", f"--userspec={self.user}", "--groups=", self.root, *words]

    def say(self, *words):
        return run(*self.command([*self.entry, *words]), env=self.environment, capture_output=True, text=True).stdout


def check(stage, service, version):
    """Fails unless the image does what is promised."""
    with mounted(stage.root, read_only=True):
        said = stage.say("--version").strip()
        assert said.startswith(f"chat-{service} ") and (not version or said.endswith(version)), said
        json.loads(stage.say("--dump-config"))
        assert run(*stage.command(["/usr/local/bin/chat", "--version"]), env=stage.environment, capture_output=True, text=True).stdout
        if service != "gateway":
            return said
        environment = {**stage.environment, "CHAT_GATEWAY_GRPC_LISTEN": "127.0.0.1:29170", "CHAT_GATEWAY_HEALTH_LISTEN": "127.0.0.1:29180",
                       "CHAT_GATEWAY_METRICS_LISTEN": "127.0.0.1:29190", "CHAT_GATEWAY_MQTT_LISTEN": "127.0.0.1:29183"}
        server = subprocess.Popen([str(word) for word in stage.command(stage.entry)], env=environment, stderr=subprocess.PIPE, text=True)
        try:
            deadline = time.monotonic() + 20
            while subprocess.run([str(word) for word in stage.command(stage.health)], env=environment, check=False, capture_output=True).returncode:
                assert server.poll() is None, server.stderr.read()
                assert time.monotonic() < deadline, "HEALTHCHECK does not find it healthy"
                time.sleep(0.1)
        finally:
            server.terminate()
            assert server.wait(30) == 0, server.stderr.read()
    return said


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", action="store_true", help="compile in the first stage: half an hour")
    parser.add_argument("--service", action="append", choices=KINDS, help="which image; all of them")
    parser.add_argument("--binaries", type=pathlib.Path, default=ROOT / ".build/release/bin")
    parser.add_argument("--version", default="", help="what ARG VERSION is, with --build")
    asked = parser.parse_args()
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        sys.exit("image_root.py: needs root and the package debootstrap")
    (build, base, build_steps), (_, image_base, image_steps) = stages()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="chat-image-", dir="/var/tmp"))
    try:
        made = {build: folder / build}
        if asked.build:
            print(f"stage {build}", flush=True)
            Stage(folder, build, base, made).carry_out(build_steps, {"VERSION": asked.version})
        else:
            (made[build] / "out").mkdir(parents=True)
            for name in ("chat", *(f"chat-{kind}" for kind in KINDS)):
                run("strip", "-o", made[build] / "out" / name, asked.binaries / name)
        services = asked.service or KINDS
        print(f"stage image, {services[0]}", flush=True)
        stage = Stage(folder, "image", image_base, made)
        stage.carry_out(image_steps, {"SERVICE": services[0], "VERSION": asked.version})
        assert stage.user == f"{USER}:{USER}", stage.user
        rows = []
        for service in services:
            shutil.copy2(made[build] / "out" / f"chat-{service}", stage.root / "usr/local/bin/chat-server")
            ours = sum((stage.root / "usr/local/bin" / name).stat().st_size for name in ("chat", "chat-server"))
            rows.append((service, check(stage, service, asked.version), stage.bytes(), ours))
        print(f"\nbase {stage.base / 1e6:.0f} MB")
        for service, said, whole, ours in rows:
            print(f"{service:10} {whole / 1e6:6.1f} MB, of it ours {ours / 1e6:5.1f} MB ({said})")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
