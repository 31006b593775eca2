"""Which fault befalls whom and when. Pure: the same seed, length and layout give the same schedule."""

import random
from dataclasses import dataclass

SERVICES = ("auth", "profile", "roster", "messaging", "room", "media")
LONGEST_STOP_SECONDS = 20.0
QUIET_SECONDS = 5.0  # before the first fault, and at the end
# Chance that a fault does not wait for the end of the one before it.
OVERLAP = 0.25

# A fault of a process: kill (-9), stop (SIGSTOP, then SIGCONT), restart (an orderly end, then a start).
# A fault of a way (the proxy's name): cut (reset and refused), stall (nothing passes), slow (everything later).
# flush: Redis forgets everything.
PROCESS_FAULTS = ("kill", "stop", "restart")
WAY_FAULTS = ("cut", "stall", "slow")


@dataclass(frozen=True)
class Fault:
    at: float  # seconds from the first message
    kind: str
    target: str
    seconds: float  # until it is healed

    @property
    def end(self):
        return self.at + self.seconds

    def __str__(self):
        return f"{self.at:7.1f} s  {self.kind:<8} {self.target:<16} {self.seconds:.1f} s"


def targets(gateways, replicas):
    """Every (kind, [targets]) of a cluster; one target of a kind is drawn when its turn comes."""
    kinds = {"gateway": [f"gateway-{n}" for n in range(1, gateways + 1)], "postgres": ["postgres-1"],
             "redis": ["redis-1"]}
    kinds.update({service: [f"{service}-{n}" for n in range(1, replicas + 1)] for service in SERVICES})
    deck = [(fault, names) for names in kinds.values() for fault in PROCESS_FAULTS]
    # What clients, Redis and PostgreSQL are reached through.
    ways = [[f"clients-{n}" for n in range(1, gateways + 1)], ["gateway-redis"], ["messaging-redis"], ["services-postgres"]]
    deck += [(fault, names) for names in ways for fault in WAY_FAULTS]
    return deck + [("flush", ["redis-1"])]


def seconds_of(draw, kind, longest):
    if kind == "flush":
        return 0.0
    if kind == "stop":
        return draw.uniform(1.0, longest)
    if kind in ("kill", "restart"):
        return draw.uniform(0.0, min(5.0, longest))  # how long it stays away before it is started
    return draw.uniform(0.5, min(10.0, longest))


def plan(seed, seconds, gateways=2, replicas=2):
    """Faults in order of time. All kinds of fault take their turn before one comes again."""
    draw = random.Random(seed)
    longest = min(LONGEST_STOP_SECONDS, max(2.0, seconds / 8))
    deck, faults = [], []
    at = QUIET_SECONDS
    while True:
        if not deck:
            deck = targets(gateways, replicas)
            draw.shuffle(deck)
        kind, names = deck.pop()
        fault = Fault(round(at, 2), kind, draw.choice(names), round(seconds_of(draw, kind, longest), 2))
        if fault.end > seconds - QUIET_SECONDS:
            return faults
        if not any(other.target == fault.target and other.end + 1 > fault.at for other in faults):
            faults.append(fault)
        at += draw.uniform(0.5, 2.0) if draw.random() < OVERLAP else fault.seconds + draw.uniform(1.0, 4.0)
