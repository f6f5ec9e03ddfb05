"""Traefik as a cluster's controller, reading the Ingress and the HTTPRoute of Deploy/kubernetes from a stand-in of the API."""

import http.server
import json
import os
import tempfile
import threading

import kubernetes_files
from api_server import APIServer
from support import expect, free_port, request, start, stop, wait_for
from tools import tool

HOST = "deblur.example.org"


class Router:
    """Stands for nginx: says what it was asked."""

    def __init__(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = json.dumps({"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def traefik_reads(kind, folder):
    """Ingress or HTTPRoute leads to the router, for its host's name only, and whose request it is a client cannot say itself."""
    program, router, port = tool("traefik"), Router(), free_port()
    api = APIServer(cluster(kind, router.port, port))
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("KUBERNETES_", "TRAEFIK_"))}
    provider = {"Ingress": "kubernetesIngress", "HTTPRoute": "kubernetesGateway"}[kind]
    options = [
        f"--entryPoints.web.address=127.0.0.1:{port}",
        f"--providers.{provider}.endpoint=http://127.0.0.1:{api.port}",
        f"--providers.{provider}.token=none",
        "--global.checkNewVersion=false",
        "--global.sendAnonymousUsage=false",
    ]
    process = start([program, *options], folder / f"traefik-{kind}.log", env=environment)
    try:
        wait_for(lambda: reaches(port, "/readyz", HOST), 30, "an answer of the router")
        for path in ("/deblur", "/jobs/deblur-0-77/events"):
            answer = request(port, "GET", path, headers={"Host": HOST, "X-Forwarded-For": "192.0.2.1"})
            seen = json.loads(answer.body)
            expect((seen["path"], seen["headers"]["host"]), (path, HOST), "asked of the router")
            expect(seen["headers"]["x-forwarded-for"], "127.0.0.1", "whose request it is")
        expect(request(port, "GET", "/", headers={"Host": "other.example.org"}).status, 404, "another host")
        if kind == "HTTPRoute":
            status = wait_for(lambda: api.status.get(("HTTPRoute", "deblur")), 10, "the route's status")
            (parent,) = status["parents"]
            conditions = {condition["type"]: condition["status"] for condition in parent["conditions"]}
            expect(conditions, {"Accepted": "True", "ResolvedRefs": "True"}, "conditions of the route")
    finally:
        stop(process)
        api.stop()


def reaches(port, path, host):
    try:
        return request(port, "GET", path, headers={"Host": host}, timeout=5).status == 200
    except OSError:
        return False


def cluster(kind, router_port, gateway_port):
    """What a controller reads of the base, or of the base with the gateway's component, with what a cluster adds to it."""
    with tempfile.TemporaryDirectory() as folder:
        components = ["gateway"] if kind == "HTTPRoute" else []
        objects, _ = kubernetes_files.build(kubernetes_files.overlay(components, folder))
    objects = [entry for entry in objects if entry["kind"] in ("Namespace", "Service", kind)]
    objects += [
        made("v1", "Namespace", "gateway"),
        made("networking.k8s.io/v1", "IngressClass", "traefik", spec={"controller": "traefik.io/ingress-controller"}),
        made("gateway.networking.k8s.io/v1", "GatewayClass", "traefik", spec={"controllerName": "traefik.io/gateway-controller"}),
        made("gateway.networking.k8s.io/v1", "Gateway", "public", "gateway", spec={
            "gatewayClassName": "traefik",
            "listeners": [{"name": "http", "protocol": "HTTP", "port": gateway_port,
                           "allowedRoutes": {"namespaces": {"from": "All"}}}],
        }),
        made("discovery.k8s.io/v1", "EndpointSlice", "deblur-router-1", "deblur",
             labels={"kubernetes.io/service-name": "deblur-router"}, addressType="IPv4",
             endpoints=[{"addresses": ["127.0.0.1"], "conditions": {"ready": True, "serving": True}}],
             ports=[{"name": "http", "port": router_port, "protocol": "TCP"}]),
    ]
    for number, entry in enumerate(objects):
        entry["metadata"] |= {"uid": f"uid-{number}", "resourceVersion": "1", "generation": 1}
        for port in entry["spec"]["ports"] if entry["kind"] == "Service" else []:
            port.setdefault("protocol", "TCP")
    return objects


def made(version, kind, name, namespace=None, labels=None, **more):
    metadata = {"name": name, "labels": labels or {}} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}
