"""The part of hostile.py that is about what the service serves and reads: the page's files, and forms."""

import re
import time

from rig import expect, raw, request
from wire import PICTURE, form, get, post, statuses


class Content:
    """`port` and `ask(data, wanted, what)` come from the class that uses it."""

    def files(self):
        page = request(self.port, "GET", "/")
        expect(page.status, 200, "the page")
        tag = page.headers["etag"]
        head = request(self.port, "HEAD", "/")
        expect((head.status, head.body, head.headers["content-length"]), (200, b"", str(len(page.body))), "HEAD")
        for value, wanted in (
            (tag, 304),
            ("W/" + tag, 304),
            ("*", 304),
            (f'"x", {tag}', 304),
            ('"x"', 200),
            (tag.strip('"'), 200),
        ):
            answer = request(self.port, "GET", "/", headers={"If-None-Match": value})
            expect((answer.status, answer.headers.get("etag")), (wanted, tag), f"If-None-Match: {value}")
        expect(request(self.port, "HEAD", "/", headers={"If-None-Match": tag}).status, 304, "HEAD If-None-Match")
        for value in ("bytes=0-1", "bytes=5-,0-1," * 500 + "0-", "bytes=99999999-", "lines=1"):
            answer = request(self.port, "GET", "/", headers={"Range": value})
            # Ranges are not offered: the whole is an allowed answer (RFC 9110 §14.2).
            expect((answer.status, answer.body), (200, page.body), f"Range: {value[:20]}")
        tricks = [
            "/../etc/passwd",
            "/..%2fetc/passwd",
            "/%2e%2e/%2e%2e/etc/passwd",
            "/js/../../openapi.yaml",
            "/js/..%5c..%5cx",
            "/js/%2e%2e/index.html",
            "//index.html",
            "/./index.html",
            "/index.html/",
            "/index.html%00",
            "/%00",
            "/js",
            "/js/",
            "/.git/config",
            "/js%2fmain.js",
            "/index%2ehtml%2f..",
            "/%c0%ae%c0%ae/x",
            "/%ff",
            "/index.html;x",
            "/INDEX.HTML",
            "/etc/passwd",
            "/proc/self/environ",
            "/index.html.",
            "/index.html%20",
            "/healthz/",
            "/healthz%2f",
            "//healthz",
        ]
        for path in tricks:
            got = statuses(raw(self.port, get(path)))
            expect(got[0] in (400, 404), True, f"{path}: {got}")
        for path in ("/%", "/%4", "/%zz", "/a b", "/<x>", "/\x7f", "/\xe9", "/a#b", "/a\\b", "/{}", "/`", "/|", '/"'):
            self.ask(get(path), [400])
        self.ask(get("/%68ealthz"), [200], "an encoded letter is that letter")
        self.ask(get("/index.html?x=/../..//%2e"), [200], "queries are not part of a file's name")

    def forms(self):
        image = ('name="image"; filename="a.png"', PICTURE)

        def ask(wanted, body, boundary="b", query=""):
            # With the quotation marks that the RFC wants, and without them wherever that can be read.
            quoted = boundary if re.fullmatch(r"[!-~]+", boundary) and query == "" else f'"{boundary}"'
            fields = f"Content-Type: multipart/form-data; boundary={quoted}\r\n"
            fields += f"Connection: close\r\nContent-Length: {len(body)}\r\n"
            self.ask(post(fields, body, "/deblur" + query), [wanted], f"{query} {boundary!r} {body[:300]!r}")

        ask(200, form([image]))
        for boundary in ("-" * 70, "x" * 70, "a b", "a'()+_,-./:=?", "=_?"):
            ask(200, form([image], boundary), boundary)
            ask(200, form([image], boundary), boundary, "?strength=1")
        ask(400, form([image], "x" * 71), "x" * 71)
        for name in (r'"a\"b.jpg"', r'"a\\b"', r'"a\"', '"a%22b"', "a(1).jpg", "DCIM/a b.jpg", '"\xc3\xa9"'):
            ask(200, form([(f'name="image"; filename={name}', PICTURE)]))
        ask(400, form([('name="image"; filename="a"b"', PICTURE)]))
        ask(200, form([("name=strength", b"0.5"), image, ("name=dry_run", b"1")]))
        ask(200, b"\r\n" + form([image]) + b"epilogue")
        for end in ("", "\r\n", "-", "x--"):
            ask(400, form([image], end=end).removesuffix(b"\r\n"))
        ask(400, form([image])[:-10])
        ask(400, form([image, image]))
        ask(400, form([("name=exit", b"1")]))
        ask(400, form([("name=image", b"")]))
        ask(400, form([("name=exit", b"1"), ("name=exit", b"1"), image]))
        ask(400, form([("name=exit", b"1"), image]), query="?exit=1")
        ask(400, form([image]), query="?exit=1&exit=1")
        ask(400, form([("name=unknown", b"1"), image]))
        ask(400, form([("name=exit", b"1" * 300), image]))
        ask(400, form([("name=exit", b"\xff\xfe"), image]))
        ask(400, form([('name=exit; filename="x"', b"1"), image]))
        ask(400, form([("name=exit", b"1")] * 10_000 + [image]))
        ask(400, b"--b\r\n" + b"X: y\r\n" * 5000 + b"\r\n\r\n--b--")
        nested = form([image], "inner")
        ask(400, b"--b\r\nContent-Type: multipart/mixed; boundary=inner\r\n\r\n" + nested + b"\r\n--b--")
        ask(
            415,
            b"--b\r\nContent-Disposition: form-data; name=image\r\n"
            b"Content-Type: multipart/mixed; boundary=inner\r\n\r\n" + nested + b"\r\n--b--",
        )
        ask(400, b"--b\r\nContent-Disposition: form-data; name=image; name=exit\r\n\r\nx\r\n--b--")
        for preamble in (b"A form.\r\n", b"\r\n\r\n", b"--\r\n", b"\r\n-" * 5000 + b"\r\n"):
            ask(200, preamble + form([image]))
        ask(400, b"preamble" + form([image]))
        ask(400, b"preamble\n" + form([image]))
        for value in (
            "multipart/form-data",
            "multipart/form-data; boundary=",
            'multipart/form-data; boundary="',
            "multipart/form-data; boundary=a; boundary=b",
            "/",
            "a/b/c",
        ):
            body = form([image])
            self.ask(
                post(f"Content-Type: {value}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n", body), [400]
            )
        # A boundary of almost the same bytes everywhere must not cost more than one look per byte.
        began = time.monotonic()
        ask(
            415,
            b"--"
            + b"a" * 70
            + b'\r\nContent-Disposition: form-data; name="image"\r\n\r\n'
            + (b"\r\n--" + b"a" * 69) * 13_000
            + b"\r\n--"
            + b"a" * 70
            + b"--",
            "a" * 70,
        )
        expect(time.monotonic() - began < 5, True, "near misses of the boundary take linear time")
