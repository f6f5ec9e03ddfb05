"""Deploy/kubernetes, built by kustomize and held against schemas: Kubernetes' own, KEDA's, the Prometheus operator's, and of
the Gateway API the fields that its reference documents for an HTTPRoute (no package with its schema can be had)."""

import os
import tempfile
from pathlib import Path

from support import DEPLOY, Skipped, expect
from tools import run, tool

FOLDER = DEPLOY / "kubernetes"
# The oldest that docs/operations.md names, and the newest with a schema.
VERSIONS = ("1.30", "1.37")
COMPONENTS = ("monitoring", "keda", "gateway")
# Behind the others: it changes what they add.
WITH_DATABASE = (*COMPONENTS, "database")

NAME = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "maxLength": 253}
PORT = {"type": "integer", "minimum": 1, "maximum": 65535}
DURATION = {"type": "string", "pattern": "^([0-9]{1,5}(h|m|s|ms)){1,4}$"}


def _object(required, **properties):
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


def _list(items, most, least=1):
    return {"type": "array", "items": items, "minItems": least, "maxItems": most}


_REFERENCE = {"group": {"type": "string"}, "kind": {"type": "string"}, "namespace": NAME, "name": NAME, "port": PORT}
HTTP_ROUTE = _object(
    ["parentRefs", "rules"],
    parentRefs=_list(_object(["name"], **_REFERENCE, sectionName=NAME), 32),
    hostnames=_list({"type": "string", "pattern": r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"}, 16),
    rules=_list(
        _object(
            ["backendRefs"],
            name=NAME,
            matches=_list(
                _object(
                    ["path"],
                    path=_object(
                        ["type", "value"],
                        type={"enum": ["Exact", "PathPrefix", "RegularExpression"]},
                        value={"type": "string", "pattern": "^/", "maxLength": 1024},
                    ),
                ),
                64,
            ),
            # A Service has to name its port.
            backendRefs=_list(_object(["name", "port"], **_REFERENCE, weight={"type": "integer", "minimum": 0}), 16),
            timeouts=_object([], request=DURATION, backendRequest=DURATION),
        ),
        16,
    ),
)


def build(folder):
    """The objects that kustomize makes of a folder, and their text."""
    try:
        import yaml
    except ImportError:
        raise Skipped("PyYAML is not installed") from None
    text = run(tool("kubectl"), "kustomize", folder)
    return list(yaml.safe_load_all(text)), text


def overlay(components, folder):
    """A folder that is the base with components, as the example says it."""
    base = os.path.relpath(FOLDER / "base", Path(folder).resolve())
    lines = ["apiVersion: kustomize.config.k8s.io/v1beta1", "kind: Kustomization", "namespace: deblur", f"resources: [{base}]"]
    lines += ["components:", *(f"  - {base}/../components/{name}" for name in components)] if components else []
    (Path(folder) / "kustomization.yaml").write_text("\n".join(lines) + "\n")
    return folder


def kinds(objects):
    return {entry["kind"] for entry in objects}


def one(objects, kind, name="deblur"):
    (found,) = [entry for entry in objects if entry["kind"] == kind and entry["metadata"]["name"] == name]
    return found


def builds_and_is_valid():
    """Everything that is not a custom resource, strictly: an unknown field is an error."""
    validate, notes = tool("kubernetes-validate"), []
    with tempfile.TemporaryDirectory() as folder:
        variants = {name: FOLDER / name for name in ("base", "example", "bulk", "bulk/bucket/fetch", "bulk/bucket/store")}
        variants["database"] = overlay(["database"], folder)
        for name, path in variants.items():
            objects, text = build(path)
            with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
                file.write(text)
                file.flush()
                for version in VERSIONS:
                    output = run(validate, "--strict", "--kubernetes-version", version, file.name)
                    found = output.count("passed"), output.count("Could")
                    expect(found, (len(objects), 0), f"{name}, {version}: valid, without a schema")
            notes.append(f"{name} {len(objects)}")
    return f"{' and '.join(VERSIONS)}; objects: {', '.join(notes)}"


def base_needs_no_operator():
    """Groups of the base are Kubernetes' own; every component adds one kind, and what it replaces is gone."""
    own = {"v1", "apps/v1", "autoscaling/v2", "networking.k8s.io/v1", "policy/v1"}
    base, _ = build(FOLDER / "base")
    expect({entry["apiVersion"] for entry in base} - own, set(), "API groups that are not Kubernetes' own")
    changes = {
        "monitoring": ({"ServiceMonitor"}, set()),
        "keda": ({"ScaledObject"}, {"HorizontalPodAutoscaler"}),
        "gateway": ({"HTTPRoute"}, {"Ingress"}),
        "database": (set(), {"StatefulSet"}),
    }
    expect(sorted(changes), sorted(p.name for p in (FOLDER / "components").iterdir()), "components")
    for name, (added, removed) in changes.items():
        with tempfile.TemporaryDirectory() as folder:
            found = kinds(build(overlay([name], folder))[0])
        expect((found - kinds(base), kinds(base) - found), (added, removed), f"{name}: added and removed kinds")
    commented = (FOLDER / "example/kustomization.yaml").read_text()
    for name in WITH_DATABASE:
        expect(f"../components/{name}" in commented, True, f"{name} in the example")


def custom_resources():
    """With all components; round trips through the models made of KEDA's and the operator's schemas drop no field."""
    try:
        from cloudcoil.models.keda.v1alpha1 import ScaledObject
        from cloudcoil.models.prometheus_operator.v1 import ServiceMonitor
        from jsonschema import Draft202012Validator
    except ImportError as error:
        raise Skipped(f"{error.name} is not installed") from None
    for components in (COMPONENTS, WITH_DATABASE):
        with tempfile.TemporaryDirectory() as folder:
            objects, _ = build(overlay(components, folder))
        fit_their_schemas(objects, (ScaledObject, ServiceMonitor), Draft202012Validator(HTTP_ROUTE))
    return "ScaledObject, ServiceMonitor by schema; HTTPRoute by its documented fields; with and without a database"


def fit_their_schemas(objects, models, validator):
    for model in models:
        given = one(objects, model.__name__)
        taken = model.model_validate(given).model_dump(by_alias=True, exclude_unset=True, mode="json")
        expect(taken["spec"], given["spec"], f"{model.__name__}, as its schema reads it")
    route = one(objects, "HTTPRoute")
    expect(route["apiVersion"], "gateway.networking.k8s.io/v1", "version of HTTPRoute")
    errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(route["spec"])]
    expect(errors, [], "HTTPRoute")


def references_fit():
    """What one object names in another is there, with the same numbers."""
    with tempfile.TemporaryDirectory() as folder:
        everything, _ = build(overlay(COMPONENTS, folder))
    base, _ = build(FOLDER / "base")
    router = one(base, "Service", "deblur-router")
    ports = {port["port"] for port in router["spec"]["ports"]}
    for rule in one(everything, "HTTPRoute")["spec"]["rules"]:
        expect({(b["name"], b["port"] in ports) for b in rule["backendRefs"]}, {("deblur-router", True)}, "backends")
    (path,) = one(base, "Ingress")["spec"]["rules"][0]["http"]["paths"]
    expect(path["backend"]["service"]["name"], "deblur-router", "backend of the Ingress")
    hosts = [rule["host"] for rule in one(base, "Ingress")["spec"]["rules"]]
    expect(one(everything, "HTTPRoute")["spec"]["hostnames"], hosts, "host names of route and Ingress")

    scaler, keda = one(base, "HorizontalPodAutoscaler")["spec"], one(everything, "ScaledObject")["spec"]
    expect(keda["scaleTargetRef"], scaler["scaleTargetRef"], "what is scaled")
    one(base, scaler["scaleTargetRef"]["kind"], scaler["scaleTargetRef"]["name"])
    expect((keda["minReplicaCount"], keda["maxReplicaCount"]), (scaler["minReplicas"], scaler["maxReplicas"]), "replicas")
    expect(keda["advanced"]["horizontalPodAutoscalerConfig"]["behavior"], scaler["behavior"], "behaviour")
    queue, cpu = keda["triggers"]
    pods, resource = scaler["metrics"]
    expect(queue["metadata"]["threshold"], pods["pods"]["target"]["averageValue"], "waiting tiles")
    expect(pods["pods"]["metric"]["name"] in queue["metadata"]["query"], True, "the metric in KEDA's query")
    expect(cpu["metadata"]["value"], str(resource["resource"]["target"]["averageUtilization"]), "CPU")


def database_fits():
    """With a database: the base's pods without their volume, nothing of a router; from outside the public paths alone."""
    with tempfile.TemporaryDirectory() as folder:
        behind_ingress, _ = build(overlay(["database"], folder))
        objects, text = build(overlay(WITH_DATABASE, folder))
    base, _ = build(FOLDER / "base")
    expect("router" in text, False, "a word of the router")
    expect({"PersistentVolumeClaim", "StatefulSet"} & kinds(objects), set(), "what keeps a pod's name or volume")
    stateful, free = one(base, "StatefulSet")["spec"]["template"], one(objects, "Deployment")["spec"]["template"]
    pod = free["spec"]
    (container,), (migrate,) = pod["containers"], pod["initContainers"]
    (before,) = stateful["spec"]["containers"]
    # Scaling down: the pod leaves the Service, ends what it has begun, gives back the rest.
    for key in ("lifecycle", "readinessProbe", "livenessProbe", "startupProbe", "securityContext", "image"):
        expect(container[key], before[key], key)
    expect(pod["terminationGracePeriodSeconds"], stateful["spec"]["terminationGracePeriodSeconds"], "grace")
    expect(one(objects, "PodDisruptionBudget")["spec"], one(base, "PodDisruptionBudget")["spec"], "disruption budget")
    expect((migrate["image"], migrate["args"]), (container["image"], ["migrate"]), "what makes the tables")
    settings = {entry["name"]: entry for entry in container["env"]}
    expect([settings[entry["name"]] for entry in migrate["env"]], migrate["env"], "settings of migration and service")
    (reference,) = [entry["valueFrom"]["configMapKeyRef"] for entry in migrate["env"] if "configMapKeyRef" in entry["valueFrom"]]
    connection = one(objects, "ConfigMap", reference["name"])["data"][reference["key"]]
    expect("password" in connection, False, "a password in the connection string")
    words = dict(word.split("=", 1) for word in connection.split())
    scaled = one(objects, "ScaledObject")["spec"]
    trigger = scaled["triggers"][0]
    expect(trigger["type"], "postgresql", "the first trigger")
    asked = {key: trigger["metadata"][key] for key in ("host", "dbName", "userName", "sslmode")}
    expect(list(asked.values()), [words[key] for key in ("host", "dbname", "user", "sslmode")], "the database that KEDA asks")
    expect(trigger["metadata"]["passwordFromEnv"] in settings, True, "KEDA's password")
    expect({scaled["scaleTargetRef"]["kind"], one(behind_ingress, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["kind"]},
           {"Deployment"}, "what is scaled")
    public_paths(one(behind_ingress, "Ingress"), one(objects, "HTTPRoute"), one(objects, "Service"))


def public_paths(ingress, route, service):
    """Ingress and route let through the page's files and the API, and no more."""
    rules = [rule["http"]["paths"] for rule in ingress["spec"]["rules"]]
    found = {(path["path"], path["pathType"]) for paths in rules for path in paths}
    expect({path["backend"]["service"]["name"] for paths in rules for path in paths}, {service["metadata"]["name"]}, "backend")
    matches = [match["path"] for rule in route["spec"]["rules"] for match in rule["matches"]]
    expect({(m["value"], m["type"].removeprefix("Path")) for m in matches}, found, "paths of route and Ingress")
    wanted = {("/" + p.name, "Prefix" if p.is_dir() else "Exact") for p in (DEPLOY.parent / "Public").iterdir()}
    wanted |= {("/", "Exact"), ("/openapi.yaml", "Exact"), ("/deblur", "Prefix"), ("/jobs", "Prefix"), ("/model", "Prefix")}
    expect(found, wanted, "public paths")


def pods_are_confined():
    """Every pod: not root, a read-only root, no capability, no token; limits of memory."""
    seen = 0
    with tempfile.TemporaryDirectory() as folder:
        built = {name: build(FOLDER / name)[0] for name in ("base", "bulk", "bulk/bucket/fetch", "bulk/bucket/store")}
        built["database"] = build(overlay(["database"], folder))[0]
    for name, objects in built.items():
        for entry in objects:
            pod = entry.get("spec", {}).get("template", {}).get("spec")
            if not pod:
                continue
            security = pod["securityContext"]
            expect((security["runAsNonRoot"], security["seccompProfile"]), (True, {"type": "RuntimeDefault"}), f"{name} pod")
            expect(pod["automountServiceAccountToken"], False, f"{name}: token")
            for container in pod["containers"] + pod.get("initContainers", []):
                own = container["securityContext"]
                confined = (own["allowPrivilegeEscalation"], own["readOnlyRootFilesystem"], own["capabilities"])
                expect(confined, (False, True, {"drop": ["ALL"]}), f"{name}: {container['name']}")
                expect("memory" in container["resources"]["limits"], True, f"{name}: {container['name']}: limit of memory")
                seen += 1
    return f"{seen} containers"
