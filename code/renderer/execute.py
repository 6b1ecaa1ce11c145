"""Runs the cells and inline values of pages in Jupyter kernels, and remembers what came out.

One kernel a page, in the project root. A page's results are kept under a key made of everything that was run and of
everything that could have been read, so a changed result, module or cell is always run again.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from renderer.errors import RenderError, RenderErrors
from renderer.source import Cell, Source

CELL_SECONDS = 600
SETUP = """
import matplotlib as _m
from matplotlib_inline.backend_inline import set_matplotlib_formats as _f
_m.rcParams.update({{"figure.figsize": ({width}, {height}), "figure.dpi": {dpi}, "savefig.dpi": "figure"}})
_f("{format}")
del _m, _f
"""
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class ThisInterpreter(KernelSpecManager):
    """Always the running interpreter: a kernel of the same name elsewhere may lack the study's packages."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=40"]
        return KernelSpec(argv=argv, display_name="Python", language="python")


def key_of(source: Source, figures: dict, inputs: str) -> str:
    """The cache key of a page: what is run, how figures are drawn, and the digest of all that can be read."""
    runs = [
        [chunk.code, chunk.options.get("eval", True)] if isinstance(chunk, Cell) else chunk.inline
        for chunk in source.chunks
    ]
    told = json.dumps([runs, source.meta.get("execute"), figures, inputs, sys.version, str(source.path)])
    return hashlib.sha256(told.encode()).hexdigest()


def execute(
    root: Path, pages: list[tuple[Source, dict, dict]], cache: Path, inputs: str, jobs: int = 2
) -> dict:
    """Run the pages that are not in the cache.

    Args:
        root: project root, the working directory of every cell.
        pages: the page, its figure settings (width, height, dpi, format) and its execution defaults.
        cache: folder with one JSON file a page.
        inputs: digest of everything a cell may read.
        jobs: how many kernels may run at once.

    Returns:
        path of a page -> list with one entry a chunk: the outputs of a cell, or the values of a text's inline
        expressions (MIME bundles).

    Raises:
        RenderErrors: the first failing cell or inline value of each page that was running; no further page is begun.
    """
    cache.mkdir(parents=True, exist_ok=True)
    results, missing, keys = {}, [], set()
    for source, figures, defaults in pages:
        key = key_of(source, figures, inputs)
        keys.add(key)
        file = cache / f"{key}.json"
        try:
            results[source.path] = json.loads(file.read_text())
        except (OSError, ValueError):
            missing.append((source, figures, defaults, file))
    if missing:
        results |= asyncio.run(_run_all(root, missing, jobs))
    for stale in cache.glob("*.json"):
        if stale.stem not in keys:
            stale.unlink()
    return results


async def _run_all(root: Path, missing: list, jobs: int) -> dict:
    gate = asyncio.Semaphore(jobs)
    failed: list[RenderError] = []

    async def one(source, figures, defaults, file):
        async with gate:
            if failed:  # the other pages often fail for the same reason, and each takes its time
                return None
            if any(isinstance(chunk, Cell) or chunk.inline for chunk in source.chunks):
                try:
                    result = await _run_page(root, source, figures, defaults)
                except RenderError as error:
                    failed.append(error)
                    return None
            else:
                result = [[] for _ in source.chunks]
        temporary = file.with_suffix(".part")
        temporary.write_text(json.dumps(result))
        temporary.replace(file)
        return source.path, result

    done = await asyncio.gather(*(one(*page) for page in missing))
    if failed:
        raise RenderErrors(failed)
    return dict(done)


async def _run_page(root: Path, source: Source, figures: dict, defaults: dict) -> list:
    notebook = nbformat.v4.new_notebook()
    manager = AsyncKernelManager(kernel_spec_manager=ThisInterpreter())
    client = NotebookClient(notebook, km=manager, timeout=CELL_SECONDS, allow_errors=False)
    environment = os.environ | {
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "QUARTO_PROJECT_DIR": str(root),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    results = []
    # What libraries write past Python (TensorFlow's start-up lines) belongs neither on the page nor on the terminal
    process = {
        "env": environment,
        "cwd": str(root),
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }
    async with client.async_setup_kernel(**process):
        await client.async_wait_for_reply(client.kc.execute(SETUP.format(**figures), silent=True))
        for chunk in source.chunks:
            if not isinstance(chunk, Cell):
                results.append(await _inline(client, source, chunk))
            elif chunk.options.get("eval", defaults.get("eval", True)):
                results.append(await _cell(client, source, chunk))
            else:
                results.append([])
    return results


async def _cell(client: NotebookClient, source: Source, cell: Cell) -> list[dict]:
    node = nbformat.v4.new_code_cell(cell.code)
    client.nb.cells.append(node)
    try:
        await client.async_execute_cell(node, len(client.nb.cells) - 1)
    except CellExecutionError as error:
        frame = re.search(r"Cell In\[\d+\], line (\d+)", ANSI.sub("", error.traceback))
        line = cell.line + (int(frame[1]) - 1 if frame else 0)
        raise RenderError(
            f"this cell failed with {error.ename}: {ANSI.sub('', error.evalue)}", source.path, line
        ) from None
    except (CellTimeoutError, DeadKernelError) as error:
        raise RenderError(f"this cell did not finish: {error}", source.path, cell.line) from None
    return json.loads(json.dumps(node.outputs))


async def _inline(client: NotebookClient, source: Source, text) -> list[dict]:
    expressions = text.inline
    if not expressions:
        return []
    message = client.kc.execute("", user_expressions={str(i): e for i, e in enumerate(expressions)})
    reply = await client.async_wait_for_reply(message)
    values = []
    for i, expression in enumerate(expressions):
        value = reply["content"]["user_expressions"][str(i)]
        if value["status"] != "ok":
            raise RenderError(
                f"the inline value `{expression}` failed with {value['ename']}: {value['evalue']}",
                source.path,
                text.line_of_inline(i),
            )
        values.append(value["data"])
    return values
