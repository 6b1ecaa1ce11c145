"""What the study leaves open, as far as its results tell: sentences and the list of experiments to do next."""

from IPython.display import Markdown

from ...analysis.comparison import MIN_SEEDS
from ...analysis.study import MAIN, Study
from ...plan.presets import expand, tuned_at, untuned
from ..cards import card
from ..markdown import pipe_table
from ..values import count, listing
from .arms import at_labels
from .beyond import robust_size
from .words import label


def _made(study: Study, preset: str) -> list[bool]:
    """Return which runs of a preset are in the results that a study reads."""
    return [study.store.has(spec) for spec in expand(preset)]


def _searched(study: Study) -> list[int]:
    """Return the numbers of labels at which the settings of a study's arms were tuned; none where an arm's were not."""
    arms = {spec.arm for spec in study.specs}
    return [] if arms & set(untuned(study.name)) else tuned_at(study.name, arms)


def chosen_settings(study: Study) -> str:
    """Return how learning rates and lengths were chosen, and what follows for arms that look weak."""
    if not _searched(study):
        return (
            "Nobody searched the learning rates for each strategy: they are first choices, compared by hand on one draw. So a "
            "strategy that looks weak may simply have the wrong rate."
        )
    sizes = listing([count(n) for n in _searched(study)])
    length = (
        "We tried longer training for the compact network from scratch only."
        if study.name != MAIN and any(_made(study, "longer-scratch"))
        else "We did not search the length of training."
    )
    return (
        f"We chose learning rates and weight decay on validation images, at {sizes} labels, and used them at the other "
        f"numbers of labels too. {length} So a strategy that looks weak may still have the wrong length, rate or weight decay."
    )


def higher_rates(study: Study) -> str:
    """Return which arms learn their deeper layers at a rate that is no lower than the head's, if any do."""
    found: dict[str, list[int]] = {}
    for arm in study.arms.values():
        spec = arm.records[0]["spec"]
        head, main = spec["head_learning_rate"], spec["learning_rate"]
        if head and main and main >= head:
            found.setdefault(arm.strategy.name, []).append(arm.n_labels)
    every = len(study.sizes)
    parts = [
        label(name) if len(found[name]) == every else f"{label(name)} {at_labels(sorted(found[name]))}"
        for name in found
    ]
    if not parts:
        return "No strategy learns its deeper layers at a rate as high as its head's."
    return f"The search chose a rate at least as high as the head's for {listing(parts)}."


def experiments(study: Study) -> Markdown:
    """Return a table of what to do next, in the order in which we would do it; what the results hold already is left out."""
    pool = card(study.first["data"]["name"])["images"]["train"]
    fewest = study.seeds_per_arm[0]
    at_most = (study.contested or study.sizes)[-1]
    rows = [
        (fewest < MIN_SEEDS, "More seeds for every strategy", "Which of the differences are larger than chance?", "processor time only"),
        (not any(study.has("small_finetune", n) for n in study.sizes), "The compact network from pretrained weights, beside itself from random ones", "Is it the weights or the size of the network?", "processor time only: the weights are here"),
        (True, "Longer training of both starts, at every number of labels" if all(_made(study, "long")) else "Longer training from scratch", "How much of the gain would longer training take away [@he2019rethinking]?", "a GPU or patience"),
        (at_most < pool, f"All {count(pool)} labels", "Does the gain vanish when labels are plentiful [@he2019rethinking]?", "a GPU or patience"),
        (any(_made(study, "near")), "Fine-tuning everything from ImageNet's weights, with more labels too", "What to train when labels are many, and does training from scratch catch up?", "a GPU or patience"),
        (not any(_made(study, "near")), "The weights that Keras downloads, small and enlarged images", "What does resolution cost, and what does a large source add?", "a download, a GPU"),
        (True, "A source downsampled from all of ImageNet [@chrabaszcz2017downsampled]", "Is a larger source at the *right* size better still?", "pretraining from the start"),
        (not _searched(study), "A search of rates for each strategy, on validation images", "Is any strategy handicapped by its settings?", "many short runs"),
        (robust_size(study) is None, "Corrupted images [@hendrycks2019benchmarking]", "Do the strategies keep their order when images get worse?", "predictions only"),
        (True, "Newly collected images [@recht2018cifar10]", "Do the strategies keep their order on images of another day?", "a download, predictions only"),
        (not all(_made(study, "depth")), "Unfreezing from one block after the other", "How deep should one fine-tune [@yosinski2014transferable]?", "processor time only"),
        (True, "Tuning one block alone, the first one too", "Is the top the right place to thaw [@lee2023surgical]?", "a new strategy, processor time"),
        (True, "A penalty on the distance to the pretrained weights [@li2018explicit]", "Can full fine-tuning keep more of the source?", "a few lines of code"),
        (True, "Weights pretrained without the source classes that mean the same as a target class", "How much of the gain is knowing the classes already?", "a pretraining"),
        (any(_made(study, "far")), "More strategies and seeds on hand signs", "Does the pattern hold far from the source?", "processor time only"),
        (not any(_made(study, "far")), "Another data set, far from the source", "Does the pattern hold far from the source?", "a folder of class folders"),
    ]  # fmt: skip
    header = "Experiment | Question it settles | What it needs"
    return pipe_table(header, [row for open_, *row in rows if open_], "lll")
