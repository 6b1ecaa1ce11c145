"""The folder that `transferstudy study` writes, and the small records of its steps.

photos-study/
  index.qmd, ..., slides.qmd, _quarto.yml, styles/    the report: made once, then yours to edit
  results/runs/                                       the runs, as in every results folder
  results/look/                                       what lies in the pictures' folder
  results/study/                                      plan, list of pictures, pictures that pages show, model card
  model.keras, model.tflite, model.onnx,
  labels-to-check.csv, study.zip                      what is taken away
  earlier/                                            runs of pictures that have changed since
"""

import shlex
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ...errors import StudyError, printable
from ...results.records import read_record, write_record
from ...results.store import Store

SCHEMA = 1
LABELS = "labels-to-check.csv"
ARCHIVE = "study.zip"
TAKEN_AWAY = ("model.keras", "model.tflite", "model.onnx", LABELS, ARCHIVE, "results")


@dataclass(frozen=True)
class StudyFolder:
    """Where one study of a reader's own pictures lies.

    Attributes:
        root: the folder.
    """

    root: Path

    @property
    def again(self) -> str:
        """The command that goes on with the study, without its options: only its user knows where the pictures lie."""
        return f"python -m transferstudy study FOLDER --out {shlex.quote(printable(self.root))}"

    def command(self, plan: dict) -> str:
        """Return the command that goes on with a planned study; the plan has the name of the pictures' folder alone."""
        place = f"--out {shlex.quote(printable(self.root))}"
        return f"{plan['command']} {place} (with the path to {printable(plan['frame']['dataset'])})"

    @property
    def store(self) -> Store:
        """The results of the runs."""
        return Store(self.root / "results", self.again)

    @property
    def records(self) -> Path:
        """The folder of plan, list of pictures and model card."""
        return self.root / "results" / "study"

    @property
    def model(self) -> Path:
        """The model file."""
        return self.root / "model.keras"

    def write(self, name: str, record: dict) -> dict:
        """Write the record of a step and return it."""
        return write_record(self.records / f"{name}.json", {"schema": SCHEMA, **record})

    def has(self, name: str) -> bool:
        """Return whether a step has left its record."""
        return (self.records / f"{name}.json").is_file()

    def read(self, name: str) -> dict:
        """Read and check the record of a step.

        Raises:
            StudyError: as `records.read_record`.
        """
        return read_record(self.records / f"{name}.json", self.again, SCHEMA, study=True)

    def diverged(self) -> list[list]:
        """Return which networks had no result because their training diverged: strategy, number of labels, seed."""
        return self.read("diverged")["networks"] if self.has("diverged") else []

    def read_look(self, content: str) -> dict:
        """Return what lay in the pictures' folder, as `stored.keep_look` wrote it.

        Raises:
            StudyError: as `records.read_record`.
        """
        return read_record(self.root / "results" / "look" / f"{content[:12]}.json", self.again, study=True)

    def runs(self, content: str) -> dict[str, dict]:
        """Return the records of all runs, by id, all of the same pictures.

        Args:
            content: SHA-256 of the pictures that the study is about.

        Raises:
            StudyError: a run of another data set or of other pictures lies among them; or as `Store.load`.
        """
        store = self.store
        found = {run_id: store.load(run_id) for run_id in store.ids()}
        for run_id, record in found.items():
            spec = record["spec"]
            if spec.get("data_sha256") != content:
                raise StudyError(
                    f"{printable(store.record_path(run_id))}: this run is of other pictures ({printable(spec['dataset'])}) than "
                    f"the study ({content[:12]}...). One report shows one set of pictures: move the run elsewhere."
                )
        return found

    def set_aside(self, content: str) -> int:
        """Move everything that belongs to earlier pictures to `earlier/<content>/` and return the number of runs.

        The results go last, and in one piece: as long as they are here, the next call sees that something is left to move.

        Args:
            content: SHA-256 of the pictures that the study was about until now.
        """
        runs = self.store.ids()
        there = self.root / "earlier" / content[:12]
        there.mkdir(parents=True, exist_ok=True)
        for name in TAKEN_AWAY:
            _move(self.root / name, there / name)
        return len(runs)

    def take_back(self, content: str) -> int:
        """Move back what `set_aside` moved of these pictures, and return the number of runs that are here then.

        Args:
            content: SHA-256 of the pictures that the study is about from now on.
        """
        there = self.root / "earlier" / content[:12]
        if not there.is_dir():
            return 0
        for name in TAKEN_AWAY:
            _move(there / name, self.root / name)
        with suppress(OSError):  # somebody put something else there
            there.rmdir()
        return len(self.store.ids())


def _move(source: Path, target: Path) -> None:
    """Move a file or a folder, if there is one; a folder that lies there already takes in what the other holds."""
    if not source.exists():
        return
    if target.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as gone:
            source.replace(Path(gone) / source.name)
    else:
        source.replace(target)


def study_folder(option: str | None, source: Path) -> StudyFolder:
    """Return where the study of a folder goes: `--out`, or `<name>-study` in the working directory.

    Raises:
        StudyError: the place lies inside the pictures' folder, or something else lies there.
    """
    root = Path(option).expanduser() if option else Path(f"{source.resolve().name}-study")
    named = f"--out {printable(root)}"
    if root.resolve() == source.resolve() or source.resolve() in root.resolve().parents:
        raise StudyError(f"{named}: lies inside the folder of pictures. Name a place outside it.")
    if root.exists() and not root.is_dir():
        raise StudyError(f"{named}: is a file. Name a folder.")
    if root.is_dir() and not _is_study(root) and any(not p.name.startswith(".") for p in root.iterdir()):
        raise StudyError(
            f"{named}: this folder holds something else. Name a new folder, or an earlier study."
        )
    return StudyFolder(root.resolve())


def _is_study(root: Path) -> bool:
    """Return whether a folder holds a study, or what a command that was stopped has set aside of one."""
    places = [root / "results", *root.glob("earlier/*/results")]
    return any((place / name).is_dir() for place in places for name in ("study", "look"))
