"""The page of records: for every number on the site, the runs behind it."""

from IPython.display import Markdown

from ..comparison import CONFIDENCE, RESAMPLES, declared
from ..study import Arm, Study
from ..values import count, signed
from . import tables

_SHARED_ELSEWHERE = ("seed", "strategy", "n_labels")


def _spec_lines(arm: Arm) -> str:
    spec = {
        k: v for k, v in arm.records[0]["spec"].items() if k not in _SHARED_ELSEWHERE and v not in (None, 0)
    }
    return ", ".join(f"{key} `{value}`" for key, value in spec.items())


def _arm_section(arm: Arm) -> str:
    lines = [
        f"### {arm.strategy.label}, {arm.n_labels:,} labels {{#{arm.anchor}}}",
        "",
        f"{_spec_lines(arm)}.",
        "",
        "| run | seed | test accuracy | NLL | ECE | validation | steps | minutes | weights | backend |",
        "|:--|--:|--:|--:|--:|--:|--:|--:|:--|:--|",
    ]
    for record in arm.records:
        test, val = record["metrics"]["test"], record["metrics"]["val"]
        env = record["environment"]
        steps = " + ".join(count(p["steps"]) for p in record["phases"])
        start = f"{record['weights']['name']}"
        if record["weights"]["sha256"]:
            start += f" `{record['weights']['sha256'][:8]}`"
        run_id = record["id"]
        lines.append(
            f"| [[`{run_id}`](/results/runs/{run_id}.json)]{{#run-{run_id}}} | {record['spec']['seed']} | "
            f"{test['accuracy']:.4f} | {test['nll']:.4f} | {test['ece']:.4f} | {val['accuracy']:.4f} | {steps} | "
            f"{record['timing']['total']['wall'] / 60:.1f} | {start} | {env['backend']}, Keras {env['libraries']['keras']} |"
        )
    lines += [
        "",
        "Make these runs again, after deleting their records:",
        "",
        "```bash",
        f"python -m transferstudy run --only {arm.strategy.name} --only n_labels={arm.n_labels}",
        "```",
        "",
    ]
    return "\n".join(lines)


def _difference_table(study: Study) -> str:
    labels = {s.name: s.label for s in study.strategies}
    lines = ["| a − b | labels | difference | interval | each seed | seeds |", "|:--|--:|--:|--:|--:|--:|"]
    for d in declared(study):
        each = ", ".join(signed(x) for x in d.per_seed)
        lines.append(
            f"| [{labels[d.a]} − {labels[d.b]}]{{#{d.anchor}}} | {count(d.n_labels)} | {signed(d.mean)} | "
            f"{signed(d.low)} to {signed(d.high)} | {each} | {d.seeds} |"
        )
    return "\n".join(lines)


def records(study: Study) -> Markdown:
    """Return the body of the page: data and weights, environment, every run by arm, every difference."""
    parts = [
        "## Data and weights {#data}",
        "",
        tables.provenance(study).data,
        "",
        "[]{#weights}The weights' own page is [the pretrained model](/chapters/pretrained-model.qmd).",
        "",
        "## Software and hardware {#environment}",
        "",
        tables.environment(study).data,
        "",
        "## Differences {#differences}",
        "",
        f"Test accuracy of arm a minus arm b, in points, over runs of equal seed. The interval holds {CONFIDENCE:.0%} of "
        f"{RESAMPLES:,} bootstrap resamples of seeds and test images.",
        "",
        _difference_table(study),
        "",
        "## Runs {#runs}",
        "",
        "Test accuracy, negative log-likelihood (NLL, nats) and expected calibration error (ECE) are of the test images; "
        "accuracies are shares. A run's name links to its whole record: spec, measures, history, environment, timing.",
        "",
    ]
    for n in study.sizes:
        parts += [_arm_section(study.arm(s.name, n)) for s in study.strategies if study.has(s.name, n)]
    return Markdown("\n".join(parts))
