"""A small local server for the rendered site: it shows this site, to this machine, and nothing else."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from renderer.errors import RenderError

OWN_NAMES = {"localhost", "127.0.0.1", "::1"}


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

    def send_head(self):
        """Answer only under this machine's own name, and only with what lies in the site's folder.

        Another page in the reader's browser could otherwise ask under a name of its own that leads here, and a link in the
        folder could lead to any file of this machine.
        """
        if not is_own_name(self.headers.get("Host", "")):
            self.send_error(
                HTTPStatus.MISDIRECTED_REQUEST, explain="This server answers only to the name localhost."
            )
            return None
        site, path = Path(self.directory).resolve(), Path(self.translate_path(self.path))
        reached = [path, path / "index.html", path / "index.htm"] if path.is_dir() else [path]
        if not all(file.resolve().is_relative_to(site) for file in reached):
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def list_directory(self, path):
        """A folder without a page of its own is not shown."""
        self.send_error(HTTPStatus.NOT_FOUND)

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


def is_own_name(host: str) -> bool:
    """Whether the ``Host`` of a request, with or without a port, names this machine."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:  # such as an address whose bracket does not close
        return False
    return name.rstrip(".") in OWN_NAMES and "@" not in host and "/" not in host


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
