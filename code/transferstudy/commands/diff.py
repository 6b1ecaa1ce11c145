"""`python -m transferstudy diff A B`: which sentences, verdicts and figures would change from one results folder to another."""

from pathlib import Path

HELP = "which sentences, figures and verdicts differ between two results folders"
PARENTS = ()
GROUP = "study"


def arguments(parser) -> None:
    """Add the command's options."""
    parser.add_argument("before", type=Path, metavar="A", help="results folder")
    parser.add_argument("after", type=Path, metavar="B", help="results folder")
    parser.add_argument("--preset", default="report", help="list of runs in presets.toml (default: report)")
    parser.add_argument("--json", action="store_true", help="print the changes as JSON")


def run(args) -> int:
    """Run the command; return 1 when anything would change, 0 when nothing would.

    Raises:
        StudyError: a folder does not exist or holds no result of the preset, or a file in it is damaged.
    """
    import json
    import os

    os.environ.setdefault("MPLBACKEND", "Agg")
    from ..analysis.study import load
    from ..errors import StudyError
    from ..report.state import changes, state

    for folder in (args.before, args.after):
        if not folder.is_dir():
            raise StudyError(f"diff: {folder} is no folder: give two results folders")
    found = changes(*(state(load(args.preset, folder, partial=True)) for folder in (args.before, args.after)))
    if args.json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        print(in_words(found))
    return int(any(found.values()))


def in_words(found: dict) -> str:
    """Return the changes as plain text."""
    if not any(found.values()):
        return "nothing would change"
    runs = found["runs"].values()
    gone, new = sum(b is None for _, b in runs), sum(a is None for a, _ in runs)
    lines = [f"runs: {len(runs) - gone - new} differ, {new} only in B, {gone} only in A"]
    for kind in ("verdicts", "sentences"):
        lines.append(f"{kind}: {len(found[kind])} would change")
        for name, (a, b) in found[kind].items():
            lines += [f"  {name}", f"    A: {a or 'not there'}", f"    B: {b or 'not there'}"]
    lines.append(f"figures: {len(found['figures'])} would change")
    for name, (a, b) in found["figures"].items():
        word = "only in B" if a is None else "only in A" if b is None else ""
        stopped = next((x for x in (b, a) if x and x.startswith("would stop")), "")
        lines.append(f"  {name}" + "".join(f" ({x})" for x in (word, stopped) if x))
    return "\n".join(lines)
