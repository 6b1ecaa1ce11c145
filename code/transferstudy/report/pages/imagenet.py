"""ImageNet's own weights, as far as they were run: against training from scratch, and on enlarged images.

`found` is what `study` returns; `first` is the main study, from Tiny ImageNet's weights.
"""

from IPython.display import Markdown

from ...analysis.comparison import Difference, arm_interval, between, difference
from ...analysis.study import Arm, Study, load
from ...paths import PRESETS
from ...plan.presets import expand, toml_tables
from ..claims.arms import at_labels
from ..claims.headline import best_pair, ends_of
from ..claims.words import (
    acc,
    apart,
    apart_at_all,
    by_chance,
    by_rule,
    doubtful,
    interval,
    label,
    named,
    stand,
)
from ..markdown import pipe_table
from ..values import count, listing, percent, signed

PROBE, PRESET = "linear_probe", "from-imagenet"
_PAYS = {
    "leads": "it does: {} is ahead of {} by {}",
    "trails": "it does not: {} is behind {} by {}",
    "equal": "it makes no difference: {} and {} are equivalent, they differ by {}",
    "undecided": "we cannot tell: {} and {} differ by {}",
    "perhaps": "it probably does: {} is ahead of {} by {}, but with so many comparisons this may be chance",
    "hardly": "it probably does not: {} is behind {} by {}, but with so many comparisons this may be chance",
}
_SMALL = {
    "leads": ("the pretrained one is ahead", "by"),
    "trails": ("it is behind", "by"),
    "equal": ("they are equivalent", "and differ by"),
    "undecided": ("they cannot be told apart", "and differ by"),
}
_SEARCHED = ("head_learning_rate", "learning_rate", "weight_decay")


def study() -> Study:
    """Return the runs from ImageNet's weights and their rivals from scratch, as far as they were made.

    Raises:
        StudyError: none was run.
    """
    return load(PRESET, partial=True)


def to_come(found: Study) -> str:
    """Return which declared strategies and numbers of labels have no run yet, in a sentence; empty where all have one."""
    specs = expand(PRESET)
    declared = {s.strategy: {each.n_labels for each in specs if each.strategy == s.strategy} for s in specs}
    have = {s.name: set(found.sizes_of(s.name)) for s in found.strategies}
    names = [label(name) for name in declared if name not in have]
    sizes = {s.n_labels for s in specs} - set(found.contested)
    parts = [f"{listing(names)}"] if names else []
    for name in have:
        if lacking := sorted(declared.get(name, set()) - have[name] - sizes):
            parts.append(f"{label(name)} {at_labels(lacking)}")
    parts += [f"the comparison {at_labels(sorted(sizes))}"] if sizes else []
    return f"Declared in the plan but not run yet: {'; '.join(parts)}." if parts else ""


def at_the_edge(found: Study) -> str:
    """Return which strategies use a setting at the edge of what was searched, in a sentence; empty where none does."""
    tuned, tried = toml_tables(PRESETS).get("second", {}), expand("search")
    tried += [spec for spec in expand("search-decay") if spec.strategy == "linear_probe"]
    names = []
    for strategy in found.strategies:
        grid = {k: {getattr(s, k) for s in tried if s.strategy == strategy.name} - {None} for k in _SEARCHED}
        ends = {knob: {min(values), max(values)} for knob, values in grid.items() if len(values) > 1}
        chosen = [table[strategy.name] for table in tuned.values() if strategy.name in table]
        if any(settings.get(knob) in end for settings in chosen for knob, end in ends.items()):
            names.append(label(strategy.name))
    if not names:
        return ""
    return (
        f"The search chose a learning rate or a weight decay at the edge of what it tried for {listing(names)}, so settings beyond "
        "the edge may do better."
    )


def deeper(found: Study, most: bool = False, only: str = "") -> str:
    """Return where training more layers than the head was better on images of one size, each answer with its numbers of labels.

    Empty where both were nowhere run.

    Args:
        found: the runs.
        most: whether only the largest number of labels counts at which both were run.
        only: tell of this strategy, where it is not the best of those that train more layers; by default of the best.
    """
    groups: dict[tuple[str, str], list[tuple[Arm, Arm, Difference]]] = {}
    sizes = [n for n in found.sizes_of(PROBE) if _thawed(found, n)]
    for n in sizes[-1:] if most else sizes:
        best = max(_thawed(found, n), key=lambda arm: arm.validation("accuracy").mean())
        if only and (best.strategy.name == only or not found.has(only, n)):
            continue
        best = found.arm(only, n) if only else best
        same = found.has(PROBE, n, best.image_size)  # on other images the difference would be theirs as well
        probe = found.arm(PROBE, n, best.image_size) if same else found.chosen(PROBE, n)
        d = between(found, best, probe)
        word = doubtful(stand(found, d) if by_rule(found, d) else "undecided", d)
        groups.setdefault((_PAYS[word], best.strategy.name), []).append((best, probe, d))
    said = [_pays(found, answer, each) for (answer, _), each in groups.items()]
    layers = (
        "every layer instead of the head alone" if only == "finetune_all" else "more layers than the head"
    )
    return f"Does it pay to train {layers}? {' '.join(said)}" if said else ""


def _thawed(found: Study, n: int) -> list[Arm]:
    return [arm for arm in found.candidates(n, True) if arm.strategy.name != PROBE]


def _pays(found: Study, answer: str, group: list[tuple[Arm, Arm, Difference]]) -> str:
    """One answer for several numbers of labels; it names the sides of the images where they are the same at all of them."""
    sides = {(best.image_size, probe.image_size) for best, probe, _ in group}
    names = [named(found, a) if len(sides) == 1 else label(a.strategy.name) for a in group[0][:2]]
    differences = [d for *_, d in group]
    return f"{at_labels([d.n_labels for d in differences]).capitalize()} {answer.format(*names, apart_at_all(differences))}."


def against_first(found: Study, first: Study) -> str:
    """Return where the weights of the first edition did better than ImageNet's, in a sentence; empty where they nowhere did."""
    both = [(found.best(n, True), first.best(n, True)) for n in found.contested if n in first.contested]
    worse = [(a, b) for a, b in both if b.accuracy > a.accuracy]
    better = [a.n_labels for a, b in both if a.accuracy > b.accuracy]
    if not worse:
        return ""
    said = [
        f"with {count(a.n_labels)} labels the best strategy reaches {acc(b)} from them, and {acc(a)} from ImageNet's"
        for a, b in worse
    ]
    few = better and max(a.n_labels for a, _ in worse) < min(better)
    rest = ""
    if better:
        rest = f" With {listing([count(n) for n in better])} labels it reaches more from ImageNet's."
    return (
        f"These weights may be the better ones{' where labels are fewest' if few else ''}: {'; '.join(said)}.{rest} They come from "
        "small images, and their source shares classes with ours, so on your images they may help less."
    )


def without_enlarging(found: Study, spoken: bool = False) -> str:
    """Return how a pretrained strategy does without enlarging, and what enlarging does for its rival from scratch.

    It tells a gain of pretraining from one of larger images. The best pretrained strategy is shown, or another one where that was
    not run on small images. Empty where nothing was enlarged. With `spoken` it is what can be said aloud, without numbers of points.

    Raises:
        StudyError: nothing was compared.
    """
    a, b, _ = best_pair(found, ends_of(found)[-1])
    rival = b.strategy.name
    side = found.sides_of(rival, b.n_labels)[0]
    if a.image_size == side:
        return ""
    small = (
        _on_small_images(found, rival, side, spoken) or f"No pretrained strategy was run at {side} pixels."
    )
    if spoken:
        return small
    tried = [n for n in found.contested if len(found.sides_of(rival, n)) > 1]
    if not tried:
        return f"{small} We have not tested yet whether enlarged images help training from scratch as well."
    sides = found.sides_of(rival, tried[-1])
    d = difference(found, rival, rival, tried[-1], (sides[-1], sides[0]))
    enlarging = f"With {count(tried[-1])} labels, enlarging the images to {sides[-1]} pixels"
    shown = stand(found, d)
    if shown in ("leads", "trails") or d.excludes_zero:
        verb = "raises" if d.mean > 0 else "lowers"
        doubt = by_chance(d) if shown not in ("leads", "trails") else ""
        said = f"{enlarging} {verb} the accuracy of {label(rival)} by {apart(d)}{doubt}."
    else:
        said = f"{enlarging} makes no difference to {label(rival)} that we can tell ({interval(d)})."
    return f"{small} {said}"


def _on_small_images(found: Study, rival: str, side: int, spoken: bool) -> str:
    """How a pretrained strategy does against a rival from scratch on images that are not enlarged; empty where none was run."""
    best = best_pair(found, ends_of(found)[-1])[0].strategy.name
    ways = dict.fromkeys(
        [best, *(arm.strategy.name for n in found.contested for arm in found.candidates(n, True))]
    )
    sizes = {
        way: [n for n in found.contested if found.has(way, n, side) and found.has(rival, n, side)]
        for way in ways
    }
    name = next((way for way in ways if sizes[way]), None)
    if name is None:
        return ""
    groups: dict[str, list[Difference]] = {}
    for n in sizes[name]:
        d = between(found, found.arm(name, n, side), found.arm(rival, n, side))
        groups.setdefault(stand(found, d), []).append(d)
    said = []
    for word, each in groups.items():
        stands, by = _SMALL[word]
        size = "" if spoken else f" {by} {apart_at_all(each)}"
        said.append(f"{at_labels([d.n_labels for d in each])} {stands}{size}")
    missing = f"{label(best)} was not run at {side} pixels. " if name != best else ""
    return f"{missing}On images of {side} pixels, {label(name)} and the network trained from scratch compare so: {'; '.join(said)}."


def probes() -> Study:
    """Return the linear probes from ImageNet's weights that were run, at all image sizes.

    Raises:
        StudyError: none was run.
    """
    return load("enlarging", partial=True)


def ends(study: Study) -> tuple[Arm, Arm]:
    """Return the probes at the smallest and the largest image size, at the largest number of labels that has both."""
    small, large = study.image_sizes[0], study.image_sizes[-1]
    n = max(n for n in study.sizes if study.has(PROBE, n, small) and study.has(PROBE, n, large))
    return study.arm(PROBE, n, small), study.arm(PROBE, n, large)


def sentence(study: Study, first: Study) -> Markdown:
    """Return what enlarging the images of `probes` brings, and how that compares with the strategies of the first edition."""
    small, large = ends(study)
    n = small.n_labels
    d = difference(study, PROBE, PROBE, n, (large.image_size, small.image_size))
    seeds = (
        f"{d.seeds} seeds" + ", those that both have" * (small.seeds != large.seeds)
        if d.seeds > 1
        else "one seed so far, so only the test images are in the interval"
    )
    change = signed(d.mean) if d.low <= 0 <= d.high else signed(abs(d.mean)).lstrip("+")
    lead = "adds" if d.low > 0 else "costs" if d.high < 0 else "makes no difference that we can tell:"
    text = (
        f"With {count(n)} labels, a linear probe on ImageNet's VGG16 is right for {percent(small.accuracy)} of the test images at "
        f"{small.image_size} pixels a side, and for {percent(large.accuracy)} when the same images are enlarged to {large.image_size} "
        f"pixels. **Enlarging alone {lead} {change} points** (95 % interval {signed(d.low)} to {signed(d.high)}; {seeds})."
    )
    text += _most(study, large)
    if n in first.sizes:
        best = first.best(n, True)
        text += (
            f" The best pretrained strategy of the first edition, from Tiny ImageNet's weights at {best.image_size} pixels, reached "
            f"{percent(best.accuracy)} with as many labels."
        )
    return Markdown(text)


def _most(study: Study, large: Arm) -> str:
    """Whether a size below the largest one does better, in a sentence; empty where validation chose the largest."""
    best = study.chosen(PROBE, large.n_labels)
    if best.image_size == large.image_size:
        return ""
    d = between(study, best, large)
    result = {
        "leads": f"More pixels are not always better: that is ahead of {large.image_size} pixels by {apart(d)}.",
        "trails": f"That is behind {large.image_size} pixels by {apart(d)}.",
    }.get(
        stand(study, d),
        f"We cannot tell whether {large.image_size} pixels are better or worse: the two differ by {apart(d)}.",
    )
    return (
        f" On validation images, {best.image_size} pixels did best; the probe is right for {percent(best.accuracy)} of the test "
        f"images there. {result}"
    )


def table(study: Study) -> Markdown:
    """Return the accuracy of the probes by number of labels and image size, with intervals."""
    header = ["labels", *(f"{side} px" for side in study.image_sizes)]
    rows = [[count(n), *(_cell(study, n, side) for side in study.image_sizes)] for n in study.sizes]
    return pipe_table(header, rows, "r" * len(header))


def _cell(study: Study, n: int, side: int) -> str:
    if not study.has(PROBE, n, side):
        return "not run"
    arm = study.arm(PROBE, n, side)
    low, high = arm_interval(study, arm)
    return f"{100 * arm.accuracy:.1f} ({100 * low:.1f} to {100 * high:.1f})"
