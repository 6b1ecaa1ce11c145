"""What pages and slides say of the mistakes that Keras makes easy: sentences, tables and values from `results/mistakes/`."""

from dataclasses import dataclass
from pathlib import Path

from IPython.display import Markdown

from ...analysis.comparison import MIN_SEEDS
from ...errors import StudyError
from ...experiments.keras_mistakes.backends import BACKENDS, outcome
from ...experiments.keras_mistakes.effects import Effect, effects
from ...experiments.keras_mistakes.stored import BACKENDS as RECORD
from ...experiments.keras_mistakes.stored import read
from ...paths import results_dir
from ..claims.slides import Card
from ..markdown import pipe_table
from ..values import Value, count, listing, points, signed

PAGE = "/chapters/keras.qmd"
FOLDER = "/results/mistakes"
# Mistake -> what stands in the table, and in a sentence.
_NAMED = {
    "pixels": ("pixels divided by 255 instead of `preprocess_input`", "Dividing pixels by 255 instead of calling `preprocess_input`"),
    "epoch": ("the epoch chosen on the images that then give the score", "Choosing the epoch on the images that then give the score"),
    "head": ("everything thawed before the head has converged", "Thawing everything before the head has converged"),
    "rate": ("the head's learning rate kept after thawing", "Keeping the head's learning rate after thawing"),
    "compile": ("`trainable` changed, but not compiled again", "Thawing without compiling again"),
}  # fmt: skip
BACKEND_NAMES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
_ASKED = {
    "thaw": "thawed after the head was trained",
    "freeze": "frozen after everything was trained",
    "thaw, another batch size": "thawed after training, next batch of another size",
    "freeze, another batch size": "frozen after training, next batch of another size",
    "thaw, untrained": "thawed after `compile`, before the first step",
    "freeze, untrained": "frozen after `compile`, before the first step",
    "thaw, compiled again": "thawed after training, then compiled again",
    "freeze, compiled again": "frozen after training, then compiled again",
}


@dataclass(frozen=True)
class Mistakes:
    """All that is stored of the mistakes.

    Attributes:
        effects: mistake -> what it changes.
        backends: backend -> its answers, as `keras_mistakes.backends.ask_all` returns them.
    """

    effects: dict[str, Effect]
    backends: dict[str, dict]

    def __getitem__(self, name: str) -> Effect:
        """Return the effect of a mistake.

        Raises:
            StudyError: no such mistake.
        """
        if name not in self.effects:
            raise StudyError(f"no mistake {name!r}: choose one of {', '.join(self.effects)}")
        return self.effects[name]

    def change(self, name: str) -> Value:
        """Reported accuracy with the mistake minus without, in points."""
        return Value(points(self[name].difference.mean), _target(name))

    def plan(self, name: str) -> dict:
        """The settings of the first seed's demonstration."""
        return self[name].records[0]["plan"]

    @property
    def judged(self) -> Value:
        """Number of images that judge, set apart from the training set."""
        return Value(count(self.plan("pixels")["judged"]), _target("pixels"))

    @property
    def n_labels(self) -> Value:
        """Number of labelled images a run draws."""
        return Value(count(self.plan("pixels")["n_labels"]), _target("pixels"))

    @property
    def chosen_by(self) -> Value:
        """Number of validation images that choose the epoch."""
        return Value(count(self["epoch"].images), _target("epoch"))

    @property
    def seeds(self) -> Value:
        """Number of seeds of each demonstration: one number, or the fewest and the most."""
        found = sorted({e.difference.seeds for e in self.effects.values()})
        return Value(f"{found[0]} to {found[-1]}" if len(found) > 1 else count(found[0]))

    @property
    def keras(self) -> Value:
        """Version of Keras that the backends were asked with."""
        found = sorted({b["keras"] for b in self.backends.values() if b["installed"]})
        return Value(listing(found), f"{FOLDER}/{RECORD}.json")


def load(results: Path | None = None) -> Mistakes:
    """Return the stored mistakes.

    Raises:
        StudyError: one is missing or damaged; the message has the command that makes it.
    """
    root = Path(results) if results else results_dir()
    return Mistakes(effects(root), read(root, RECORD)["backends"])


def _target(name: str) -> str:
    return f"{PAGE}#mistake-{name}"


def verdict(effect: Effect) -> int:
    """Return +1 or -1 if the interval lies above or below zero and there are seeds enough, else 0."""
    d = effect.difference
    if d.seeds < MIN_SEEDS or not d.excludes_zero:
        return 0
    return 1 if d.mean > 0 else -1


def sentence(mistakes: Mistakes, name: str) -> str:
    """Return one sentence on what a mistake changes; its verb follows the interval."""
    d, side = mistakes[name].difference, verdict(mistakes[name])
    shown = points(abs(d.mean)).lstrip("+") if side else points(d.mean)
    size = Value(shown, _target(name))._repr_markdown_()
    words = {1: "raises {} by {}", -1: "lowers {} by {}", 0: "changes {} by {}, which may be chance"}
    if name == "epoch":
        words |= {1: "makes {} look better by {}", -1: "makes {} look worse by {}"}
    ends = {1: (d.low, d.high), -1: (-d.high, -d.low)}.get(side)
    low, high = (f"{100 * x:.1f}" for x in ends) if ends else (signed(d.low), signed(d.high))
    interval = f"95 % interval {low} to {high}, {count(d.seeds)} seeds"
    return f"{_NAMED[name][1]} {words[side].format('the accuracy', size)} ({interval})."


def card(mistakes: Mistakes) -> Card | None:
    """Return, for a card on a slide, the mistake that costs most, or None where none can be told from zero."""
    costly = [e for e in mistakes.effects.values() if verdict(e) < 0]
    if not costly:
        return None
    worst = min(costly, key=lambda e: e.difference.mean)
    number = Value(f"{100 * worst.difference.mean:.0f}".replace("-", "−"), _target(worst.mistake))
    words = _NAMED[worst.mistake][1]
    # Of these mistakes only one raises an error, and on some backends only.
    silent = "" if worst.mistake == "compile" else "; no error warns of it"
    return Card(
        "Pitfall",
        number._repr_markdown_(),
        f"points for {words[:1].lower()}{words[1:]} (weights from Tiny ImageNet){silent}",
    )


def sentences(mistakes: Mistakes) -> dict[str, str]:
    """Return `sentence` for every mistake, by name."""
    return {name: sentence(mistakes, name) for name in mistakes.effects}


def ranking(mistakes: Mistakes) -> str:
    """Return which mistake changes the reported accuracy most, and of how many the runs do not show that they change it."""
    most = max(mistakes.effects, key=lambda name: abs(mistakes[name].difference.mean))
    done, change = _NAMED[most][1], mistakes.change(most)._repr_markdown_()
    text = f"The costliest mistake is {done[:1].lower()}{done[1:]} ({change})."
    unclear = sum(not verdict(effect) for effect in mistakes.effects.values())
    if not unclear:
        return text
    they = "it changes" if unclear == 1 else "they change"
    return f"{text} For {count(unclear)} of the {count(len(mistakes.effects))}, we could not show that {they} anything."


def table(mistakes: Mistakes) -> Markdown:
    """Every mistake: network, what both ways report (%), the difference in points with interval, and the seeds' records."""
    rows = []
    for name, effect in mistakes.effects.items():
        d, plan = effect.difference, mistakes.plan(name)
        links = ", ".join(f"[{r['plan']['seed']}]({FOLDER}/{r['id']}.json)" for r in effect.records)
        rows.append([
            f"[{_NAMED[name][0]}]{{#mistake-{name}}}", {"vgg16": "VGG16"}.get(plan["backbone"], plan["backbone"]),
            f"{100 * effect.right:.1f}", f"{100 * effect.wrong:.1f}", signed(d.mean),
            f"{signed(d.low)} to {signed(d.high)}", links,
        ])  # fmt: skip
    header = ["mistake", "network", "without", "with", "difference", "95 % interval", "seeds, records"]
    return pipe_table(header, rows, "llrrrrl")


def backends_table(mistakes: Mistakes) -> Markdown:
    """What each backend does with a change of `trainable`: in effect, without effect, or an error."""
    asked = [name for name in BACKENDS if mistakes.backends[name]["installed"]]
    rows = [
        [words, *(outcome(mistakes.backends[name]["answers"][question]) for name in asked)]
        for question, words in _ASKED.items()
    ]
    header = ["the backbone is", *(f"{BACKEND_NAMES[n]} {mistakes.backends[n]['version']}" for n in asked)]
    return pipe_table(header, rows, "l" * len(header))
