"""`diff`: from two results folders to the sentences, verdicts and figures that would change."""

import json
import shutil

import pytest
from fakes import fake_images, fake_inside, fake_study

from transferstudy.analysis.study import Study
from transferstudy.cli import main
from transferstudy.commands import diff
from transferstudy.experiments import sheet
from transferstudy.report.state import changes, state
from transferstudy.results.store import Store

ARMS = [(name, 500, 3) for name in ("finetune_all", "linear_probe", "scratch_bn")]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    made = fake_study(tmp_path_factory.mktemp("results"), ARMS, n_test=200)
    fake_inside(made, "finetune_all", 500)
    sheet.make(made, fake_images(made), budget=32)
    return made


@pytest.fixture
def swapped(study, tmp_path):
    """The same runs with the results of two arms exchanged."""
    root = tmp_path / "swapped"
    shutil.copytree(study.store.root, root)
    store = Store(root)
    for a, b in zip(
        study.arm("finetune_all", 500).records, study.arm("scratch_bn", 500).records, strict=True
    ):
        for into, taken in ((a, b), (b, a)):
            record = {**into, "metrics": taken["metrics"]}
            store.save({k: v for k, v in record.items() if k != "record_sha256"}, study.predictions(taken))
    return Study(study.specs, store)


def test_equal_results_change_nothing(study, tmp_path):
    shutil.copytree(study.store.root, tmp_path / "copy")
    found = changes(state(study), state(Study(study.specs, Store(tmp_path / "copy"))))
    assert not any(found.values())
    assert diff.in_words(found) == "nothing would change"


def test_swapped_arms_change_sentences_verdicts_and_figures(study, swapped):
    found = changes(state(study), state(swapped))
    assert len(found["runs"]) == 6
    name = "Fine-tune all − Batch norm from scratch, 500 labels"
    assert found["verdicts"][name] == ("better", "worse")
    before, after = found["sentences"]["slide_headline"]
    assert "leads" in before
    assert "trails" in after or "leads" in after
    assert before != after
    assert {"learning_curves", "gain", "confusion", "reliability"} <= set(found["figures"])
    unchanged = {"layers", "cka finetune_all 500", "filters finetune_all 500", "maps finetune_all 500"}
    assert not unchanged & set(found["figures"])
    text = diff.in_words(found)
    assert "runs: 6 differ, 0 only in B, 0 only in A" in text
    assert "A: better" in text
    assert "B: worse" in text


def test_a_page_that_would_stop_is_a_change(study, tmp_path):
    root = tmp_path / "other"
    shutil.copytree(study.store.root, root)
    store = Store(root)
    for record in study.arm("finetune_all", 500).records:
        changed = {**record, "weights": {"name": "tiny-imagenet", "sha256": "99" * 32}}
        store.save_record({k: v for k, v in changed.items() if k != "record_sha256"})
    specs = [s for s in study.specs if s.strategy != "linear_probe"]
    found = changes(state(Study(specs, study.store)), state(Study(specs, store)))
    assert found["sentences"]["headline"][1].startswith("would stop the render: run ")


def test_the_command_prints_words_or_json(study, swapped, monkeypatch, capsys):
    from transferstudy.analysis import study as module

    monkeypatch.setattr(module, "expand", lambda name: study.specs)
    folders = [str(study.store.root), str(swapped.store.root)]
    assert main(["diff", *folders, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["verdicts"]
    assert main(["diff", folders[0], folders[0]]) == 0
    assert capsys.readouterr().out == "nothing would change\n"
    assert main(["diff", folders[0], "nowhere"]) == 2
    assert "nowhere is no folder" in capsys.readouterr().err
