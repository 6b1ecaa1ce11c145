"""What a folder of pictures holds, as plain values: for a table on the terminal, for JSON, for a page."""

from collections import Counter

import numpy as np

from ...data.division import TEST_PARTS, folds_for, most_parts
from ...data.folders.choice import Choice, alike_counts
from ...data.folders.survey import Survey

SCHEMA = 1
FEW = 20  # pictures of a class, below which little can be learned of it and less can be told
SIDES = (32, 64, 96, 128, 160, 224)  # offered; ImageNet's networks were trained at 224
DARK, BRIGHT, BLANK = (
    20,
    245,
    3,
)  # mean brightness (of 255) below and above which a picture is odd; standard deviation
LONG = 3  # longer side over shorter side, above which the squares of "crop" show little of a picture


def look(survey: Survey, choice: Choice) -> dict:
    """Return what was found and what follows from it.

    Args:
        survey: the folder.
        choice: what is used of it.

    Returns:
        Plain values: `content`, `splits`, `classes` (name and pictures of each part), `classes_left_out`, `counts`, lists of files under
        `unreadable`, `left_out`, `loose`, `inside` (folders within class folders), `exact`, `near`, `conflicts`, `leaks` and `odd`, `sizes`, `formats`, `notes`, `few`,
        `groups`, `test` and the proposed `side`. Files are named relative to the folder.
    """
    used, files = choice.used.tolist(), survey.files
    table = Counter((int(survey.labels[i]), survey.roles[i]) for i in used)
    parts = [role for role in ("train", "validation", "test") if role in survey.layout.folders]
    classes = [
        {"name": name, **{part: table[label, part] for part in parts}}
        for label, name in enumerate(survey.classes)
    ]
    learned = {entry["name"]: entry["train"] + entry.get("validation", 0) for entry in classes}

    def named(sets) -> list[list[str]]:
        return [[files[i] for i in members] for members in sets]

    return {
        "schema": SCHEMA,
        "content": choice.content,
        "splits": {"folders": dict(survey.layout.folders), "why": list(survey.layout.why)},
        "classes": classes,
        "counts": {
            "used": len(used),
            "left_out": len(choice.left_out),
            "unreadable": len(survey.unreadable),
            "hidden": survey.found.hidden,
            "other": dict(sorted(survey.found.other.items())),
        },
        "unreadable": [{"file": f, "reason": r} for f, r in survey.unreadable.items()],
        "left_out": [{"file": f, "reason": r} for f, r in sorted(choice.left_out.items())],
        "classes_left_out": [{"name": name, "pictures": n} for name, n in sorted(survey.passed.items())],
        "loose": list(survey.loose),
        "empty": list(survey.empty),
        "inside": _inside(survey, used),
        "exact": named(choice.exact),
        "near": named(choice.near),
        "alike": alike_counts(survey, choice),
        "copies": choice.copies,
        "conflicts": named(choice.conflicts),
        "leaks": named(choice.leaks),
        "odd": _odd(survey, used),
        "sizes": _sizes(survey, used),
        "formats": dict(Counter(survey.facts[i].format for i in used).most_common()),
        "notes": dict(Counter(note for i in used for note in survey.facts[i].notes).most_common()),
        "few": [name for name, count in learned.items() if count < FEW],
        "groups": {
            "given": choice.given_groups,
            "independent": len(set(choice.group[choice.used].tolist())),
        },
        "test": _test(survey, choice, table),
        "side": proposed_side(survey, choice),
    }


def proposed_side(survey: Survey, choice: Choice) -> int:
    """Return the largest of the usual sides that enlarges at most half of the pictures; 32 where all are smaller."""
    shorter = [min(survey.facts[i].width, survey.facts[i].height) for i in choice.used.tolist()]
    middle = np.median(shorter) if shorter else 0
    return max((side for side in SIDES if side <= middle), default=SIDES[0])


def _inside(survey: Survey, used: list[int]) -> list[dict]:
    """Return the folders within class folders, whose pictures count for the class, with the number of their pictures."""
    count: Counter[str] = Counter()
    for i in used:
        steps = survey.files[i].split("/")
        deepest = 2 if survey.layout.folders[survey.roles[i]] else 1  # where a class's own pictures lie
        if len(steps) > deepest + 1:
            count["/".join(steps[: deepest + 1])] += 1
    return [{"folder": folder, "pictures": n} for folder, n in sorted(count.items())]


def _test(survey: Survey, choice: Choice, table: Counter) -> dict:
    own, used = survey.layout.has_test, choice.used
    most = most_parts(survey.labels[used], choice.group[used]) if len(used) else 0
    given = sum(count for (_, part), count in table.items() if part == "test")
    return {
        "own": own,
        "pictures": given if own else round(len(used) / min(TEST_PARTS, max(most, 1))),
        "folds": folds_for(len(used), own, most),
        "most": most,
    }


def _odd(survey: Survey, used: list[int]) -> dict[str, list[str]]:
    """Return files that somebody should look at, under what is odd about them."""
    odd: dict[str, list[str]] = {}
    for i in used:
        facts = survey.facts[i]
        mean, spread = float(facts.thumb.mean()), float(facts.thumb.std())
        long, short = max(facts.width, facts.height), min(facts.width, facts.height)
        what = [
            ("blank", spread < BLANK),
            ("very dark", spread >= BLANK and mean < DARK),
            ("very bright", spread >= BLANK and mean > BRIGHT),
            ("very long or very tall", long > LONG * short),
            ("smaller than 32 pixels", short < SIDES[0]),
        ]
        for name, true in what:
            if true:
                odd.setdefault(name, []).append(survey.files[i])
    return odd


def _sizes(survey: Survey, used: list[int]) -> dict:
    shapes = Counter((survey.facts[i].width, survey.facts[i].height) for i in used)
    shorter = sorted(min(shape) for shape in shapes.elements())
    return {
        "commonest": [[w, h, count] for (w, h), count in shapes.most_common(5)],
        "shapes": len(shapes),
        "shorter_side": [shorter[0], shorter[len(shorter) // 2], shorter[-1]] if shorter else [],
        "not_square": sum(count for (w, h), count in shapes.items() if w != h),
    }
