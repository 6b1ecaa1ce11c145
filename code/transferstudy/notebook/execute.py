"""Run the notebook in an empty folder, as a reader would, and keep what it shows."""

import json
import os
import re
import sys
import tempfile
from pathlib import Path

from ..errors import StudyError

TIMEOUT = 1800  # seconds a cell
OURS = ("NOTEBOOK_", "TRANSFERSTUDY_", "KERAS_")


def execute(content: dict, variables: dict[str, str] | None = None, folder: Path | None = None) -> dict:
    """Run all cells from top to bottom with this Python and return the notebook with its outputs.

    Args:
        content: the notebook.
        variables: environment variables for the run, such as `NOTEBOOK_MODE`; others that the notebook would read are
            taken away, so that the run does not depend on the shell it was started from.
        folder: working folder, by default an empty one that is removed afterwards.

    Raises:
        StudyError: a cell failed, or an output tells where things lie on this machine.
    """
    import nbformat
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    class ThisPython(AsyncKernelManager):
        """Starts the kernel on the interpreter that runs this, whatever kernels are installed."""

        @property
        def kernel_spec(self):
            argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=argv, display_name="Python 3", language="python")

    with tempfile.TemporaryDirectory() as empty:
        where = folder or Path(empty)
        node = nbformat.reads(json.dumps(content), as_version=4)
        client = NotebookClient(
            node,
            timeout=TIMEOUT,
            record_timing=False,
            coalesce_streams=True,
            kernel_manager_class=ThisPython,
            resources={"metadata": {"path": str(where)}},
        )
        try:
            kept = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
            client.execute(env={**kept, **(variables or {})}, cwd=str(where))
        except CellExecutionError as error:
            raise StudyError(f"the notebook failed:\n{error}") from None
        ran = json.loads(nbformat.writes(node))
        told = _told(ran, [str(where), sys.prefix, str(Path.home()) + os.sep, os.sep + "tmp" + os.sep])
    if told:
        raise StudyError(f"an output of the notebook names a place of this machine: {told}")
    return ran


def _told(ran: dict, places: list[str]) -> str:
    for cell in ran["cells"]:
        for output in cell.get("outputs", []):
            text = "".join(output.get("text", [])) + "".join(output.get("data", {}).get("text/plain", []))
            for place in places:
                if len(place) > 2 and (found := re.search(re.escape(place) + r"\S*", text)):
                    return f"{found[0]} (cell {cell['id']})"
    return ""
