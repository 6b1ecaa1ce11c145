"""`results/` on disk: one JSON record and one file of predictions a run; atomic, checksummed, plain.

    results/runs/<id>.json      spec, measures, history, provenance, environment, timing
    results/runs/<id>.npz.xz    predictions (`rounding`) and labels of the validation and test images (`packing`)
    results/models/<id>.npz     float16 weights, for the one small model that pages run

A run exists when its record does: the record is written last.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import StudyError
from ..files import fitting, read_json
from ..paths import results_dir
from ..plan.spec import RunSpec
from . import locks
from .records import CHECK, as_json, digest, read_beside, record_digest, write_atomic

if TYPE_CHECKING:  # whoever only asks which runs are there does without NumPy
    import numpy as np

SCHEMA = 2
FIRST = 1  # schema of the first edition; `conversion` brings its records to this one


class Store:
    """The results folder.

    Args:
        root: the folder; by default the project's `results/`.
        study: the command that makes runs of this folder again, where it belongs to a study of somebody's own pictures: Git does
            not hold them, and `run` does not know them.
    """

    def __init__(self, root: Path | str | None = None, study: str | None = None):
        self.root, self._study = Path(root) if root else results_dir(), study
        self.runs = self.root / "runs"

    def record_path(self, run_id: str) -> Path:
        """Return where the record of a run lies or would lie."""
        return self.runs / f"{run_id}.json"

    def ids(self) -> list[str]:
        """Return the ids of all runs that have a record, sorted."""
        return sorted(p.stem for p in self.runs.glob("[0-9a-f]*.json"))

    def state(self) -> int:
        """Return a number that is another one after a file of any run was added, removed or written anew."""
        if not self.runs.is_dir():
            return 0
        with os.scandir(self.runs) as files:
            return hash(frozenset((f.name, s.st_mtime_ns, s.st_size) for f in files if (s := f.stat())))

    def has(self, spec: RunSpec) -> bool:
        """Return whether the run of `spec` is finished. The record is not read."""
        return self.record_path(spec.id).is_file()

    def save(
        self, record: dict, predictions: dict[str, np.ndarray], model: dict[str, np.ndarray] | None = None
    ) -> dict:
        """Write a finished run: predictions first, the record last.

        Args:
            record: everything but the checksums; `record["spec"]` holds the spec's fields.
            predictions: arrays as `prediction.predict` returns them, so rounded by `rounding.rounded`.
            model: float16 weights to keep, named `<layer>/<variable>`, or None.

        Returns:
            The record as written.
        """
        import numpy as np

        from .packing import pack
        from .rounding import ROUNDING

        run_id = RunSpec.parse(record["spec"]).id
        packed, kept = pack(predictions), None
        if model is not None:
            buffer = io.BytesIO()
            np.savez_compressed(buffer, **model)
            kept = buffer.getvalue()
        # Two processes that store one run one after the other leave a record and predictions that belong together.
        with locks.waiting(self.root / locks.FOLDER, f"{run_id}.store"):
            entry = {**self._put(f"runs/{run_id}.npz.xz", packed), "rounding": ROUNDING}
            model_entry = None if kept is None else self._put(f"models/{run_id}.npz", kept)
            return self.save_record({**record, "schema": SCHEMA, "predictions": entry, "model": model_entry})

    def save_record(self, record: dict) -> dict:
        """Write a record with a fresh checksum and return it."""
        run_id = RunSpec.parse(record["spec"]).id
        record = {**record, "id": run_id}
        record[CHECK] = record_digest(record)
        write_atomic(self.record_path(run_id), as_json(record).encode())
        return record

    def _put(self, name: str, content: bytes) -> dict:
        write_atomic(self.root / name, content)
        return {"file": name, "sha256": digest(content), "bytes": len(content)}

    def load(self, run_id: str, schemas: tuple[int, ...] = (SCHEMA,)) -> dict:
        """Read and check the record of a run.

        Args:
            run_id: its id.
            schemas: versions of records that are accepted.

        Raises:
            StudyError: missing, cut short, edited by hand, of another version, or for another spec than its name says.
        """
        from .schema import FirstRecord, Record

        path = self.record_path(run_id)
        shown = self._shown(path)
        again = f"restore it (git checkout -- {shown}) or make it again: delete it, then python -m transferstudy run --only {run_id}"
        if self._study:
            again = f"delete it, then {self._study} makes it again"
        try:
            record = read_json(path, again, shown)
        except FileNotFoundError:
            command = self._study or f"python -m transferstudy run --only {run_id}"
            raise StudyError(f"no result for run {run_id}: make it with {command}") from None
        if not isinstance(record, dict) or record.get(CHECK) != record_digest(record):
            raise StudyError(f"{shown}: its content does not match its checksum: it was edited; {again}")
        if record.get("schema") == FIRST and FIRST not in schemas:
            raise StudyError(
                f"{shown}: its record is of the first edition. Convert all such records with python -m transferstudy convert"
            )
        if record.get("schema") not in schemas:
            raise StudyError(f"{shown}: made by another version of the study; {again}")
        fitting(Record if record["schema"] == SCHEMA else FirstRecord, record, shown, again)
        if RunSpec.parse(record["spec"], shown).id != run_id:
            raise StudyError(f"{shown}: made by another version of the study; {again}")
        if record["id"] != run_id or record["predictions"]["file"] != f"runs/{run_id}.npz.xz":
            raise StudyError(f"{shown}: it names another run or other predictions than its own; {again}")
        return record

    def read_file(self, record: dict, kind: str) -> bytes:
        """Return the bytes of a record's `predictions` or `model` file.

        Raises:
            StudyError: missing, or its SHA-256 is not the recorded one.
        """
        shown, run_id = self._shown(self.root / record[kind]["file"]), record["id"]
        again = self.remake(run_id)
        if not self._study:
            again = f"restore it (git checkout -- {shown}) or {again}"
        return read_beside(self.root, record[kind], again)

    def predictions(self, record: dict) -> dict[str, np.ndarray]:
        """Read and check the predictions of a run.

        Returns:
            `val_log_p`, `test_log_p`: float64 log-probabilities (n, classes), whose exp sum to one in every row, however they
            were rounded; `val_y`, `test_y`: integer labels (n,); and whatever else was saved. A tuning run has no `test_...`.

        Raises:
            StudyError: as `read_file`, or the archive cannot be read.
        """
        from .packing import check_predictions, unpack
        from .rounding import log_softmax

        def whole(content: bytes) -> dict[str, np.ndarray]:
            found = unpack(content)
            check_predictions(found)
            return found

        arrays = self._readable(whole, record, "predictions")
        return {key: log_softmax(a) if key.endswith("_log_p") else a for key, a in arrays.items()}

    def model(self, record: dict) -> dict[str, np.ndarray]:
        """Read and check the kept weights of a run.

        Raises:
            StudyError: as `read_file`; or the run kept none.
        """
        if record["model"] is None:
            raise StudyError(
                f"run {record['id']}: its weights were not kept; presets.toml names the runs that keep theirs, under keep_model"
            )
        from ..arrays import read_npz

        return self._readable(read_npz, record, "model")

    def _readable(self, reader, record: dict, kind: str) -> dict[str, np.ndarray]:
        content = self.read_file(record, kind)
        try:
            return reader(content)
        except (KeyError, ValueError) as error:
            raise StudyError(
                f"{record[kind]['file']}: cannot be read ({error}); {self.remake(record['id'])}"
            ) from None

    def remake(self, run_id: str) -> str:
        """Return what to do about a run whose files are damaged or edited, as the end of a message."""
        if self._study:
            return f"delete {self._shown(self.record_path(run_id))}, then {self._study} makes it again"
        return f"delete {run_id}.json, then python -m transferstudy run --only {run_id} makes it again"

    def _shown(self, path: Path) -> str:
        """Return a path from the results folder on, or from the study's on."""
        return str(path.relative_to(self.root.parent.parent if self._study else self.root.parent))
