"""What the figures of a comparison are and how they are shown. Pure.

A measurement is the JSON of one chat-load. A round has, of "chat" and of "mosquitto", one as fast as acknowledged ("fastest")
and one at the same rate ("paced"), and the "limits" of the machine.
"""

import statistics

SIDES = ("chat", "mosquitto")
INFRASTRUCTURE = ("postgres", "redis")
# What a PUBLISH of chat-load at a plain broker has beside its text: fixed header (a text between 110 and 16,000 bytes),
# topic `load/` with six digits, packet id.
PLAIN_HEAD_BYTES = 3 + 2 + 11 + 2
COPIES = 2  # of a message: a feed shows it to its sender too


def mean_publish_bytes(measurement):
    """Of the one PUBLISH of a message that goes in and those that come out."""
    size = measurement["publish_bytes"]
    return (size["written"] + COPIES * size["delivered"]) / (1 + COPIES)


def plain_text_bytes(chat):
    """The text that makes a plain broker's packets as large as the cluster's are on the average."""
    return round(mean_publish_bytes(chat)) - PLAIN_HEAD_BYTES


def is_infrastructure(name):
    return name.rpartition("-")[0] in INFRASTRUCTURE


def server_cpu_us(measurement, counts=lambda name: True):
    return sum(use["cpu_us_per_message"] for name, use in measurement["processes"].items() if counts(name))


def _latency(kind, quantile):
    return lambda measurement: measurement[kind][quantile] / 1000


# (key, words, digits after the point, which measurement, the figure of it)
FIGURES = (
    ("acknowledged_per_second", "acknowledged QoS 1 messages/s", 0, "fastest", lambda m: m["acknowledged_per_second"]),
    ("deliveries_per_second", "deliveries/s of these", 0, "fastest", lambda m: m["deliveries_per_second"]),
    ("fastest_delivery_p50_ms", "send to delivery of these, p50, ms", 2, "fastest", _latency("delivery_latency_us", "p50")),
    ("fastest_delivery_p99_ms", "p99, ms", 2, "fastest", _latency("delivery_latency_us", "p99")),
    ("fastest_server_cpu_us", "CPU of the servers per message, us", 1, "fastest", server_cpu_us),
    ("fastest_own_cpu_us", "without PostgreSQL and Redis, us", 1, "fastest",
     lambda m: server_cpu_us(m, lambda name: not is_infrastructure(name))),
    ("fastest_client_cpu_us", "CPU of chat-load per message, us", 1, "fastest", lambda m: m["own_cpu_us_per_message"]),
    ("paced_per_second", "**at the same rate**: acknowledged/s", 0, "paced", lambda m: m["acknowledged_per_second"]),
    ("paced_delivery_p50_ms", "send to delivery, p50, ms", 2, "paced", _latency("delivery_latency_us", "p50")),
    ("paced_delivery_p99_ms", "p99, ms", 2, "paced", _latency("delivery_latency_us", "p99")),
    ("paced_acknowledgement_p50_ms", "send to acknowledgement, p50, ms", 2, "paced",
     _latency("acknowledgement_latency_us", "p50")),
    ("paced_acknowledgement_p99_ms", "p99, ms", 2, "paced", _latency("acknowledgement_latency_us", "p99")),
    ("paced_server_cpu_us", "CPU of the servers per message, us", 1, "paced", server_cpu_us),
    ("paced_own_cpu_us", "without PostgreSQL and Redis, us", 1, "paced",
     lambda m: server_cpu_us(m, lambda name: not is_infrastructure(name))),
    ("written_bytes", "bytes of a PUBLISH in", 0, "fastest", lambda m: m["publish_bytes"]["written"]),
    ("delivered_bytes", "bytes of a PUBLISH out", 0, "fastest", lambda m: m["publish_bytes"]["delivered"]),
)
# (key, words)
LIMITS = (
    ("commits_per_second", "pgbench, commits/s of a one-row insert, 1 connection"),
    ("commits_per_second_16", "the same, 16 connections"),
    ("rows_per_second", "rows/s of the same insert in batches of 100, 1 connection"),
    ("publishes_per_second", "Redis publishes/s to one subscriber, pipelined by 100"),
    ("publishes_per_second_alone", "the same, each awaited alone"),
)
# (kind of tests/bench/idle_connections, words)
IDLE = (("tcp", "bytes per idle connection, bare"), ("session", "bytes per idle connection with a session and its topics"))


def _ratio(chat, mosquitto):
    return chat / mosquitto if mosquitto else None


def summary(rounds, idle):
    """key -> {chat, mosquitto, ratio}; the limits: key -> number. Medians over the rounds; a ratio is the median of the rounds'."""
    found = {}
    for key, _, _, pace, figure in FIGURES:
        values = {side: [figure(one[side][pace]) for one in rounds] for side in SIDES}
        ratios = [ratio for ratio in map(_ratio, *values.values()) if ratio is not None]
        found[key] = {side: statistics.median(values[side]) for side in SIDES}
        found[key]["ratio"] = statistics.median(ratios) if ratios else None
    for kind, sides in (idle or {}).items():
        found[f"idle_{kind}_bytes"] = {**sides, "ratio": _ratio(sides["chat"], sides["mosquitto"])}
    for key, _ in LIMITS:
        found[key] = statistics.median(one["limits"][key] for one in rounds)
    return found


def _number(value, digits):
    return f"{value:,.{digits}f}"


def _row(words, figure, digits):
    ratio = "" if figure["ratio"] is None else f"{figure['ratio']:.2f}"
    return f"| {words} | {_number(figure['chat'], digits)} | {_number(figure['mosquitto'], digits)} | {ratio} |"


def markdown(result):
    """The tables for README.md."""
    machine, how, found = result["machine"], result["how"], result["summary"]
    lines = [f"{result['date']}, {machine['cores']} cores ({machine['cpu']}), {machine['memory_gib']:.0f} GiB; "
             f"{how['pairs']} pairs, {how['window']} in flight a device, texts of {how['text_bytes']} bytes, "
             f"{how['gateways']} gateways, {result['software']['mosquitto']}, PostgreSQL {result['software']['postgres']} with "
             f"fsync {result['software']['fsync']}, synchronous_commit {result['software']['synchronous_commit']}; medians of "
             f"{how['rounds']} rounds of {how['seconds']:g} s; load 1 min before: {machine['load']:.1f}.", "",
             "| | CHAT | mosquitto | CHAT / mosquitto |", "| --- | --- | --- | --- |"]
    lines += [_row(words, found[key], digits) for key, words, digits, _, _ in FIGURES]
    lines += [_row(words, found[f"idle_{kind}_bytes"], 0) for kind, words in IDLE if f"idle_{kind}_bytes" in found]
    lines += ["", "| limits of the machine | |", "| --- | --- |"]
    lines += [f"| {words} | {_number(found[key], 0)} |" for key, words in LIMITS]
    return "\n".join(lines)
