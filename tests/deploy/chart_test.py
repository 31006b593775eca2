"""The Helm chart: rendered with several values, held against the schemas of Kubernetes and against the binaries' own words."""

import base64
import copy
import functools
import json
import pathlib
import shutil
import tempfile
import unittest

import jsonschema
import yaml

from program import KINDS, ROOT, dependencies, faults_of_environment, keys, listeners, run

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # many times faster
HERE = pathlib.Path(__file__).resolve().parent
CHART = ROOT / "helm/chat"
EVERY_API = "cert-manager.io/v1,monitoring.coreos.com/v1,gateway.networking.k8s.io/v1"
# Closed while the values give no certificate for clients.
NEED_CERTIFICATE = {"mqtts_listen", "wss_listen"}
WITH_CERTIFICATE = {"whole", "own-certificates"}

VALUE_SETS = {
    "trial": {"postgresql": {"builtin": {"enabled": True}}, "redis": {"builtin": {"enabled": True}}},
    "external": {
        "postgresql": {"url": "postgresql://chat:Xw8sUq1z@db.example.org:5432/chat?sslmode=verify-full", "caSecret": "db-ca"},
        "redis": {"address": "redis.example.org:6379"}, "monitoring": {"mode": "off"}, "rpcTls": {"mode": "off"},
        "networkPolicy": {"postgresql": {"to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}]}},
        "services": {"media": {"config": {"public_url": "https://files.example.org"}},
                     "auth": {"postgresql": {"url": "postgresql://auth:Yw8sUq1z@auth-db/chat"},
                              "config": {"code_life_s": 600}}},
    },
    "whole": {
        "fullnameOverride": "talk", "image": {"tag": "1.2.3", "pullSecrets": [{"name": "registry"}]},
        "postgresql": {"existingSecret": {"name": "db", "key": "url"}}, "redis": {"address": "redis.example.org:6379"},
        "test": {"enabled": True},
        "mqtt": {"annotations": {"example.org/internal": "false"}, "loadBalancerSourceRanges": ["10.0.0.0/8"],
                 "tls": {"issuerRef": {"kind": "ClusterIssuer", "name": "letsencrypt"}, "hosts": ["chat.example.org"]}},
        "monitoring": {"labels": {"release": "prometheus"}},
        "ingress": {"enabled": True, "className": "nginx", "tls": [{"hosts": ["files.example.org"], "secretName": "files"}],
                    "rules": [{"host": "files.example.org", "service": "media", "port": "http"},
                              {"host": "chat.example.org", "path": "/mqtt", "service": "gateway", "port": "ws"}]},
        "gatewayApi": {"enabled": True, "parentRefs": [{"name": "edge"}],
                       "rules": [{"host": "files.example.org", "service": "media", "port": "http"}]},
        "services": {
            "messaging": {"autoscaling": {"enabled": False}, "replicas": 3, "config": {"commit_workers": 4},
                          "nodeSelector": {"disk": "fast"}, "podAnnotations": {"example.org/team": "chat"}},
            "auth": {"secrets": {"jwt_key": {"existingSecret": {"name": "jwt", "key": "key"}}},
                     "extraEgress": [{"ports": [{"port": 443, "protocol": "TCP"}]}]},
            "gateway": {"disruptionBudget": {"maxUnavailable": "25%"}, "tolerations": [{"key": "edge", "operator": "Exists"}]}},
    },
    "own-certificates": {
        "postgresql": {"url": "postgresql://chat:Xw8sUq1z@db/chat"}, "redis": {"address": "redis:6379"},
        "rpcTls": {"mode": "secret", "secretPrefix": "mine-", "name": "chat.example.org"},
        "mqtt": {"type": "NodePort", "tls": {"secretName": "edge"}},
    },
}
APIS = {"whole": EVERY_API}


def setUpModule():
    global SCRATCH, RENDER
    SCRATCH = pathlib.Path(tempfile.mkdtemp(prefix="chat-chart-"))
    RENDER = SCRATCH / "render"
    built = run(["go", "build", "-o", RENDER, "."], cwd=HERE / "render",
                env={"PATH": "/usr/bin:/bin", "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "HOME": str(SCRATCH),
                     "GOCACHE": str(SCRATCH / "go")})
    if built.returncode != 0:
        raise RuntimeError(built.stderr)


def tearDownModule():
    shutil.rmtree(SCRATCH)


def render(values, *arguments):
    """The text of the chart with these values. ValueError with what the chart says when it refuses them."""
    file = SCRATCH / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    ended = run([RENDER, CHART, "-f", file, *arguments])
    if ended.returncode != 0:
        raise ValueError(ended.stderr)
    return ended.stdout


def objects(text):
    return [one for one in yaml.load_all(text, Loader=LOADER) if one]


@functools.lru_cache(maxsize=None)
def rendered_once(name, arguments):
    apis = ["--api-versions", APIS[name]] if name in APIS else []
    return objects(render(VALUE_SETS[name], *apis, *arguments))


def rendered(name, *arguments):
    """The objects of a value set; the caller's own, to change as it likes."""
    return copy.deepcopy(rendered_once(name, arguments))


def of_kind(all_objects, kind):
    return {one["metadata"]["name"]: one for one in all_objects if one["kind"] == kind}


def component(one):
    return one["metadata"]["labels"]["app.kubernetes.io/component"]


def processes(all_objects):
    """kind of process -> pod template of its Deployment."""
    return {component(one): one["spec"]["template"] for one in all_objects
            if one["kind"] == "Deployment" and component(one) in KINDS}


def pods(all_objects):
    """Every pod that the objects make: (what, spec)."""
    for one in all_objects:
        if one["kind"] == "Pod":
            yield one["metadata"]["name"], one["spec"]
        elif one["kind"] in ("Deployment", "StatefulSet", "Job"):
            yield one["metadata"]["name"], one["spec"]["template"]["spec"]


def environment(container, every_secret="postgresql://u:p@h/d"):
    """The variables of a container as the process sees them; what comes from a Secret is a stand-in."""
    seen = {}
    for variable in container["env"]:
        source = variable.get("valueFrom", {})
        if "secretKeyRef" in source:
            number = source["secretKeyRef"]["key"] == "test-numbers"
            seen[variable["name"]] = "380000000001:123456" if number else every_secret
        else:
            seen[variable["name"]] = variable["value"] if "value" in variable else "10.0.0.7"
    return {name: value.replace("$(POD_IP)", "10.0.0.7") for name, value in seen.items()}


class Schemas(unittest.TestCase):
    def test_what_is_rendered_is_what_kubernetes_takes(self):
        files = []
        for name in VALUE_SETS:
            for arguments in ((), ("--upgrade",)):
                file = SCRATCH / f"{name}{''.join(arguments)}.yaml"
                file.write_text(yaml.safe_dump_all(rendered(name, *arguments)))
                files.append(file)
        ended = run(["node", HERE / "objects.mjs", "kubernetes", *files])
        self.assertEqual(ended.returncode, 0, ended.stderr)

    def test_an_unknown_or_missing_field_would_be_found(self):
        for change in (lambda spec: spec.update(replcas=1), lambda spec: spec.pop("selector")):
            wrong = copy.deepcopy(of_kind(rendered("trial"), "Deployment")["chat-auth"])
            change(wrong["spec"])
            file = SCRATCH / "wrong.yaml"
            file.write_text(yaml.safe_dump(wrong))
            self.assertEqual(run(["node", HERE / "objects.mjs", "kubernetes", file]).returncode, 1)

    def test_no_two_objects_have_one_name(self):
        for name in VALUE_SETS:
            names = [(one["kind"], one["metadata"]["name"]) for one in rendered(name)]
            self.assertEqual(len(names), len(set(names)), name)


class Values(unittest.TestCase):
    def setUp(self):
        self.defaults = yaml.safe_load((CHART / "values.yaml").read_text())
        self.schema = json.loads((CHART / "values.schema.json").read_text())

    def merged(self, values):
        def merge(under, over):
            for key, value in over.items():
                under[key] = merge(under.get(key) or {}, value) if isinstance(value, dict) else value
            return under
        return merge(copy.deepcopy(self.defaults), copy.deepcopy(values))

    def test_the_defaults_and_every_value_set_are_what_the_schema_says(self):
        jsonschema.Draft7Validator.check_schema(self.schema)
        for name, values in {"defaults": {}, **VALUE_SETS}.items():
            with self.subTest(name):
                jsonschema.validate(self.merged(values), self.schema)

    def test_every_default_is_in_the_schema(self):
        self.assertEqual(set(self.defaults), set(self.schema["properties"]) - {"global"})
        self.assertEqual(set(self.defaults["serviceDefaults"]), set(self.schema["definitions"]["service"]["properties"]))

    def test_wrong_values_are_refused(self):
        for wrong in ({"replicas": 3}, {"services": {"sms": {}}}, {"image": {"pullPolicy": "Sometimes"}},
                      {"redis": {"address": "redis"}}, {"postgresql": {"url": "mysql://db"}},
                      {"services": {"auth": {"replicas": 0}}}, {"services": {"auth": {"config": {"code-life": 1}}}},
                      {"services": {"auth": {"secrets": {"jwt_key": {"generate": 4}}}}}, {"rpcTls": {"mode": "on"}},
                      {"test": {"phones": ["380000000001"]}}, {"mqtt": {"type": "Public"}}):
            with self.subTest(wrong), self.assertRaises(jsonschema.ValidationError):
                jsonschema.validate(self.merged(wrong), self.schema)

    def test_what_the_schema_cannot_see_the_chart_refuses(self):
        trial = VALUE_SETS["trial"]
        for said, wrong in (
                ("postgresql: give url", {"redis": {"builtin": {"enabled": True}}}),
                ("redis: give address", {"postgresql": {"builtin": {"enabled": True}}}),
                ("known default", {**trial, "postgresql": {"url": "postgresql://chat:postgres@db/chat"}}),
                ("known default", {**trial, "postgresql": {"builtin": {"enabled": True, "password": "changeme"}}}),
                ("known default", {**trial, "services": {"auth": {"secrets": {"jwt_key": {"value": "secret"}}}}}),
                ("at least 12", {**trial, "services": {"auth": {"secrets": {"jwt_key": {"value": "short"}}}}}),
                ("needs accessMode ReadWriteMany", {**trial, "services": {"media": {"storage": {"accessMode": "ReadWriteOnce"}}}}),
                ("mqtt.tls.hosts", {**trial, "mqtt": {"tls": {"issuerRef": {"name": "letsencrypt"}}}}),
                ("secretPrefix", {**trial, "rpcTls": {"mode": "secret"}}),
                ("has no port ftp", {**trial, "gatewayApi": {"enabled": True, "rules": [
                    {"host": "h", "service": "media", "port": "ftp"}]}})):
            with self.subTest(said), self.assertRaisesRegex(ValueError, said):
                render(wrong)


class Processes(unittest.TestCase):
    def test_every_process_understands_its_environment_and_is_told_what_it_needs(self):
        for name in VALUE_SETS:
            templates = processes(rendered(name))
            self.assertEqual(set(templates), set(KINDS))
            for kind, template in templates.items():
                container, = template["spec"]["containers"]
                with self.subTest(f"{name} {kind}"):
                    seen = environment(container)
                    self.assertEqual(faults_of_environment(kind, seen), [])
                    given = {key for key in keys(kind) if keys(kind)[key]["environment"] in seen}
                    closed = set() if name in WITH_CERTIFICATE else NEED_CERTIFICATE
                    self.assertEqual(listeners(kind) - given, closed & listeners(kind), "listeners that nobody opens")

    def test_services_call_what_their_keys_name_and_nobody_else(self):
        defaults = yaml.safe_load((CHART / "values.yaml").read_text())["services"]
        for kind in KINDS:
            peers = {key[:-len("_addrs")] for key in dependencies(kind) if key.endswith("_addrs")}
            peers |= {kind} if "advertise" in dependencies(kind) else set()
            self.assertEqual(set(defaults[kind].get("calls", [])), peers, kind)
            self.assertEqual(defaults[kind].get("redis", False), "redis" in dependencies(kind), kind)
            self.assertEqual(defaults[kind].get("postgresql", {}).get("enabled", False), "pg_url" in dependencies(kind), kind)

    def test_every_key_of_secrets_is_one_that_the_binary_masks(self):
        for kind, definition in yaml.safe_load((CHART / "values.yaml").read_text())["services"].items():
            for key in definition.get("secrets", {}):
                self.assertTrue(keys(kind)[key]["secret"], f"{kind}.{key}")
            secret = {key for key in keys(kind) if keys(kind)[key]["secret"]} - {"pg_url"}
            self.assertEqual(secret & set(definition.get("config", {})), set(), f"{kind}: a secret among config")

    def test_ports_probes_and_services_agree_with_where_the_process_listens(self):
        all_objects = rendered("whole")
        services = {component(one): one for one in all_objects
                    if one["kind"] == "Service" and one["spec"].get("clusterIP") == "None"}
        for kind, template in processes(all_objects).items():
            container, = template["spec"]["containers"]
            seen = environment(container)
            listens = {int(seen[keys(kind)[key]["environment"]].rpartition(":")[2]): key for key in listeners(kind)
                       if keys(kind)[key]["environment"] in seen}
            ports = {port["containerPort"]: port["name"] for port in container["ports"]}
            with self.subTest(kind):
                self.assertEqual(set(ports), set(listens))
                self.assertEqual({listens[number] for number, name in ports.items() if name in ("grpc", "health", "metrics")},
                                 {"grpc_listen", "health_listen", "metrics_listen"})
                for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                    self.assertEqual(listens[container[probe]["grpc"]["port"]], "health_listen")
                self.assertEqual([container[probe]["grpc"].get("service", "") for probe in
                                  ("startupProbe", "readinessProbe", "livenessProbe")], ["startup", "", "live"])
                for port in services[kind]["spec"]["ports"]:
                    self.assertEqual(ports[port["port"]], port["targetPort"])

    def test_folders_that_a_process_writes_are_mounted(self):
        for name in VALUE_SETS:
            for kind, template in processes(rendered(name)).items():
                container, = template["spec"]["containers"]
                mounted = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
                folders = {value for variable, value in environment(container).items() if variable.endswith("_DIR")}
                self.assertLessEqual(folders, mounted, f"{name} {kind}")

    def test_the_grace_period_fits_the_drain(self):
        for kind, template in processes(rendered("trial")).items():
            container, = template["spec"]["containers"]
            before = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
            drain = int(environment(container)[f"CHAT_{kind.upper()}_DRAIN_S"])
            self.assertGreater(template["spec"]["terminationGracePeriodSeconds"], before + drain, kind)

    def test_a_rolling_upgrade_never_has_fewer_pods_than_before(self):
        for name, one in of_kind(rendered("whole"), "Deployment").items():
            if component(one) in KINDS:
                self.assertEqual(one["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"], 0, name)

    def test_every_service_scales_has_a_budget_and_spreads(self):
        all_objects = rendered("trial")
        for kind in KINDS:
            self.assertIn(f"chat-{kind}", of_kind(all_objects, "HorizontalPodAutoscaler"))
            self.assertIn(f"chat-{kind}", of_kind(all_objects, "PodDisruptionBudget"))
        for kind, template in processes(all_objects).items():
            self.assertEqual([spread["topologyKey"] for spread in template["spec"]["topologySpreadConstraints"]],
                             ["topology.kubernetes.io/zone", "kubernetes.io/hostname"], kind)
        gateway = of_kind(all_objects, "HorizontalPodAutoscaler")["chat-gateway"]["spec"]["metrics"]
        self.assertEqual([metric["type"] for metric in gateway], ["Pods", "Resource"])

    def test_no_autoscaler_fights_a_fixed_number_of_replicas(self):
        all_objects = rendered("whole")
        deployments = of_kind(all_objects, "Deployment")
        self.assertEqual(deployments["talk-messaging"]["spec"]["replicas"], 3)
        self.assertNotIn("talk-messaging", of_kind(all_objects, "HorizontalPodAutoscaler"))
        self.assertNotIn("replicas", deployments["talk-auth"]["spec"])


class Security(unittest.TestCase):
    def test_no_pod_may_do_more_than_it_must(self):
        for name in VALUE_SETS:
            for pod, spec in pods(rendered(name)):
                with self.subTest(f"{name} {pod}"):
                    self.assertIs(spec["automountServiceAccountToken"], False)
                    self.assertIs(spec["enableServiceLinks"], False)
                    self.assertIs(spec["securityContext"]["runAsNonRoot"], True)
                    self.assertGreater(spec["securityContext"]["runAsUser"], 0)
                    for container in spec["containers"] + spec.get("initContainers", []):
                        context = container["securityContext"]
                        self.assertIs(context["readOnlyRootFilesystem"], True)
                        self.assertIs(context["allowPrivilegeEscalation"], False)
                        self.assertEqual(context["capabilities"]["drop"], ["ALL"])
                        self.assertIn("memory", container["resources"]["limits"])

    def test_no_secret_stands_in_a_pod(self):
        for name in VALUE_SETS:
            for pod, spec in pods(rendered(name)):
                self.assertNotIn("Uq1z", json.dumps(spec), f"{name} {pod}")

    def test_the_network_allows_the_real_edges_and_no_others(self):
        for name in VALUE_SETS:
            all_objects = rendered(name)
            policies = of_kind(all_objects, "NetworkPolicy").values()
            deny, = [one for one in policies if "ingress" not in one["spec"] and "egress" not in one["spec"]]
            self.assertEqual(deny["spec"]["policyTypes"], ["Ingress", "Egress"])
            out, into = set(), set()
            for one in policies:
                here = one["spec"]["podSelector"]["matchLabels"].get("app.kubernetes.io/component")
                for direction, peers, edges in (("egress", "to", out), ("ingress", "from", into)):
                    for rule in one["spec"].get(direction, []):
                        for peer in rule.get(peers, []):
                            there = peer.get("podSelector", {}).get("matchLabels", {}).get("app.kubernetes.io/component")
                            for port in rule["ports"] if there else []:
                                edge = (here, there) if direction == "egress" else (there, here)
                                edges.add((*edge, port["port"]))
            wanted = {(kind, key[:-len("_addrs")], 17000) for kind in KINDS for key in dependencies(kind)
                      if key.endswith("_addrs")} | {("gateway", "gateway", 17000)}
            if name == "trial":
                wanted |= {(kind, "redis", 6379) for kind in KINDS if "redis" in dependencies(kind)}
                wanted |= {(kind, "postgresql", 5432) for kind in KINDS if "pg_url" in dependencies(kind)}
                wanted |= {("migrate", "postgresql", 5432)}
            with self.subTest(name):
                self.assertEqual(into, wanted)
                self.assertEqual(out - {("test", "gateway", 1883)}, wanted)

    def test_every_pod_is_under_a_policy_of_its_own(self):
        for name in VALUE_SETS:
            all_objects = rendered(name)
            covered = {one["spec"]["podSelector"]["matchLabels"].get("app.kubernetes.io/component")
                       for one in of_kind(all_objects, "NetworkPolicy").values()}
            made = {component(one) for one in all_objects if one["kind"] in ("Deployment", "StatefulSet", "Job", "Pod")}
            self.assertEqual(made - covered, set(), name)

    def test_mutual_tls_is_on_when_certificates_are_there(self):
        for name, where in (("whole", "talk-auth-rpc"), ("own-certificates", "mine-auth"), ("trial", None), ("external", None)):
            template = processes(rendered(name))["auth"]
            seen = environment(template["spec"]["containers"][0])
            self.assertEqual("CHAT_AUTH_RPC_TLS_CERT" in seen, where is not None, name)
            secrets = [volume["secret"]["secretName"] for volume in template["spec"]["volumes"] if volume["name"] == "rpc-tls"]
            self.assertEqual(secrets, [where] if where else [], name)

    def test_clients_get_tls_exactly_when_there_is_a_certificate(self):
        for name, secret in (("whole", "talk-mqtt"), ("own-certificates", "edge"), ("trial", None), ("external", None)):
            all_objects = rendered(name)
            spec = processes(all_objects)["gateway"]["spec"]
            door, = [one for one in of_kind(all_objects, "Service").values() if one["metadata"]["name"].endswith("-mqtt")]
            ports = {port["name"]: port["port"] for port in door["spec"]["ports"]}
            self.assertEqual({"mqtts", "wss"} <= set(ports), secret is not None, name)
            self.assertEqual([volume["secret"]["secretName"] for volume in spec["volumes"] if volume["name"] == "mqtt-tls"],
                             [secret] if secret else [], name)
            self.assertEqual("CHAT_GATEWAY_TLS_CERT" in environment(spec["containers"][0]), secret is not None, name)

    def test_every_certificate_carries_the_name_that_peers_look_for(self):
        all_objects = rendered("whole")
        certificates = of_kind(all_objects, "Certificate")
        for kind, template in processes(all_objects).items():
            wanted = environment(template["spec"]["containers"][0])[f"CHAT_{kind.upper()}_RPC_TLS_NAME"]
            self.assertIn(wanted, certificates[f"talk-{kind}-rpc"]["spec"]["dnsNames"])


class Secrets(unittest.TestCase):
    def secrets(self, *arguments):
        values = {**VALUE_SETS["trial"], "test": {"enabled": True}}
        return of_kind(objects(render(values, *arguments)), "Secret")

    def test_a_second_rendering_changes_no_generated_secret(self):
        first = self.secrets()
        cluster = SCRATCH / "cluster.yaml"
        cluster.write_text(yaml.safe_dump_all(first.values()))
        second = self.secrets("--upgrade", "--lookup", cluster)
        self.assertEqual(first["chat-secrets"]["data"], second["chat-secrets"]["data"])
        self.assertNotEqual(first["chat-secrets"]["data"], self.secrets()["chat-secrets"]["data"])

    def test_generated_secrets_are_long_and_all_different(self):
        data = {key: base64.b64decode(value) for key, value in self.secrets()["chat-secrets"]["data"].items()}
        self.assertGreaterEqual(len(data["postgresql-password"]), 32)
        self.assertGreaterEqual(len(data["auth.jwt_key"]), 32)
        self.assertEqual(len(set(data.values())), len(data))

    def test_a_given_secret_is_taken_as_it_is(self):
        values = {**VALUE_SETS["trial"], "services": {"auth": {"secrets": {"jwt_key": {"value": "given-by-the-user"}}}}}
        data = of_kind(objects(render(values)), "Secret")["chat-secrets"]["data"]
        self.assertEqual(base64.b64decode(data["auth.jwt_key"]), b"given-by-the-user")

    def test_the_own_postgresql_takes_its_password_from_a_given_secret(self):
        values = {**VALUE_SETS["trial"], "postgresql": {"builtin": {"enabled": True, "existingSecret": {"name": "mine", "key": "pw"}}}}
        all_objects = objects(render(values, "--upgrade"))
        self.assertNotIn("postgresql-password", of_kind(all_objects, "Secret")["chat-secrets"]["data"])
        asked = {json.dumps(variable["valueFrom"]["secretKeyRef"], sort_keys=True) for _, spec in pods(all_objects)
                 for container in spec["containers"] + spec.get("initContainers", []) for variable in container.get("env", [])
                 if variable["name"] in ("PGPASSWORD", "POSTGRES_PASSWORD")}
        self.assertEqual(asked, {'{"key": "pw", "name": "mine"}'})

    def test_what_pods_refer_to_is_there(self):
        for name in VALUE_SETS:
            all_objects = rendered(name, "--upgrade")
            made = {secret: set(one["data"]) for secret, one in of_kind(all_objects, "Secret").items()}
            for pod, spec in pods(all_objects):
                for container in spec["containers"] + spec.get("initContainers", []):
                    for variable in container.get("env", []):
                        source = variable.get("valueFrom", {}).get("secretKeyRef")
                        if source and source["name"].startswith(("chat-", "talk-")):
                            self.assertIn(source["key"], made[source["name"]], f"{name} {pod}")


class Migrations(unittest.TestCase):
    def owners(self):
        return {kind for kind in KINDS if "pg_url" in dependencies(kind)}

    def test_a_job_a_service_runs_before_the_release_changes(self):
        for name in ("external", "whole"):
            all_objects = rendered(name)
            jobs = {one: job for one, job in of_kind(all_objects, "Job").items()}
            self.assertEqual({one.split("-")[1] for one in jobs}, self.owners())
            for one, job in jobs.items():
                self.assertEqual(job["metadata"]["annotations"]["helm.sh/hook"], "pre-install,pre-upgrade")
                kind = one.split("-")[1]
                container, = job["spec"]["template"]["spec"]["containers"]
                self.assertIn("--migrate", container["args"])
                self.assertLessEqual(set(environment(container)) - {"PGPASSWORD"}, {keys(kind)["pg_url"]["environment"]})

    def test_what_a_hook_refers_to_is_a_hook_too_or_the_users(self):
        hooks = [one for one in rendered("external") if "helm.sh/hook" in one["metadata"].get("annotations", {})]
        secrets = of_kind(hooks, "Secret")
        for job in of_kind(hooks, "Job").values():
            spec = job["spec"]["template"]["spec"]
            self.assertNotIn("serviceAccountName", spec)
            for variable in spec["containers"][0]["env"]:
                self.assertIn(variable["valueFrom"]["secretKeyRef"]["name"], secrets)

    def test_with_its_own_postgresql_pods_migrate_at_installation(self):
        first = rendered("trial")
        self.assertEqual(of_kind(first, "Job"), {})
        for kind, template in processes(first).items():
            self.assertEqual(len(template["spec"].get("initContainers", [])), 1 if kind in self.owners() else 0, kind)
        self.assertEqual({one.split("-")[1] for one in of_kind(rendered("trial", "--upgrade"), "Job")}, self.owners())


class Monitoring(unittest.TestCase):
    def test_rules_and_dashboards_are_those_of_the_repository(self):
        all_objects = rendered("whole")
        rules = of_kind(all_objects, "PrometheusRule")
        files = sorted((ROOT / "deploy/prometheus/rules").glob("*.yaml"))
        self.assertEqual({one.removeprefix("talk-") for one in rules}, {file.stem for file in files})
        for file in files:
            self.assertEqual(rules[f"talk-{file.stem}"]["spec"], yaml.safe_load(file.read_text()))
        boards = {one["metadata"]["name"].removeprefix("talk-dashboard-"): one for one in
                  of_kind(all_objects, "ConfigMap").values() if "dashboard" in one["metadata"]["name"]}
        for file in (ROOT / "deploy/grafana/dashboards").glob("*.json"):
            self.assertEqual(json.loads(boards[file.stem]["data"][file.name]), json.loads(file.read_text()))
        self.assertEqual(of_kind(rendered("trial"), "PrometheusRule"), {})

    def test_the_notes_say_how_to_make_the_first_call(self):
        notes = render(VALUE_SETS["trial"], "--notes")
        for text in ("chat register", "chat-mqtt", "sms.jsonl", "plaintext"):
            self.assertIn(text, notes)
        self.assertIn("helm test chat", render(VALUE_SETS["whole"], "--notes"))


if __name__ == "__main__":
    unittest.main()
