"""The command line of `up`: options onto the remembered settings, then the cluster onto its feet."""

import argparse
import os
import signal
import sys
import time

from cluster.binaries import ROOT, Binaries, BuildFailure, build
from cluster.bring_up import Cluster, check_names
from cluster.layout import (INFRASTRUCTURE, KINDS, SERVICES, UsageError, check_set, kind_of, process_names)
from cluster.ports import Plan
from cluster.processes import ProcessFailure, Processes, raise_open_files
from cluster.state import State

LAYOUT_OPTIONS = ("bind", "free_ports")


class Interrupted(Exception):
    pass


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="up", description="Starts what does not run of the cluster in a state folder. Options of earlier calls on "
        "the same folder stay in force; those given now are added to them.")
    parser.add_argument("--state", metavar="DIR", default=os.path.join(ROOT, ".local"),
                        help="the state folder (.local)")
    parser.add_argument("--gateways", metavar="N", type=count, help="how many gateways (2)")
    parser.add_argument("--replicas", metavar="SERVICE=N", action="append", default=[], type=replica,
                        help="how many of a service (1)")
    parser.add_argument("--set", metavar="PROCESS.KEY=VALUE", action="append", default=[], type=setting,
                        help="a configuration key of one kind of process")
    parser.add_argument("--free-ports", action="store_true", default=None, help="pick every port, a free one from 20000 up")
    parser.add_argument("--bind", metavar="ADDR", help="the address that everything listens on (127.0.0.1)")
    parser.add_argument("--preset", metavar="NAME", help="what to build and run (release)")
    parser.add_argument("--binaries", metavar="DIR", help="run the binaries of this folder and build nothing")
    parser.add_argument("--only", metavar="NAME", action="append", default=[],
                        help="start this process only, such as messaging-2")
    parser.add_argument("--foreground", action="store_true", help="stay, and stop the cluster at SIGINT or SIGTERM")
    parser.add_argument("--timeout", metavar="SECONDS", type=float, default=60,
                        help="how long a process may take to become healthy (60)")
    return parser.parse_args(arguments)


def count(text):
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no positive number")
    return number


def replica(text):
    service, equals, number = text.partition("=")
    if not equals or service not in SERVICES:
        raise argparse.ArgumentTypeError(f"'{text}' is not SERVICE=N with SERVICE of {', '.join(SERVICES)}")
    return service, count(number)


def setting(text):
    path, equals, value = text.partition("=")
    kind, dot, key = path.partition(".")
    if not equals or not dot or not kind or not key:
        raise argparse.ArgumentTypeError(f"'{text}' is not PROCESS.KEY=VALUE")
    return kind, key, value


def merge(settings, options, is_running):
    """Puts the options given now onto the remembered settings. True if ports must be given anew."""
    anew = False
    for name in LAYOUT_OPTIONS:
        given = getattr(options, name)
        if given is not None and given != getattr(settings, name):
            if is_running:
                raise UsageError(f"--{name.replace('_', '-')} differs from what this cluster runs with; call down first")
            setattr(settings, name, given)
            anew = True
    if options.preset is not None:
        settings.preset, settings.binaries = options.preset, ""
    if options.binaries is not None:
        settings.binaries = os.path.abspath(options.binaries)
    if options.gateways is not None:
        settings.gateways = options.gateways
    settings.replicas.update(options.replicas)
    for kind, key, value in options.set:
        settings.sets.setdefault(kind, {})[key] = value
    return anew


def find_binaries(settings, names):
    """(binaries, kind -> its keys); builds if need be. Nothing is asked of them when only infrastructure is wanted."""
    if all(kind_of(name) in INFRASTRUCTURE for name in names):
        return None, {}
    binaries = Binaries(settings.binaries) if settings.binaries else build(settings.preset)
    known = binaries.keys(KINDS)
    for kind, sets in settings.sets.items():
        for key in sets:
            check_set(kind, key, known.get(kind, ()))
    return binaries, known


def bring_up(state, options):
    """One whole call under the folder's lock; returns the processes, for --foreground."""
    processes = Processes(state)
    settings, ports, password = state.load()
    is_running = any(processes.pid(name) for name in processes.names())
    anew = merge(settings, options, is_running)
    if anew:
        ports = {}
    names = process_names(settings)
    check_names(options.only, settings)
    wanted = [name for name in names if not options.only or name in options.only]
    binaries, known = find_binaries(settings, wanted)
    plan = Plan(ports)
    plan.complete(names, settings.bind, settings.free_ports)
    state.save(settings, plan.ports, password)
    cluster = Cluster(state, settings, plan, password, processes, binaries, known, options.timeout)
    if binaries is not None or anew or not os.path.exists(state.path("cluster.env")):
        state.write_environment(cluster.environment())
    try:
        surplus = [name for name in processes.names() if name not in names]
        for name in processes.stop(surplus):
            cluster.notes.append(f"{name} is no longer part of the cluster and was stopped")
        cluster.start(wanted)
    except BaseException:
        ignore_signals()
        processes.stop(processes.started())
        raise
    finally:
        plan.release()
    if not options.foreground:
        ignore_signals()
    report(state, cluster)
    return processes


def report(state, cluster):
    rows = [("process", "pid", "listens")] + cluster.table()
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for name, pid, where in rows:
        print(f"{name:<{widths[0]}}  {pid:>{widths[1]}}  {where}")
    for note in cluster.notes:
        print(f"note: {note}")
    print(f"addresses: {state.path('cluster.env')}   logs: {state.path('log')}")
    sys.stdout.flush()


def stay(state, processes):
    """Until a signal or until nothing is left; then stops whatever runs in the folder."""
    print("running in the foreground; Ctrl-C stops the cluster", flush=True)
    gone = set()
    try:
        while running := [name for name in processes.names() if processes.pid(name) is not None]:
            for name in set(processes.started()) - set(running) - gone:
                gone.add(name)
                print(f"note: {name} has ended; log: {processes.log_path(name)}", flush=True)
            time.sleep(0.2)
        print("nothing runs any more", flush=True)
    except Interrupted:
        print("stopping", flush=True)
        with state.lock(lambda: None):
            processes.stop(processes.names())


def interrupt(number, frame):
    ignore_signals()  # one is enough: what follows is the stopping
    raise Interrupted(signal.Signals(number).name)


def ignore_signals():
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)


def main():
    options = parse(sys.argv[1:])
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    raise_open_files()
    state = State(options.state)
    try:
        state.prepare()
        with state.lock(lambda: print(f"up: waiting for another up or down on {state.folder}", flush=True)):
            processes = bring_up(state, options)
        if options.foreground:
            stay(state, processes)
    except ProcessFailure as failure:
        print(f"up: {failure.name}: {failure.reason}", file=sys.stderr)
        for line in failure.lines:
            print(f"    {line}", file=sys.stderr)
        print(f"up: log file: {failure.log}", file=sys.stderr)
        return 1
    except (BuildFailure, OSError) as error:
        print(f"up: {error}", file=sys.stderr)
        return 1
    except UsageError as error:
        print(f"up: {error}", file=sys.stderr)
        return 2
    except Interrupted as signal_name:
        print(f"up: interrupted by {signal_name}; what it had started is stopped", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
