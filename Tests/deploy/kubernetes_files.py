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
    for name in ("base", "example", "bulk", "bulk/bucket/fetch", "bulk/bucket/store"):
        objects, text = build(FOLDER / name)
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
    }
    expect(sorted(changes), sorted(p.name for p in (FOLDER / "components").iterdir()), "components")
    for name, (added, removed) in changes.items():
        with tempfile.TemporaryDirectory() as folder:
            found = kinds(build(overlay([name], folder))[0])
        expect((found - kinds(base), kinds(base) - found), (added, removed), f"{name}: added and removed kinds")
    commented = (FOLDER / "example/kustomization.yaml").read_text()
    for name in COMPONENTS:
        expect(f"../components/{name}" in commented, True, f"{name} in the example")


def custom_resources():
    """With all components; round trips through the models made of KEDA's and the operator's schemas drop no field."""
    try:
        from cloudcoil.models.keda.v1alpha1 import ScaledObject
        from cloudcoil.models.prometheus_operator.v1 import ServiceMonitor
        from jsonschema import Draft202012Validator
    except ImportError as error:
        raise Skipped(f"{error.name} is not installed") from None
    with tempfile.TemporaryDirectory() as folder:
        objects, _ = build(overlay(COMPONENTS, folder))
    for model in (ScaledObject, ServiceMonitor):
        given = one(objects, model.__name__)
        taken = model.model_validate(given).model_dump(by_alias=True, exclude_unset=True, mode="json")
        expect(taken["spec"], given["spec"], f"{model.__name__}, as its schema reads it")
    route = one(objects, "HTTPRoute")
    expect(route["apiVersion"], "gateway.networking.k8s.io/v1", "version of HTTPRoute")
    errors = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(HTTP_ROUTE).iter_errors(route["spec"])]
    expect(errors, [], "HTTPRoute")
    return "ScaledObject, ServiceMonitor by schema; HTTPRoute by its documented fields"


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


def pods_are_confined():
    """Every pod: not root, a read-only root, no capability, no token; limits of memory."""
    seen = 0
    for name in ("base", "bulk", "bulk/bucket/fetch", "bulk/bucket/store"):
        for entry in build(FOLDER / name)[0]:
            pod = entry.get("spec", {}).get("template", {}).get("spec")
            if not pod:
                continue
            security = pod["securityContext"]
            expect((security["runAsNonRoot"], security["seccompProfile"]), (True, {"type": "RuntimeDefault"}), f"{name} pod")
            expect(pod["automountServiceAccountToken"], False, f"{name}: token")
            for container in pod["containers"]:
                own = container["securityContext"]
                confined = (own["allowPrivilegeEscalation"], own["readOnlyRootFilesystem"], own["capabilities"])
                expect(confined, (False, True, {"drop": ["ALL"]}), f"{name}: {container['name']}")
                expect("memory" in container["resources"]["limits"], True, f"{name}: {container['name']}: limit of memory")
                seen += 1
    return f"{seen} containers"
