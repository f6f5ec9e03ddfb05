"""A stand-in for a replica: what a proxy has to route and must not break, without any inference.

It counts what reaches it, so that a test sees retries, reused connections and forwarded fields.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Stub:
    def __init__(self, name, port=0, host="127.0.0.1"):
        self.name = name
        self.mode = "work"  # work, drain
        self.posts = 0
        self.connections = 0
        self.lock = threading.Lock()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def setup(self):
                with stub.lock:
                    stub.connections += 1
                super().setup()

            def log_message(self, *_):
                pass

            def answer(self, status, body=b"", content_type="application/json", **headers):
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length)
                with stub.lock:
                    stub.posts += 1
                if stub.mode == "drain":
                    return self.answer(503, b'{"code":"draining"}', "application/problem+json", Retry_After="5")
                self.answer(
                    200, json.dumps({"replica": stub.name, "bytes": len(body), "headers": dict(self.headers)}).encode()
                )

            def do_GET(self):
                if self.path == "/readyz":
                    return self.answer(200 if stub.mode == "work" else 503)
                self.answer(200, json.dumps({"replica": stub.name, "headers": dict(self.headers)}).encode())

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # Connections that a proxy resets are no event here.

        self.server = Server((host, port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
