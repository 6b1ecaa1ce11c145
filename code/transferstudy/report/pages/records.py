"""The page of records: for every number on the site, the runs behind it."""

from IPython.display import Markdown

from ...analysis.comparison import CONFIDENCE, judged
from ...analysis.study import MAIN, Arm, Study
from ...plan.presets import expand
from .. import tables
from ..markdown import pipe_table
from ..tables.judgement import p_text
from ..values import code, count, literal, signed

_SHARED_ELSEWHERE = ("seed", "strategy", "n_labels")


def _arm_section(study: Study, arm: Arm, linked: set[str]) -> list[str]:
    rows = []
    for record in arm.records:
        test, weights, env = record["metrics"]["test"], record["weights"], record["environment"]
        mark = f" `{weights['sha256'][:8]}`" if weights["sha256"] else ""
        rows.append([
            ", ".join(_name(run_id, linked) for run_id in record.get("folds", [record["id"]])), record["spec"]["seed"],
            *(f"{test[measure]:.4f}" for measure in ("accuracy", "nll", "ece")), f"{record['metrics']['val']['accuracy']:.4f}",
            " + ".join(count(phase["steps"]) for phase in record["phases"]), f"{record['timing']['total']['wall'] / 60:.1f}",
            literal(weights["name"]) + mark, f"{literal(env['backend'])}, Keras {literal(env['libraries']['keras'])}",
        ])  # fmt: skip
    header = "run | seed | test accuracy | NLL | ECE | validation | steps | minutes | weights | backend"
    several, n = len(study.image_sizes) > 1, arm.n_labels
    side, only = (f", {arm.image_size} px", f" --only image_size={arm.image_size}") if several else ("", "")
    known = {spec.id for spec in expand(study.name)}
    own = all(run_id in known for record in arm.records for run_id in record.get("folds", [record["id"]]))
    preset = "" if study.name == MAIN else f" --preset {study.name if own else study.plan}"
    command = f"python -m transferstudy run{preset} --only {arm.strategy.name} --only n_labels={n}{only}"
    spec = [(k, v) for k, v in arm.records[0]["spec"].items() if k not in _SHARED_ELSEWHERE]
    return [
        f"### {arm.strategy.label}, {n:,} labels{side} {{#{arm.anchor}}}",
        f"{', '.join(f'{key} {code(value)}' for key, value in spec if value not in (None, 0))}.",
        pipe_table(header, rows, "lrrrrrrrll").data,
        "Make these runs again, after deleting their records:",
        f"```bash\n{command}\n```",
    ]


def _name(run_id: str, linked: set[str]) -> str:
    """A link to a run's record; a run may belong to several studies, and its anchor stands once."""
    link = f"[`{run_id}`](/results/runs/{run_id}.json)"
    if run_id in linked:
        return link
    linked.add(run_id)
    return f"[{link}]{{#run-{run_id}}}"


def _difference_table(study: Study) -> str:
    rows = [
        [
            f"[{d.label}]{{#{d.anchor}}}", count(d.n_labels), signed(d.mean), f"{signed(d.low)} to {signed(d.high)}",
            ", ".join(signed(x) for x in d.per_seed), p_text(each.p), each.verdict, d.seeds,
        ]
        for each in judged(study)
        for d in [each.difference]
    ]  # fmt: skip
    header = "a − b | labels | difference | interval | each seed | p, corrected | verdict on a | seeds"
    return pipe_table(header, rows, "lrrrrrlr").data


def records(study: Study, *others: Study) -> Markdown:
    """Return the body of the page: data and weights, environment, every run by arm, every difference; other studies have parts of their own."""
    linked: set[str] = set()
    parts = [
        "## Data and weights {#data}",
        tables.provenance(study).data,
        "[]{#weights}The weights' own page is [the pretrained model](/chapters/pretrained-model.qmd).",
        "## Software and hardware {#environment}",
        tables.environment(study).data,
        "## Differences {#differences}",
        f"Test accuracy of arm a minus arm b, in points, over runs of equal seed. The {CONFIDENCE:.0%} interval is "
        "for other seeds and other test images; [all comparisons](/chapters/comparisons.qmd) says how we compute it. "
        "p-values are corrected by Holm's method for the number of comparisons in the same part of this page, so a comparison "
        "that stands in two parts can have two. Where seeds are too few, we test nothing.",
        _difference_table(study),
        "## Runs {#runs}",
        "Test accuracy, negative log-likelihood (NLL, nats) and expected calibration error (ECE) are of the test images; "
        "accuracies are shares. A run's name links to its whole record: spec, measures, history, environment, timing.",
        *_runs(study, linked),
    ]
    for other in others:
        heading = f"## Study: {other.name} {{#study-{other.name}}}"
        own = tables.provenance(other), tables.environment(other)
        compared = [_difference_table(other)] if judged(other) else []
        parts += [heading, *(table.data for table in own), *compared, *_runs(other, linked)]
    return Markdown("\n\n".join(parts) + "\n")


def _runs(study: Study, linked: set[str]) -> list[str]:
    return [
        line
        for n in study.sizes
        for side in study.image_sizes
        for arm in study.at(n, side)
        for line in _arm_section(study, arm, linked)
    ]
