"""All inline values of the pages, computed once from the study and the cards."""

from ...analysis.comparison import Difference, difference
from ...analysis.costs.cost import cpu_seconds, on_accelerator
from ...analysis.study import Arm, Study
from ...data.splits import MAX_VALIDATION, VALIDATION_SHARE
from ...results.metrics import ECE_BINS
from ..cards import card
from ..sources import card_of, source_of
from ..values import Value, count, listing, literal, percent, points, record_link, signed
from .headline import best_pair


class Values:
    """Inline values of a study: attributes are `Value`s; methods make one for an arm or a pair."""

    def __init__(self, study: Study):
        self._study = study
        self._facts()
        self._weights()
        self._best()
        self._classes()
        self._machine()

    def _facts(self):
        study, data = self._study, self._study.first["data"]
        here = record_link("data")
        self.dataset = Value({"cifar10": "CIFAR-10"}.get(data["name"], literal(data["name"])), here)
        self.n_classes = Value(count(len(study.classes)), here)
        self.class_list = Value(listing([literal(name) for name in study.classes]))
        self.n_pool = Value(count(card(data["name"])["images"]["train"]), here)
        self.n_test = Value(count(data["test"]), here)
        self.image_side = Value(str(data["side"]), here)
        self.sizes = Value(listing([count(n) for n in study.sizes]))
        self.n_seeds = self._range(*study.seeds_per_arm)
        self.validation_share = Value(percent(VALIDATION_SHARE, 0))
        self.max_validation = Value(count(MAX_VALIDATION))
        self.ece_definition_bins = Value(count(ECE_BINS))

    def _weights(self):
        started = [r for r in self._study.records.values() if r["weights"]["sha256"]]
        # VGG16's weights are the ones that pages describe; the compact network's have their own manifest.
        started.sort(key=lambda r: r["spec"]["backbone"] != "vgg16")
        if not started:
            return
        page = "/chapters/pretrained-model.qmd"
        facts = self.weights_card = card_of(started[0], self._study.store)
        self.weights_source = Value(facts["source"], page)
        self.weights_top1 = Value(percent(source_of(started[0], self._study.store).top1), page)
        self.weights_classes = Value(count(facts["classes"]), page)

    def _best(self):
        contested = self._study.contested
        if not contested:
            return
        for word, n in (("smallest", contested[0]), ("largest", contested[-1])):
            a, b, d = best_pair(self._study, n)
            setattr(self, f"best_transfer_{word}", Value(a.strategy.label, record_link(a.anchor)))
            setattr(self, f"best_transfer_acc_{word}", self._accuracy(a))
            setattr(self, f"best_scratch_acc_{word}", self._accuracy(b))
            setattr(self, f"gain_{word}", Value(points(d.mean), record_link(d.anchor)))
            setattr(self, f"gain_{word}_interval", self._interval(d))
            setattr(self, f"best_transfer_name_{word}", a.strategy.name)
            setattr(self, f"best_scratch_name_{word}", b.strategy.name)

    def _classes(self):
        study = self._study
        if not study.contested:
            return
        arm = study.best(study.contested[0], True)
        recall = arm.test("class_accuracy").mean(axis=0)
        worst, best = int(recall.argmin()), int(recall.argmax())
        link = record_link(arm.anchor)
        self.hardest_class, self.easiest_class = (Value(literal(study.classes[k])) for k in (worst, best))
        self.hardest_class_acc = Value(percent(float(recall[worst])), link)
        self.easiest_class_acc = Value(percent(float(recall[best])), link)

    def _machine(self):
        study = self._study
        environments = [r["environment"] for r in study.records.values()]
        backends = listing(sorted({e["backend"] for e in environments}))
        self.backend_name = Value(backends, record_link("environment"))
        self.keras_version = Value(listing(sorted({e["libraries"]["keras"] for e in environments})))
        seconds: dict[str, float] = {}
        for record in sorted(study.records.values(), key=on_accelerator):
            kind = "accelerators" if on_accelerator(record) else "processors"
            seconds[kind] = seconds.get(kind, 0) + record["timing"]["total"]["wall"]
        spent = [f"{total / 3600:.1f} hours on {kind}" for kind, total in seconds.items()]
        self.spent = Value(listing(spent), record_link("environment"))

    @staticmethod
    def _range(fewest: int, most: int) -> Value:
        return Value(f"{fewest} to {most}" if fewest < most else count(most), record_link("runs"))

    def _accuracy(self, arm: Arm) -> Value:
        return Value(percent(arm.accuracy), record_link(arm.anchor))

    @staticmethod
    def _interval(d: Difference) -> Value:
        return Value(f"{signed(d.low)} to {signed(d.high)}", record_link(d.anchor))

    def acc(self, strategy: str, n_labels: int) -> Value:
        """Mean test accuracy of an arm."""
        return self._accuracy(self._study.arm(strategy, n_labels))

    def seeds(self, n_labels: int) -> Value:
        """How many seeds the arms with a number of labels have, fewest to most."""
        counts = [len(arm.seeds) for arm in self._study.at(n_labels)]
        return self._range(min(counts), max(counts))

    def diff(self, a: str, b: str, n_labels: int) -> Value:
        """Seed-paired difference in test accuracy, a minus b, in points."""
        d = difference(self._study, a, b, n_labels)
        return Value(points(d.mean), record_link(d.anchor))

    def diff_interval(self, a: str, b: str, n_labels: int) -> Value:
        """The interval of the difference, in points."""
        return self._interval(difference(self._study, a, b, n_labels))

    def minutes(self, strategy: str, n_labels: int) -> Value:
        """Mean processor time of training one model, in core-minutes."""
        arm = self._study.arm(strategy, n_labels)
        seconds = cpu_seconds(self._study, arm)
        shown = f"{seconds.mean() / 60:.1f}" if len(seconds) else "not measured"
        return Value(shown, record_link(arm.anchor))
