"""The command line: which renderer is chosen, and clear words when something is missing."""

import http.client
import os
import socket
import stat
import sys
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest
from sitefixtures import command, copy_fixture, fixture_site, project

from renderer import chromium
from renderer.errors import RenderError
from renderer.server import open_server, serving


def quarto(folder, version, status=0):
    """A program that says it is Quarto and notes how it was called."""
    folder.mkdir()
    program = folder / "quarto"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo {version} && exit\n'
        f'echo "$PWD $1 $QUARTO_PYTHON" >> called\nmkdir -p _site && echo made > _site/index.html\nexit {status}\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    return {"env": os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}}


def test_a_new_quarto_is_used_with_this_interpreter(tmp_path):
    root = project(tmp_path / "p", index="# A\n")
    environment = quarto(tmp_path / "bin", "1.7.34")
    done = command(root, "report", **environment)
    assert done.returncode == 0, done.stderr
    assert "Rendered with Quarto 1.7.34" in done.stdout
    assert (root / "called").read_text() == f"{root} render {sys.executable}\n"
    assert "Nothing has changed since Quarto 1.7.34" in command(root, "report", **environment).stdout


def test_a_failing_quarto_fails_the_report(tmp_path):
    root = project(tmp_path / "p", index="# A\n")
    done = command(root, "report", **quarto(tmp_path / "bin", "1.8.1", status=1))
    assert done.returncode == 2
    assert "quarto render ended with status 1" in done.stderr


def test_an_old_quarto_is_not_used(tmp_path):
    root = project(tmp_path / "p", index="---\ntitle: A\n---\n\nText.\n")
    environment = quarto(tmp_path / "bin", "1.6.40")
    done = command(root, "report", **environment)
    assert done.returncode == 0, done.stderr
    assert "Quarto 1.6.40 is older than 1.7" in done.stdout
    assert "Rendered with the embedded renderer" in done.stdout
    assert not (root / "called").exists()
    refused = command(root, "report", "--with", "quarto", **environment)
    assert refused.returncode == 2


@pytest.mark.parametrize("arguments", [["serve"], ["slides-pdf"], ["check"]])
def test_without_a_site_the_command_that_makes_it_is_named(tmp_path, arguments):
    done = command(tmp_path, *arguments)
    assert done.returncode == 2
    assert "make report" in done.stderr


def test_a_failed_render_ends_with_status_2_and_writes_nothing(tmp_path):
    root = project(tmp_path, index="@fig-none\n")
    done = command(root, "report", "--with", "embedded")
    assert done.returncode == 2
    assert "index.qmd:1: `@fig-none` refers to nothing on this page" in done.stderr
    assert not (root / "_site").exists()


def test_a_taken_port_is_said(tmp_path):
    (tmp_path / "index.html").write_text("x")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(RenderError, match="--port"):
            open_server(tmp_path, taken.getsockname()[1])


def test_the_server_shows_the_page_for_missing_pages():
    with serving(fixture_site()) as address:
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(f"{address}chapters/none.html")  # noqa: S310 - our own server
        assert error.value.code == 404
        assert "There is no such page" in error.value.read().decode()


def answer(address: str, path: str, host: str = "localhost", method: str = "GET") -> tuple[int, bytes]:
    """What the server says to a request under this name, which a browser's page elsewhere may choose."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    if host:
        connection.putheader("Host", host)
    connection.endheaders()
    response = connection.getresponse()
    return response.status, response.read()


def test_the_server_answers_only_to_the_names_of_this_machine(tmp_path):
    (tmp_path / "index.html").write_text("secret")
    with serving(tmp_path) as address:
        port = urlsplit(address).port
        for name in ("localhost", f"localhost:{port}", "LOCALHOST.", "127.0.0.1:1234", f"[::1]:{port}"):
            assert answer(address, "/", name) == (200, b"secret"), name
        for name in (
            "",
            "evil.example",
            f"evil.example:{port}",
            "localhost.evil.example",
            "localhost@evil.example",
            "[::1",
        ):
            for method in ("GET", "HEAD"):
                status, body = answer(address, "/", name, method)
                assert status == 421, name
                assert b"secret" not in body


def test_the_server_follows_no_link_out_of_the_site(tmp_path):
    site, outside = tmp_path / "site", tmp_path / "outside"
    for folder in (site / "pages", site / "empty", outside):
        folder.mkdir(parents=True)
    (site / "index.html").write_text("home")
    (site / "inside.html").symlink_to(site / "index.html")
    (outside / "index.html").write_text("secret")
    (site / "file.html").symlink_to(outside / "index.html")
    (site / "folder").symlink_to(outside)
    (site / "pages/index.html").symlink_to(outside / "index.html")
    with serving(site) as address:
        assert answer(address, "/inside.html") == (200, b"home")
        paths = (
            "/file.html",
            "/folder/",
            "/folder/index.html",
            "/pages/",
            "/empty/",
            "/../outside/index.html",
        )
        for path in (*paths, "/%2e%2e/outside/index.html"):
            status, body = answer(address, path)
            assert status == 404, path
            assert b"secret" not in body


def test_check_names_a_broken_link(tmp_path):
    root = copy_fixture(tmp_path)
    (root / "_site").mkdir()
    (root / "_site/index.html").write_text('<a href="none.html">x</a>')
    done = command(root, "check")
    assert done.returncode == 2
    assert "index.html: broken `href` of `<a>`: none.html" in done.stderr


def test_a_missing_browser_is_said_with_the_command_that_installs_one(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.delenv("PLAYWRIGHT_BROWSERS_PATH", raising=False)
    monkeypatch.setattr(chromium, "PLACES", chromium.PLACES[:1])
    with pytest.raises(RenderError, match="playwright install"):
        chromium.find()
    monkeypatch.setenv("CHROMIUM", "no-such-browser")
    with pytest.raises(RenderError, match="no-such-browser"):
        chromium.find()
