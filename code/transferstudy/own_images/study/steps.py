"""The five steps of `transferstudy study FOLDER`: look, plan, run, model, report. Each one is kept; the next call goes on."""

import os
import time
from contextlib import suppress
from dataclasses import asdict, replace

from ...data import ImageData
from ...errors import StudyError, printable
from ...results.locks import FOLDER, Held, Lock
from ..look.pictures import SAMPLING, listed, sizes
from ..look.stored import keep_look
from ..look.text import in_short
from . import machine_speed, search
from . import plan as study_plan
from .earlier import as_record, set_changed_aside
from .level import FEWER_FOLDS, fits, levels
from .machine_speed import Speed
from .plan import Frame, Unit
from .run import Making, run_units, spent_seconds, words
from .wish import Wish

HOURS = 1.0  # where none are given
_NAMED = 4  # runs left out, in a message


def study(wish: Wish) -> None:
    """Make a study of a folder of pictures, or go on with it.

    Raises:
        StudyError: another command makes the same study at this moment; or as the steps.
    """
    root = wish.folder.root
    try:
        # Not among the results, which are moved when pictures have changed.
        with Lock(root / FOLDER, "study"):
            _steps(wish)
    except Held:
        raise StudyError(
            f"{printable(root)}: another study command is at work in this folder. Wait until it is done, or stop it; the same command "
            "then goes on. For a second study, name another folder with --out."
        ) from None


def _steps(wish: Wish) -> None:
    began = time.monotonic()
    os.environ.setdefault("TRANSFERSTUDY_CACHE", str(wish.folder.root / ".cache"))
    say = wish.say
    say("1/5 Look")
    found, data = _look(wish)
    wish = replace(wish, hours=_hours(wish))
    used = spent_seconds(wish.folder.store)  # of these pictures; runs of earlier ones are set aside by now
    say("2/5 Plan")
    making, units, measured = _plan(wish, found, data)
    say("3/5 Run")
    left = study_plan.available_seconds(wish.hours, measured, used + time.monotonic() - began)
    passed = run_units(making, units, max(left, 0.0))
    if making.diverged:
        before, now = wish.folder.diverged(), [[u.strategy, u.n_labels, u.seed] for u in making.diverged]
        wish.folder.write(
            "diverged", {"networks": [*before, *(entry for entry in now if entry not in before)]}
        )
    if passed:
        names = "; ".join(
            [*map(words, passed[:_NAMED]), *[f"and {len(passed) - _NAMED} more"][: len(passed) > _NAMED]]
        )
        say(
            f"This machine was slower than the measuring said, so these were left out: {names}. More --hours make them."
        )
    say("4/5 Model")
    from ..model.take_away import take_away

    take_away(wish, making)
    say("5/5 Report")
    from ..report.render import write_report

    write_report(wish)
    say(f"Done in {(time.monotonic() - began) / 60:.0f} min.")


def _hours(wish: Wish) -> float:
    """Return the time of the study: what is asked for, but never less than it was planned with."""
    planned = wish.folder.read("plan")["hours"] if wish.folder.has("plan") else 0
    return max(wish.hours or HOURS, planned)


def _look(wish: Wish) -> tuple[dict, ImageData]:
    """Read the folder, say what is in it, and keep that; return it with the outline of the pictures."""
    from ...data.folders.load import outline, surveyed
    from ...data.source import dataset_name
    from ..look.look import look
    from ..look.options import folds_of, progress

    survey, choice = surveyed(wish.source, wish.reading, progress)
    found = look(survey, choice)
    found["test"]["folds"] = folds_of(wish.folds, found["test"])
    side = wish.side or found["side"]
    for line in in_short(wish.source.resolve().name, found, side, wish.fit or "crop"):
        wish.say(f"  {line}")
    data = outline(dataset_name(wish.source), survey, choice)
    set_changed_aside(wish, data)
    if not wish.folder.has("plan"):  # otherwise too few pictures would be refused after the measuring
        sizes(data, found["test"]["folds"], wish.sampling or SAMPLING)
    keep_look(wish.folder.store, found)
    return found, data


def _plan(wish: Wish, found: dict, data: ImageData) -> tuple[Making, list[Unit], float]:
    """Make the plan, or read the one that is there; print it."""
    folder, say = wish.folder, wish.say
    if folder.has("plan"):
        plan = folder.read("plan")
        frame, speed = Frame(**plan["frame"]), Speed.from_record(plan["speed"])
        _check_same_wish(wish, frame, found)
        all_sizes, seeds, tried = plan["sizes"], max(plan["seeds"], wish.seeds), plan.get("search", [])
        making = _making(wish, frame)
        if not folder.has("pictures"):  # it was damaged, and deleted as the message says
            _list(wish, data, frame.folds)
        if wish.hours == plan["hours"] and seeds == plan["seeds"]:
            say(f"  The plan of {plan['hours']:g} hours is kept; what is finished stays.")
            units = [Unit(**unit) for unit in plan["units"]]
            _print_plan(wish, units, making)
            return making, units, speed.measured
        more = f"{wish.hours:g}" if wish.hours > plan["hours"] else f"{seeds} seeds"
        say(f"  The study had {plan['hours']:g} hours; with {more} it goes on.")
    else:
        say("  Measuring how fast this machine is (about a minute) ...")
        frame, speed, all_sizes = _framed(wish, found, data)
        seeds = wish.seeds
        left = wish.jobs * study_plan.available_seconds(wish.hours, speed.measured, speed.measured)
        making = _making(wish, frame)
        making.frame, tried = search.settle(making, speed, all_sizes, left)
    frame, store = making.frame, folder.store
    available = study_plan.available_seconds(
        wish.hours, speed.measured, speed.measured + spent_seconds(store)
    )
    available *= wish.jobs
    units = study_plan.units(frame, speed, all_sizes, seeds, available, set(store.ids()))
    if not any(unit.planned for unit in units):
        need = units[0].seconds + (1 + study_plan.AFTER) * speed.measured
        raise StudyError(
            f"--hours {wish.hours:g}: too short for anything here; the cheapest strategy takes about {need / 60:.0f} minutes. "
            f"Give --hours {need / 3000:.2f} or more, or a smaller --side."
        )
    folder.write(
        "plan",
        {
            "hours": wish.hours,
            "frame": asdict(frame),
            "speed": speed.as_record(),
            "sizes": all_sizes,
            "seeds": seeds,
            "search": tried,
            "units": study_plan.as_records(units),
            "command": wish.command(wish.hours),
            "reading": as_record(wish.reading),
        },
    )
    _print_plan(wish, units, making)
    return making, units, speed.measured


def _making(wish: Wish, frame: Frame) -> Making:
    return Making(
        frame, wish.folder.store, wish.source, wish.reading, wish.weights,
        wish.jobs, wish.backend, wish.address, wish.say,
    )  # fmt: skip


def _list(wish: Wish, data: ImageData, folds: int | None) -> None:
    wish.folder.write("pictures", {**listed(data, folds), "reading": as_record(wish.reading)})


def _framed(wish: Wish, found: dict, data: ImageData) -> tuple[Frame, Speed, list[int]]:
    """Measure the machine, and choose the best level for which the core of the study fits into the time."""
    from ..look.look import SIDES

    wanted = wish.side or found["side"]
    classes = len(found["classes"])
    speed = machine_speed.measure(classes, study_plan.STRATEGIES, min(wanted, study_plan.SCRATCH_SIDES[0]))
    folds = found["test"]["folds"]
    usual = Frame(
        data.name, data.content, wish.fit or "crop", wish.sampling or SAMPLING, folds, wanted, wish.weights_name,
        speed.precision, 1.0, classes, found["counts"]["used"], found["test"]["pictures"], 0, study_plan.settings(),
    )  # fmt: skip
    _list(wish, data, folds)
    available = wish.jobs * study_plan.available_seconds(wish.hours, speed.measured, speed.measured)
    sides = [wanted] if wish.side else [s for s in SIDES if s < wanted] + [wanted]
    ways = {folds: sizes(data, folds, usual.sampling)}
    if folds and folds > FEWER_FOLDS and not wish.folds:
        with suppress(StudyError):  # fewer folds leave fewer pictures to learn from, perhaps too few
            ways[FEWER_FOLDS] = sizes(data, FEWER_FOLDS, usual.sampling)
    for level in levels(sides, ways):
        test = round(usual.pictures / level.folds) if level.folds else usual.test
        found_sizes = ways[level.folds]
        frame = replace(
            usual, largest=found_sizes[-1], folds=level.folds, test=test, side=level.side, pace=level.pace
        )
        if fits(frame, speed, found_sizes, available):
            break
    if frame.side < wanted:
        wish.say(
            f"  The pictures would allow {wanted} pixels a side. {frame.side} are used, so that the comparison fits into "
            f"{wish.hours:g} hours; more --hours or --side {wanted} change that."
        )
    if frame.folds != folds:
        wish.say(
            f"  {frame.folds} folds are used instead of {folds} for the same reason: each picture is tested once all the same. "
            f"--folds {folds} changes that."
        )
    return frame, speed, found_sizes


def _check_same_wish(wish: Wish, frame: Frame, found: dict) -> None:
    """Refuse options that would make another study of the one that is there."""
    asked = {
        "--side": (wish.side, frame.side),
        "--fit": (wish.fit, frame.fit),
        "--sampling": (wish.sampling, frame.sampling),
        "--folds": (wish.folds and found["test"]["folds"], wish.folds and frame.folds),
        "--weights": (wish.weights_name, frame.weights),
    }
    for option, (wanted, there) in asked.items():
        if wanted is not None and wanted != there:
            raise StudyError(
                f"{option} {wanted}: the study in {printable(wish.folder.root)} was made with {there}. Leave the option out, or name "
                "another folder with --out."
            )


def _print_plan(wish: Wish, units: list[Unit], making: Making) -> None:
    frame = making.frame
    planned = [u for u in units if u.planned]
    folds = f", each in {frame.folds} folds" if frame.folds else ""
    wish.say(f"  Pretrained network: VGG16 at {frame.side} pixels, from {frame.weights}.")
    wish.say(f"  From scratch: the compact network at {study_plan.compact_side(frame)} pixels.")
    by: dict[str, dict[int, int]] = {}
    for unit in planned:
        sizes = by.setdefault(unit.strategy, {})
        sizes[unit.n_labels] = sizes.get(unit.n_labels, 0) + 1
    from ...plan.strategies import get_strategy

    for strategy, sizes in by.items():
        shown = ", ".join(f"{n:,} ({k} seed{'s'[: k > 1]})" for n, k in sorted(sizes.items()))
        wish.say(f"  {get_strategy(strategy).label:24} labels: {shown}{folds}")
    left = sum(making.expected(u) for u in planned)
    wish.say(f"  About {left / 60:.0f} minutes of runs in all; the plan is kept in results/study/plan.json.")
