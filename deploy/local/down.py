"""The command line of `down`: stops what runs in a state folder; --wipe removes what it left there."""

import argparse
import os
import signal
import sys

from cluster.binaries import ROOT
from cluster.processes import Processes
from cluster.state import State


def main():
    parser = argparse.ArgumentParser(prog="down", description="Stops the cluster of a state folder and keeps its data.")
    parser.add_argument("--state", metavar="DIR", default=os.path.join(ROOT, ".local"),
                        help="the state folder (.local)")
    parser.add_argument("--wipe", action="store_true", help="also remove the data, the settings and the logs")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # half stopped is worse than a second's patience
    state = State(options.state)
    if not os.path.exists(state.path("lock")):
        print(f"down: there is no cluster in {state.folder}")
        return 0
    with state.lock(lambda: print(f"down: waiting for another up or down on {state.folder}", flush=True)):
        processes = Processes(state)
        stopped = processes.stop(processes.names())
        print("stopped: " + " ".join(stopped) if stopped else "nothing was running")
        if options.wipe:
            state.wipe()
            print(f"removed: what the cluster kept in {state.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
