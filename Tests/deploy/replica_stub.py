"""A stand-in for a replica: what a proxy has to route and must not break, without any inference.

It counts what reaches it, so that a test sees retries, reused connections and forwarded fields.
"""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Stub:
    def __init__(self, name, port=0, host="127.0.0.1"):
        self.name = name
        self.mode = "work"  # work, drain
        self.posts = 0
        self.connections = 0
        self.results = {"200": 0, "304": 0}
        self.deleted = False
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
                if self.headers.get("X-Test") == "crash":
                    self.close_connection = True
                    return self.connection.close()
                self.answer(
                    200, json.dumps({"replica": stub.name, "bytes": len(body), "headers": dict(self.headers)}).encode()
                )

            def do_DELETE(self):
                stub.deleted = True
                self.send_response(204)
                self.end_headers()

            def do_GET(self):
                if self.path == "/readyz":
                    return self.answer(200 if stub.mode == "work" else 503)
                if self.path.endswith("/events"):
                    return self.events()
                if self.path.endswith("/result"):
                    return self.result()
                self.answer(200, json.dumps({"replica": stub.name, "headers": dict(self.headers)}).encode())

            def events(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Cache-Control", "no-store")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for number in range(4):
                    event = f"id: {number}\nevent: tile\ndata: {time.time()}\n\n".encode()
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
                    self.wfile.flush()
                    time.sleep(0.7)
                self.wfile.write(b"0\r\n\r\n")

            def result(self):
                if stub.deleted:
                    return self.answer(404, b"{}", "application/problem+json")
                if self.headers.get("If-None-Match") == '"r"':
                    with stub.lock:
                        stub.results["304"] += 1
                    self.send_response(304)
                    self.send_header("ETag", '"r"')
                    return self.end_headers()
                with stub.lock:
                    stub.results["200"] += 1
                self.answer(200, b"picture" * 1000, "image/jpeg", ETag='"r"', Cache_Control="private, no-cache")

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
