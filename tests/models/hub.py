"""A server on this machine that answers as Hugging Face's hub and as ModelScope do, and can break off.

Hub: ``HEAD /OWNER/REPO/resolve/main/PATH`` names commit, size and digest; large files redirect to another
path, small ones come at once. ModelScope: ``GET /models/OWNER/REPO/resolve/master/PATH``.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = 1000
"""Bytes from which a file is kept apart, as Git LFS does."""


@dataclass
class Hub:
    """What the server has, and what was asked of it."""

    files: dict[str, bytes] = field(default_factory=dict)
    """Content by ``OWNER/REPO/PATH``."""

    break_after: list[int] = field(default_factory=list)
    """For each next download: bytes after which the connection is cut."""

    refuse: dict[str, int] = field(default_factory=dict)
    """Status by path, in place of an answer."""

    ignores_ranges: bool = False
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, path and range of each request."""

    endpoint: str = ""

    @property
    def ranges(self) -> list[str]:
        """The ranges that downloads asked for."""
        return [wanted for method, _, wanted in self.requests if method == "GET" and wanted]

    @property
    def n_downloads(self) -> int:
        """How many answers had a body."""
        return sum(
            method == "GET" and "/resolve/main/" not in path for method, path, _ in self.requests
        )


@contextmanager
def serve(hub: Hub) -> Iterator[Hub]:
    """The hub on a free port of 127.0.0.1, for as long as the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def _answer(self, *, with_body: bool) -> None:
            path = unquote(self.path.partition("?")[0]).lstrip("/")
            hub.requests.append((self.command, path, self.headers.get("Range", "")))
            if path in hub.refuse:
                self._end(hub.refuse[path], {})
                return
            for mark, prefix in (
                ("/resolve/main/", ""),
                ("/resolve/master/", "models/"),
                ("", "cdn/"),
            ):
                if path.startswith(prefix) and (not mark or mark in path):
                    key = path.removeprefix(prefix)
                    key = key.replace(mark, "/") if mark else key
                    break
            content = hub.files.get(key)
            if content is None:
                self._end(404, {"X-Error-Code": "EntryNotFound"})
                return
            is_hub = mark == "/resolve/main/"
            digest = hashlib.sha256(content).hexdigest()
            if is_hub and len(content) >= LARGE:
                headers = {
                    "X-Repo-Commit": COMMIT,
                    "X-Linked-Size": str(len(content)),
                    "X-Linked-Etag": f'"{digest}"',
                    "ETag": '"short"',
                    # another host, as the real one's; what is on the hub's own host is followed at once
                    "Location": f"{hub.endpoint.replace('127.0.0.1', 'localhost')}/cdn/{key}?s=1",
                }
                self._end(302, headers)
                return
            headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{digest[:40]}"'} if is_hub else {}
            self._send(content, headers, with_body=with_body)

        def _send(self, content: bytes, headers: dict[str, str], *, with_body: bool) -> None:
            start = 0
            wanted = self.headers.get("Range", "")
            if wanted and not hub.ignores_ranges:
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
                if start >= len(content):
                    self._end(416, {"Content-Range": f"bytes */{len(content)}"})
                    return
                headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            body = content[start:]
            self.send_response(206 if start else 200)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if with_body:
                if hub.break_after:
                    body = body[: hub.break_after.pop(0)]
                    self.close_connection = True
                self.wfile.write(body)

        def _end(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": "0"}.items():
                self.send_header(name, value)
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
