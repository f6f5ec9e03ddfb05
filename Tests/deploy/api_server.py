"""As much of Kubernetes' API as a controller needs that reads objects: lists of what it was given, watches on which nothing
happens, and a note of the status that the controller writes."""

import http.server
import json
import re
import threading

# Plural names whose kind is not the name without its s.
KINDS = {
    "ingresses": "Ingress",
    "ingressclasses": "IngressClass",
    "endpointslices": "EndpointSlice",
    "gatewayclasses": "GatewayClass",
    "httproutes": "HTTPRoute",
    "grpcroutes": "GRPCRoute",
    "tlsroutes": "TLSRoute",
    "tcproutes": "TCPRoute",
    "referencegrants": "ReferenceGrant",
    "backendtlspolicies": "BackendTLSPolicy",
    "listenersets": "ListenerSet",
    "configmaps": "ConfigMap",
}
PATH = re.compile(r"/(?:api|apis/(?P<group>[^/]+))/(?P<version>[^/]+)(?:/namespaces/(?P<space>[^/]+))?"
                  r"/(?P<plural>[a-z]+)(?:/(?P<name>[^/]+))?(?:/status)?$")


class APIServer:
    def __init__(self, objects):
        self.objects = objects
        # By kind and name: what a controller said last.
        self.status = {}
        self.ended = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.get(self)

            def do_PUT(self):
                outer.put(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.ended.set()
        self.server.shutdown()

    def get(self, request):
        path, _, query = request.path.partition("?")
        if path == "/version":
            return answer(request, 200, {"major": "1", "minor": "37", "gitVersion": "v1.37.0"})
        asked = PATH.match(path)
        if not asked:
            return answer(request, 404, failure(404, "NotFound"))
        if "sendInitialEvents" in query:
            # A list by way of a watch, which a server need not have: the client asks for a list then.
            return answer(request, 422, failure(422, "Invalid"))
        if "watch=" in query:
            request.send_response(200)
            request.send_header("Content-Type", "application/json")
            request.send_header("Connection", "close")
            request.end_headers()
            request.close_connection = True
            return self.ended.wait(300)
        kind = KINDS.get(asked["plural"]) or asked["plural"].rstrip("s").capitalize()
        version = f"{asked['group']}/{asked['version']}" if asked["group"] else asked["version"]
        found = [entry for entry in self.objects if entry["kind"] == kind and entry["apiVersion"] == version]
        if asked["space"]:
            found = [entry for entry in found if entry["metadata"].get("namespace") == asked["space"]]
        if asked["name"]:
            found = [entry for entry in found if entry["metadata"]["name"] == asked["name"]]
            return answer(request, 200, found[0]) if found else answer(request, 404, failure(404, "NotFound"))
        answer(request, 200, {"kind": f"{kind}List", "apiVersion": version, "metadata": {"resourceVersion": "1"}, "items": found})

    def put(self, request):
        entry = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
        self.status[entry["kind"], entry["metadata"]["name"]] = entry.get("status", {})
        answer(request, 200, entry)


def failure(code, reason):
    return {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code, "message": reason}


def answer(request, code, value):
    body = json.dumps(value).encode()
    request.send_response(code)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
