"""Tables of the study itself: accuracy, data, settings, and the machines behind the runs."""

from IPython.display import Markdown

from ...analysis.study import Arm, Study
from ...errors import StudyError
from ...plan.backbones import BACKBONES
from ...plan.strategies import STRATEGIES
from ...results.environment import machine
from .. import claims
from ..cards import card
from ..claims.words import link
from ..markdown import by_size, pipe_table
from ..sources import source_of
from ..values import Value, count, literal, percent, record_link


def accuracy(study: Study) -> Markdown:
    """Test accuracy of every strategy at every size: mean, and lowest to highest seed."""

    def cell(arm: Arm) -> str:
        seeds = 100 * arm.test("accuracy")
        spread = f"{seeds.min():.1f}–{seeds.max():.1f}" if len(seeds) > 1 else "one seed"
        return f"{link(arm, f'{100 * arm.accuracy:.1f}')} ({spread})"

    return by_size(study, cell)


def strategies(study: Study) -> Markdown:
    """Name, start and what learns, of every strategy that was run."""
    rows = [
        [s.label, f"`{s.name}`", "pretrained" if s.pretrained else "random", s.summary]
        for s in study.strategies
    ]
    return pipe_table(["strategy", "name in code", "start", "what it is"], rows, "llll")


def layers(study: Study) -> Markdown:
    """Parameters in the model and how many of them the last phase changes."""
    rows = []
    for strategy in study.strategies:
        arm = study.arm(strategy.name, study.sizes_of(strategy.name)[0])
        record = arm.records[0]
        total, learn = record["parameters"]["total"], record["parameters"]["trainable"]
        learning = next(reversed(record["learning_layers"].values()))
        rows.append(
            [strategy.label, count(total), link(arm, count(learn)), percent(learn / total, 2), len(learning)]
        )
    return pipe_table(["strategy", "parameters", "learning", "share", "learning layers"], rows, "lrrrr")


def data(study: Study) -> Markdown:
    """What was drawn at each size, and what was set apart for testing."""
    rows = []
    for n in study.sizes:
        arm = next(a for a in study.arms.values() if a.n_labels == n)
        d = arm.records[0]["data"]
        per_class = n / len(d["classes"])
        rows.append([count(n), count(per_class), count(d["train"]), count(d["validation"]), count(d["test"])])
    return pipe_table(["labels", "a class", "training", "validation", "test"], rows, "rrrrr")


def calibration(study: Study) -> Markdown:
    """Expected calibration error (%) and negative log-likelihood (nats) on the test images, means over the seeds."""
    rows = []
    for strategy in study.strategies:
        row = [strategy.label]
        for n in study.sizes:
            if study.has(strategy.name, n):
                arm = study.arm(strategy.name, n)
                row += [link(arm, f"{100 * arm.test('ece').mean():.1f}"), f"{arm.test('nll').mean():.2f}"]
            else:
                row += ["not run", ""]
        rows.append(row)
    header = ["strategy", *(f"{word}, {n:,}" for n in study.sizes for word in ("ECE", "NLL"))]
    return pipe_table(header, rows, "l" + "rr" * len(study.sizes))


def settings(study: Study) -> Markdown:
    """Peak learning rates, weight decay, batch, and the planned steps of each phase, strategy by strategy.

    Where a setting differs between sizes, all are given, from the fewest labels to the most; steps always are.
    """
    rows = []
    for strategy in study.strategies:
        arms = [study.arm(strategy.name, n) for n in study.sizes_of(strategy.name)]
        row = [strategy.label]
        for rate, phase in (("head_learning_rate", "head"), ("learning_rate", "main")):
            planned = [p["planned_steps"] for a in arms for p in a.records[0]["phases"] if p["name"] == phase]
            row += [_over_sizes(arms, rate), " / ".join(map(count, planned)) or "–"]
        rows.append([*row, _over_sizes(arms, "weight_decay"), _over_sizes(arms, "batch_size")])
    header = ["strategy", "head rate", "head steps", "main rate", "main steps", "weight decay", "batch"]
    return pipe_table(header, rows, "lrrrrrr")


def _over_sizes(arms: list[Arm], field: str) -> str:
    values = [arm.records[0]["spec"][field] for arm in arms]
    shown = [f"{value:g}" if value else "–" for value in values]
    return shown[0] if len(set(shown)) == 1 else " / ".join(shown)


def backbones() -> Markdown:
    """The networks the package knows, their preprocessing, and where they can be cut."""
    rows = [
        [
            f"`{b.name}`",
            f"`keras.applications.{b.application}`" if b.application else "this package",
            f"`{b.preprocessing}.preprocess_input`" if b.preprocessing else "pixels / 255",
            count(b.min_size),
            ", ".join(sorted(b.cuts, reverse=True)),
        ]
        for b in BACKBONES.values()
    ]
    return pipe_table(["name", "built by", "preprocessing", "smallest side", "can learn from"], rows, "lllrl")


def unknowns(study: Study) -> Markdown:
    """What the study leaves open, and what would settle it."""
    return pipe_table("What we do not know | What would tell", claims.unknowns(study), "ll")


def environment(study: Study) -> Markdown:
    """Software and hardware that made the results: one row a distinct value."""
    found: dict[str, set] = {}
    for record in study.records.values():
        env = record["environment"]
        found.setdefault("processor", set()).add(literal(f"{machine(env)}, {env['memory_gib']} GiB"))
        found.setdefault("accelerators", set()).add(literal(", ".join(env["accelerators"]) or "none"))
        found.setdefault("system", set()).add(literal(env["system"]))
        found.setdefault("Python", set()).add(env["python"])
        found.setdefault("Keras backend", set()).add(env["backend"])
        for name, version in env["libraries"].items():
            found.setdefault(name, set()).add(version)
        found.setdefault("code (SHA-256)", set()).add(f"`{env['code_sha256'][:12]}`")
    rows = [[name, "; ".join(sorted(values))] for name, values in found.items()]
    return pipe_table(["what", "value"], rows, "ll")


def provenance(study: Study) -> Markdown:
    """Which data and which weights the results were made from, with their hashes."""
    rows, seen = [], set()
    for record in study.records.values():
        data, weights = record["data"], record["weights"]
        entries = [("data", literal(data["name"]), data["sha256"], literal(data["origin"]))]
        if weights["sha256"]:
            try:
                title = card(f"{record['spec']['backbone']}-{weights['name']}")["title"]
            except StudyError:  # weights that the project packed have a manifest instead of a card
                title = str(source_of(record, study.store))
            entries.append(("weights", literal(weights["name"]), weights["sha256"], title))
        for entry in entries:
            if entry not in seen:
                seen.add(entry)
                rows.append([entry[0], entry[1], f"`{entry[2][:16]}…`", entry[3]])
    return pipe_table(["what", "name", "SHA-256", "origin"], rows, "llll")


def runs(study: Study) -> Markdown:
    """Every run: what it was, what it reached, how long it took, and its record."""
    rows, order = [], list(STRATEGIES)
    for spec in sorted(study.specs, key=lambda s: (s.n_labels, order.index(s.strategy), s.seed)):
        record = study.records[spec.id]
        rows.append([
            Value(f"`{spec.id}`", record_link(f"run-{spec.id}")), STRATEGIES[spec.strategy].label,
            count(spec.n_labels), spec.seed, f"{100 * record['metrics']['test']['accuracy']:.2f}",
            f"{record['timing']['total']['wall'] / 60:.1f}", record["finished"][:10],
        ])  # fmt: skip
    return pipe_table(["run", "strategy", "labels", "seed", "test %", "minutes", "made"], rows, "llrrrrl")
