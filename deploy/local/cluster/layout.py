"""Which processes a local cluster has, how they are named and what each is told. Pure: no files, no processes."""

from dataclasses import asdict, dataclass, field

# Services with their own schema; each of their binaries knows --migrate. A service's place here gives its fixed ports.
SERVICES = ("auth", "profile", "roster", "messaging", "room", "media")
KINDS = ("gateway",) + SERVICES
INFRASTRUCTURE = ("postgres", "redis")

# What the local cluster sets otherwise than the binaries do by themselves.
LOCAL_SETTINGS = {
    "auth": {"rate_address_per_minute": "0"},
    # Here everybody has the same address.
    "gateway": {"unauthenticated_per_address": "0", "address_publish_rate": "0"},
}
# In every process: the drain fits into the time that `down` gives it.
COMMON_SETTINGS = {"drain_s": "5"}

# The listeners of a kind: purpose of the port -> the configuration key that takes host:port.
LISTENERS = {
    "gateway": {"mqtt": "mqtt_listen", "mqtts": "mqtts_listen", "ws": "ws_listen", "wss": "wss_listen",
                "n2o": "n2o_listen"},
    "media": {"http": "http_listen"},
}
EVERYWHERE = {"grpc": "grpc_listen", "metrics": "metrics_listen"}


class UsageError(Exception):
    """What the caller asked for makes no sense; the text says what."""


@dataclass
class Settings:
    """What was asked of a cluster by the options of every `up` so far; remembered in the state folder."""

    gateways: int = 2
    replicas: dict = field(default_factory=dict)  # service -> count
    sets: dict = field(default_factory=dict)  # kind -> {key: value}
    bind: str = "127.0.0.1"
    free_ports: bool = False
    preset: str = "release"
    binaries: str = ""  # a folder of ready binaries; empty: build the preset

    def to_json(self):
        return asdict(self)


def kind_of(name):
    return name.rpartition("-")[0]


def number_of(name):
    return int(name.rpartition("-")[2])


def listeners(kind):
    return {**LISTENERS.get(kind, {}), **EVERYWHERE}


def process_names(settings):
    """Every process of the cluster in the order of the table: infrastructure, services, gateways."""
    names = [f"{kind}-1" for kind in INFRASTRUCTURE]
    for kind in SERVICES:
        names += [f"{kind}-{n}" for n in range(1, settings.replicas.get(kind, 1) + 1)]
    return names + [f"gateway-{n}" for n in range(1, settings.gateways + 1)]


def purposes(name):
    kind = kind_of(name)
    return (kind,) if kind in INFRASTRUCTURE else tuple(listeners(kind))


def address(host, port):
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def reachable_host(bind):
    """Where a client finds what is bound to `bind`: a wildcard is no address to connect to."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind, bind)


def assigned_keys(kind):
    """Keys that `up` fills itself and --set must not touch."""
    return {"name"} | set(listeners(kind).values()) | {f"{service}_addrs" for service in SERVICES}


def check_set(kind, key, known):
    if kind not in KINDS:
        raise UsageError(f"--set {kind}.{key}: there is no process '{kind}', only {', '.join(KINDS)}")
    if key in assigned_keys(kind):
        raise UsageError(f"--set {kind}.{key}: up assigns this key itself")
    if key not in known:
        raise UsageError(f"--set {kind}.{key}: {kind} has no key '{key}'; chat-{kind} --dump-config lists them")


def secrets(kind, pg_url):
    """What a process is told by its environment, as everybody on the machine can read its flags."""
    return {f"CHAT_{kind.upper()}_PG_URL": pg_url} if kind in SERVICES else {}


def flags(name, settings, ports, folders, known):
    """The flags of one process: of all that could be said, what its binary knows (`known`: names of its keys).

    folders: key -> path for the keys that take a folder or a file. ports: process -> purpose -> port.
    """
    kind = kind_of(name)
    host = reachable_host(settings.bind)
    said = {"name": name, "redis": address(host, ports["redis-1"]["redis"])}
    for purpose, key in listeners(kind).items():
        said[key] = address(settings.bind, ports[name][purpose])
    for service in SERVICES:
        peers = [peer for peer in process_names(settings) if kind_of(peer) == service]
        said[f"{service}_addrs"] = ",".join(address(host, ports[peer]["grpc"]) for peer in peers)
    said.update(folders)
    said.update(COMMON_SETTINGS)
    said.update(LOCAL_SETTINGS.get(kind, {}))
    if kind == "media" and "max_packet" in settings.sets.get("gateway", {}):
        said["max_packet"] = settings.sets["gateway"]["max_packet"]  # its blocks travel through the gateways
    said.update(settings.sets.get(kind, {}))
    return [f"--{key}={value}" for key, value in said.items() if key in known]


def environment(settings, ports, known, pg_url, outbox, authority=""):
    """The variables of cluster.env. `known`: kind -> names of its keys, or {} when no binary was asked."""
    host = reachable_host(settings.bind)
    names = process_names(settings)

    def addresses(kind, purpose, form="{}"):
        if listeners(kind)[purpose] not in known.get(kind, ()):
            return ""
        return " ".join(form.format(address(host, ports[name][purpose])) for name in names if kind_of(name) == kind)

    def named(purpose):
        return " ".join(f"{name}={address(host, ports[name][purpose])}" for name in names
                        if kind_of(name) in known and listeners(kind_of(name))[purpose] in known[kind_of(name)])

    variables = {
        "CHAT_MQTT": addresses("gateway", "mqtt"),
        "CHAT_MQTTS": addresses("gateway", "mqtts"),
        "CHAT_WS": addresses("gateway", "ws", "ws://{}/mqtt"),
        "CHAT_WSS": addresses("gateway", "wss", "wss://{}/mqtt"),
        "CHAT_N2O": addresses("gateway", "n2o", "ws://{}/ws"),
        "CHAT_MEDIA": addresses("media", "http", "http://{}").partition(" ")[0],
        "CHAT_METRICS": named("metrics"),
        "CHAT_GRPC": named("grpc"),
        # What an operator's tools show to the processes, where those ask for it.
        **{f"CHAT_{key.upper()}": settings.sets.get("gateway", {}).get(key, "")
           for key in ("rpc_tls_cert", "rpc_tls_key", "rpc_tls_ca", "rpc_tls_name")},
        "CHAT_PG": pg_url,
        "CHAT_REDIS": address(host, ports["redis-1"]["redis"]),
        "CHAT_OUTBOX": outbox,
        "CHAT_CA": authority if "tls_cert" in known.get("gateway", ()) else "",
    }
    return {name: value for name, value in variables.items() if value}
