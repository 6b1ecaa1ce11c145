"""A small local server for the rendered site."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from renderer.errors import RenderError


class Handler(SimpleHTTPRequestHandler):
    """Serves files, the site's own page for what is not there, and is silent about what went well."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def log_request(self, code="-", size="-"):
        """Only what is missing is worth a line."""
        if str(code).startswith(("4", "5")):
            super().log_request(code, size)

    def end_headers(self):
        """Never let a browser keep an old page of a site that is being written."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def send_error(self, code, message=None, explain=None):
        """Show the site's 404 page."""
        page = Path(self.directory) / "404.html"
        if code != 404 or not page.is_file():
            super().send_error(code, message, explain)
            return
        body = page.read_bytes()
        self.send_response(404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def open_server(site: Path, port: int) -> ThreadingHTTPServer:
    """A server on localhost; port 0 takes any free one.

    Raises:
        RenderError: nothing is rendered yet, or the port is taken.
    """
    if not (site / "index.html").is_file():
        raise RenderError(f"there is no site in {site}", mend="make report")
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), partial(Handler, directory=str(site)))
    except OSError as error:
        raise RenderError(
            f"cannot serve on port {port}: {error.strerror}", mend="choose another --port"
        ) from None


@contextlib.contextmanager
def serving(site: Path) -> Iterator[str]:
    """Serve in the background; gives the address."""
    with open_server(site, 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
