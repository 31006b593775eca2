"""The dashboards as tables: a row is a section, an entry a panel. `boards.py --write` makes dashboards/*.json of them; a test
keeps those as they would be written. Expressions use the labels `service` and `instance` and no others of the scrape."""

import json
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent / "dashboards"
SOURCE = {"type": "prometheus", "uid": "prometheus"}
WINDOW = "$__rate_interval"
SERVICES = ("auth", "profile", "roster", "room", "media")


def rate(metric, by="", where=""):
    total = f"sum by ({by})" if by else "sum"
    return f"{total} (rate({metric}{{{where}}}[{WINDOW}]))"


def quantile(q, metric, by="", where=""):
    return f"histogram_quantile({q}, sum by ({by + ', ' if by else ''}le) (rate({metric}_bucket{{{where}}}[{WINDOW}])))"


def latency(title, metric, where="", unit="s"):
    return (title, unit, [(quantile(q, metric, where=where), f"p{int(q * 100)}") for q in (0.5, 0.9, 0.99)])


def rpc(where):
    failed = where + ', code=~"[A-Z_]+", code!="OK"'
    refused = where + ', code=~"[a-z_]+"'
    return [
        ("Calls", "reqps", [(rate("chat_rpc_server_seconds_count", "method", where), "{{method}}")]),
        ("Failures", "reqps", [(rate("chat_rpc_server_seconds_count", "method, code", failed), "{{method}} {{code}}")]),
        ("Refusals", "reqps", [(rate("chat_rpc_server_seconds_count", "method, code", refused), "{{method}} {{code}}")]),
        ("Duration, p99", "s", [(quantile(0.99, "chat_rpc_server_seconds", "method", where), "{{method}}")]),
        ("Calls under way", "short", [(f"sum by (instance) (chat_rpc_server_in_flight{{{where}}})", "{{instance}}")]),
    ]


def postgres(where):
    return [
        ("Statements", "ops", [(rate("chat_pg_statement_seconds_count", "statement", where), "{{statement}}")]),
        ("Statement, p99", "s", [(quantile(0.99, "chat_pg_statement_seconds", "statement", where), "{{statement}}")]),
        ("Connections in use", "percentunit",
         [(f"chat_pg_pool_in_use{{{where}}} / chat_pg_pool_size{{{where}}}", "{{service}} {{instance}}")]),
        ("Wait for a connection, p99", "s", [(quantile(0.99, "chat_pg_pool_wait_seconds", "service", where), "{{service}}")]),
        ("Failed transactions", "ops", [(rate("chat_pg_errors_total", "service, kind", where), "{{service}} {{kind}}")]),
    ]


def process(where):
    return [
        ("CPU", "percentunit", [(f"rate(process_cpu_seconds_total{{{where}}}[{WINDOW}])", "{{instance}}")]),
        ("Memory", "bytes", [(f"process_resident_memory_bytes{{{where}}}", "{{instance}}")]),
        ("Open files", "short", [(f"process_open_fds{{{where}}}", "{{instance}}")]),
        ("Threads", "short", [(f"process_threads{{{where}}}", "{{instance}}")]),
        ("Up since", "dateTimeAsIso", [(f"process_start_time_seconds{{{where}}} * 1000", "{{instance}}")]),
        ("Version", "short", [(f"count by (version) (chat_build_info{{{where}}})", "{{version}}")]),
    ]


ALL = 'service=~"gateway|auth|profile|roster|messaging|room|media"'
GATEWAY = 'service="gateway"'
MESSAGING = 'service="messaging"'

OVERVIEW = {
    "Traffic": [
        ("Connections", "short", [("sum by (instance) (chat_gateway_connections)", "{{instance}}")]),
        ("Requests of clients", "reqps", [(rate("chat_gateway_requests_total", "rpc"), "{{rpc}}")]),
        ("Sends committed", "ops", [(f"sum (rate(chat_messaging_batch_size_sum[{WINDOW}]))", "sends")]),
        ("Deliveries", "ops", [(rate("chat_gateway_deliveries_total", "instance"), "{{instance}}")]),
    ],
    "Latency": [
        latency("A send: from its call to its answer", "chat_rpc_server_seconds",
                MESSAGING + ', method="OrderedLane/Client"'),
        latency("Commit of a batch", "chat_messaging_commit_seconds"),
        latency("Login: CONNECT to CONNACK", "chat_gateway_admission_seconds"),
        ("Calls by service, p99", "s", [("service:chat_rpc_server_seconds:p99_5m", "{{service}}")]),
    ],
    "A message on its way": [
        ("Stages, p50", "s", [(quantile(0.5, "chat_message_stage_seconds", "stage"), "{{stage}}")]),
        ("Stages, p99", "s", [("stage:chat_message_stage_seconds:p99_5m", "{{stage}}")]),
        ("Stages, how many", "ops", [(rate("chat_message_stage_seconds_count", "stage"), "{{stage}}")]),
    ],
    "Errors": [
        ("Requests not carried out", "percentunit", [("cluster:chat_gateway_unanswered_requests:ratio5m", "ratio")]),
        ("Failed calls by service", "percentunit", [("service:chat_rpc_server_failures:ratio5m", "{{service}}")]),
        ("CONNECT by result", "reqps", [(rate("chat_gateway_connects_total", "result"), "{{result}}")]),
        ("Alerts that fire", "short", [('count by (alertname) (ALERTS{alertstate="firing"})', "{{alertname}}")]),
    ],
    "Saturation": [
        ("Processes up", "short", [(f"sum by (service) (up{{{ALL}}})", "{{service}}")]),
        ("CPU by service", "percentunit", [(f"sum by (service) (rate(process_cpu_seconds_total{{{ALL}}}[{WINDOW}]))", "{{service}}")]),
        ("Memory by service", "bytes", [(f"sum by (service) (process_resident_memory_bytes{{{ALL}}})", "{{service}}")]),
        ("Open files used", "percentunit", [("instance:process_open_fds:ratio", "{{instance}}")]),
    ],
    "The delivery promise": [
        ("Gaps found and repaired", "ops", [(rate("chat_gateway_gaps_total"), "gaps")]),
        ("Events read again from history", "ops", [(rate("chat_gateway_replayed_events_total"), "replayed")]),
        ("Events published again", "ops", [(rate("chat_messaging_reannounced_total"), "reannounced"),
                                           (rate("chat_messaging_unpublished_total"), "not taken by Redis")]),
        ("Positions above the stable horizon", "short", [("max by (instance) (chat_messaging_horizon_lag)", "{{instance}}")]),
        ("Sends that were repeats", "ops", [(rate("chat_messaging_repeats_total"), "repeats")]),
        ("Changes that wait for messaging", "short", [("sum by (schema) (chat_outbox_waiting)", "{{schema}}")]),
        ("Oldest message that an online device has not acknowledged", "s",
         [("max by (instance) (chat_gateway_oldest_undelivered_seconds)", "{{instance}}")]),
    ],
}

GATEWAY_BOARD = {
    "Connections": [
        ("Connections by transport", "short", [("sum by (instance, transport) (chat_gateway_connections)", "{{instance}} {{transport}}")]),
        ("Connections by version of MQTT", "short", [("sum by (version) (chat_gateway_mqtt_connections)", "{{version}}")]),
        ("Sessions by state", "short", [("sum by (state) (chat_gateway_sessions)", "{{state}}")]),
        ("CONNECT by result", "reqps", [(rate("chat_gateway_connects_total", "result"), "{{result}}")]),
        ("Disconnects by cause", "ops", [(rate("chat_gateway_disconnects_total", "cause"), "{{cause}}")]),
        latency("CONNECT to CONNACK", "chat_gateway_admission_seconds"),
        ("Connections refused by limit", "ops", [(rate("chat_gateway_connections_refused_total", "limit"), "{{limit}}")]),
        ("Cut: left too much unread", "ops", [(rate("chat_gateway_slow_readers_total", "instance"), "{{instance}}")]),
    ],
    "Traffic": [
        ("Packets received", "pps", [(rate("chat_gateway_packets_total", "type", 'direction="received"'), "{{type}}")]),
        ("Packets sent", "pps", [(rate("chat_gateway_packets_total", "type", 'direction="sent"'), "{{type}}")]),
        ("Bytes", "Bps", [(rate("chat_gateway_bytes_total", "direction"), "{{direction}}")]),
    ],
    "Requests": [
        ("Requests by RPC", "reqps", [(rate("chat_gateway_requests_total", "rpc"), "{{rpc}}")]),
        ("Read to answered, p99", "s", [(quantile(0.99, "chat_gateway_request_seconds", "rpc"), "{{rpc}}")]),
        ("Requests by outcome", "reqps", [(rate("chat_gateway_requests_total", "outcome"), "{{outcome}}")]),
        ("Publishes acknowledged and not acted upon", "ops", [(rate("chat_gateway_dropped_publishes_total", "reason"), "{{reason}}")]),
        ("Pauses because of publish_rate", "ops", [(rate("chat_gateway_slowed_publishers_total", "instance"), "{{instance}}")]),
        ("Filters denied", "ops", [(rate("chat_gateway_denied_subscriptions_total"), "denied")]),
        ("Replies dropped", "ops", [(rate("chat_gateway_dropped_replies_total"), "dropped")]),
    ],
    "Fan-out": [
        ("Events from Redis", "ops", [(rate("chat_gateway_events_total", "instance"), "{{instance}}")]),
        ("Deliveries to sessions", "ops", [(rate("chat_gateway_deliveries_total", "instance"), "{{instance}}")]),
        ("Event loops: lateness, p99", "s", [(quantile(0.99, "chat_gateway_loop_lag_seconds", "instance"), "{{instance}}")]),
        ("Sessions an event reaches", "short", [(f"{rate('chat_gateway_deliveries_total')} / {rate('chat_gateway_events_total')}", "average")]),
        ("Gaps", "ops", [(rate("chat_gateway_gaps_total", "instance"), "{{instance}}")]),
        ("Events read again", "ops", [(rate("chat_gateway_replayed_events_total", "instance"), "{{instance}}")]),
        ("Redis stands", "short", [(f"chat_redis_up{{{GATEWAY}}}", "{{instance}} {{connection}}")]),
        ("Pages of history", "ops", [(rate("chat_gateway_replay_pages_total", "instance"), "{{instance}}")]),
        ("Events that a session did not take", "ops", [(rate("chat_gateway_undelivered_events_total", "reason"), "{{reason}}")]),
    ],
    "Queues": [
        ("Messages not acknowledged", "short", [("sum by (instance, where) (chat_gateway_undelivered_messages)", "{{instance}} {{where}}")]),
        ("Oldest message not acknowledged", "s", [("max by (instance) (chat_gateway_oldest_undelivered_seconds)", "{{instance}}")]),
        ("Requests that wait or run", "short", [("sum by (instance) (chat_gateway_pending_requests)", "{{instance}}")]),
        ("Bytes that sockets have not taken", "bytes", [("sum by (instance) (chat_gateway_unwritten_bytes)", "{{instance}}")]),
        ("Lanes to messaging", "short", [("sum by (instance) (chat_gateway_messaging_lanes)", "{{instance}}")]),
    ],
    "Calls that it answers": rpc(GATEWAY)[:-1],  # none of them waits in a thread
    "Processes": process(GATEWAY),
}

MESSAGING_BOARD = {
    "Commits": [
        ("Sends in a commit", "short", [("cluster:chat_messaging_batch_size:avg5m", "average"),
                                        (quantile(0.99, "chat_messaging_batch_size"), "p99")]),
        latency("A commit", "chat_messaging_commit_seconds"),
        ("Commits", "ops", [(rate("chat_messaging_commit_seconds_count", "instance"), "{{instance}}")]),
        ("Sends that wait", "short", [("sum by (instance) (chat_messaging_queue)", "{{instance}}")]),
        ("Sends refused: queue full", "ops", [(rate("chat_messaging_queue_full_total", "instance"), "{{instance}}")]),
        ("Deadline passed before the commit", "ops", [(rate("chat_messaging_expired_total", "instance"), "{{instance}}")]),
        ("Met a feed locked by another replica", "ops", [(rate("chat_messaging_locked_total", "instance"), "{{instance}}")]),
        ("Wait for such a feed, p99", "s", [(quantile(0.99, "chat_messaging_lock_wait_seconds", "instance"), "{{instance}}")]),
        ("Batches repeated send by send", "ops", [(rate("chat_messaging_split_batches_total", "instance"), "{{instance}}")]),
    ],
    "Order and publication": [
        ("Stable horizon", "short", [("chat_messaging_horizon", "{{instance}} {{kind}}")]),
        ("Positions above it", "short", [("chat_messaging_horizon_lag", "{{instance}}")]),
        ("Published", "ops", [(rate("chat_messaging_published_total", "instance"), "{{instance}}")]),
        ("Not taken by Redis", "ops", [(rate("chat_messaging_unpublished_total", "instance"), "{{instance}}")]),
        ("Published again", "ops", [(rate("chat_messaging_reannounced_total", "instance"), "{{instance}}")]),
        ("Calls of lanes under way", "short", [("chat_messaging_lane_outstanding", "{{instance}}")]),
        ("Typing relayed and dropped", "ops", [(rate("chat_messaging_typing_relayed_total"), "relayed"),
                                               (rate("chat_messaging_typing_dropped_total"), "dropped")]),
    ],
    "Calls that it answers": rpc(MESSAGING),
    "PostgreSQL": postgres(MESSAGING),
    "Processes": process(MESSAGING),
}

SERVICE_BOARD = {
    "Calls": rpc('service="$service"'),
    "PostgreSQL": postgres('service="$service"'),
    "Processes": process('service="$service"'),
}

STORES_BOARD = {
    "PostgreSQL as seen from us": postgres(ALL) + [
        ("Outbox: waiting", "short", [("sum by (service, schema) (chat_outbox_waiting)", "{{schema}}")]),
        ("Outbox: failed deliveries", "ops", [(rate("chat_outbox_failures_total", "schema"), "{{schema}}")]),
    ],
    "Redis as seen from us": [
        ("Connections that stand", "short", [("sum by (service, connection) (chat_redis_up)", "{{service}} {{connection}}")]),
        ("Published", "ops", [(rate("chat_redis_published_total", "service"), "{{service}}")]),
        ("Publications lost", "ops", [(rate("chat_redis_publish_failures_total", "service"), "{{service}}")]),
        ("Events received by gateways", "ops", [(rate("chat_gateway_events_total"), "events")]),
    ],
}

PROVIDERS_BOARD = {
    "Codes and mail": [
        ("Letters by result", "ops", [(rate("chat_courier_letters_total", "service, kind, result"), "{{service}} {{kind}} {{result}}")]),
        ("Attempt, p99", "s", [(quantile(0.99, "chat_courier_attempt_seconds", "service"), "{{service}}")]),
        ("Failed attempts", "ops", [(rate("chat_courier_failed_attempts_total", "service, kind"), "{{service}} {{kind}}")]),
        ("Letters that wait", "short", [("sum by (service, instance) (chat_courier_waiting)", "{{service}} {{instance}}")]),
    ],
    "Object storage": [
        ("Requests by result", "reqps", [(rate("chat_media_provider_seconds_count", "method, result"), "{{method}} {{result}}")]),
        ("Request, p99", "s", [(quantile(0.99, "chat_media_provider_seconds", "method"), "{{method}}")]),
    ],
}

BOARDS = {
    "overview": ("CHAT: overview", OVERVIEW, None),
    "gateway": ("CHAT: gateway", GATEWAY_BOARD, None),
    "messaging": ("CHAT: messaging", MESSAGING_BOARD, None),
    "service": ("CHAT: a service", SERVICE_BOARD, SERVICES),
    "stores": ("CHAT: PostgreSQL and Redis", STORES_BOARD, None),
    "providers": ("CHAT: providers", PROVIDERS_BOARD, None),
}


def panel(number, place, title, unit, targets):
    column, line = place
    return {
        "id": number, "type": "timeseries", "title": title, "datasource": SOURCE,
        "gridPos": {"x": column * 8, "y": line, "w": 8, "h": 7},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0, "custom": {"fillOpacity": 8, "lineWidth": 1, "showPoints": "never"}},
                        "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
                    "tooltip": {"mode": "multi", "sort": "desc"}},
        "targets": [{"refId": chr(ord("A") + index), "expr": expression, "legendFormat": legend, "datasource": SOURCE}
                    for index, (expression, legend) in enumerate(targets)],
    }


def board(name):
    title, rows, services = BOARDS[name]
    panels, line = [], 0
    for section, entries in rows.items():
        panels.append({"id": len(panels) + 1, "type": "row", "title": section, "collapsed": False, "panels": [],
                       "gridPos": {"x": 0, "y": line, "w": 24, "h": 1}})
        line += 1
        for index, entry in enumerate(entries):
            panels.append(panel(len(panels) + 1, (index % 3, line + index // 3 * 7), *entry))
        line += (len(entries) + 2) // 3 * 7
    variables = []
    if services:
        options = [{"text": one, "value": one, "selected": one == services[0]} for one in services]
        variables = [{"name": "service", "type": "custom", "label": "Service", "query": ",".join(services),
                      "options": options, "current": options[0], "multi": False, "includeAll": False}]
    return {"uid": f"chat-{name}", "title": title, "tags": ["chat"], "schemaVersion": 39, "version": 1, "editable": True,
            "timezone": "browser", "refresh": "10s", "time": {"from": "now-1h", "to": "now"}, "graphTooltip": 1,
            "templating": {"list": variables}, "annotations": {"list": []}, "panels": panels,
            "links": [{"type": "dashboards", "title": "CHAT", "tags": ["chat"], "asDropdown": True, "includeVars": False,
                       "keepTime": True, "targetBlank": False, "icon": "external link", "tooltip": "", "url": ""}]}


def text(name):
    return json.dumps(board(name), indent=1) + "\n"


def expressions():
    """(board, panel, expression) of everything that is asked, with variables and the window filled in."""
    for name, (_, rows, services) in BOARDS.items():
        for service in services or ("",):
            for section, entries in rows.items():
                for title, _, targets in entries:
                    for expression, _ in targets:
                        where = f"{name} {service}".strip()
                        yield where, f"{section}: {title}", expression.replace("$service", service).replace(WINDOW, "1m")


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: boards.py --write")
    FOLDER.mkdir(exist_ok=True)
    for board_name in BOARDS:
        (FOLDER / f"{board_name}.json").write_text(text(board_name))
