"""What is left open follows the results; and the card for links is drawn whole."""

import matplotlib as mpl
import pytest
from fakes import fake_study
from PIL import Image

from transferstudy.analysis.comparison import MIN_SEEDS
from transferstudy.analysis.study import load
from transferstudy.report.claims.arms import two_by_two
from transferstudy.report.claims.gaps import chosen_settings, experiments
from transferstudy.report.figures.card import PIXELS, social_card

mpl.use("Agg")
ARMS = [("finetune_all", 500, 2), ("scratch", 500, 2), ("small_scratch", 500, 2)]
PAIR = [*ARMS, ("small_finetune", 500, 2), ("scratch_bn", 500, 2)]


def rows(study) -> list[str]:
    return [line.split(" | ")[0].removeprefix("| ") for line in experiments(study).data.splitlines()[2:]]


def test_an_empty_corner_is_said_and_a_full_one_is_measured(tmp_path):
    empty, full = fake_study(tmp_path / "a", ARMS), fake_study(tmp_path / "b", PAIR)
    assert "corner of the comparison is empty" in two_by_two(empty)
    assert "With 500 labels, " in two_by_two(full)
    compact = "The compact network from pretrained weights, beside itself from random ones"
    assert compact in rows(empty)
    assert compact not in rows(full)


def test_what_the_results_hold_is_not_listed_as_next(tmp_path, monkeypatch):
    monkeypatch.setattr("transferstudy.report.claims.gaps.untuned", lambda name: [])
    few = rows(fake_study(tmp_path / "a", ARMS))
    many = rows(fake_study(tmp_path / "b", [(name, 50000, MIN_SEEDS) for name, *_ in ARMS], robust=True))
    gone = {
        "More seeds for every strategy",
        "All 50,000 labels",
        "Corrupted images [@hendrycks2019benchmarking]",
    }
    assert gone <= set(few)
    assert not gone & set(many)
    assert set(many) < set(few)


def test_what_is_begun_is_next_in_another_form(tmp_path):
    none, real = rows(fake_study(tmp_path, ARMS)), rows(load())
    far = "Another data set, far from the source"
    assert far in none and "The weights that Keras downloads, small and enlarged images" in none
    assert far not in real and "More strategies and seeds on hand signs" in real
    assert len(real) <= len(none)


def test_settings_count_as_searched_where_the_preset_has_tuned_ones(tmp_path, monkeypatch):
    chosen, tuned = fake_study(tmp_path, ARMS, name="quick"), fake_study(tmp_path, ARMS)
    assert "Nobody searched" in chosen_settings(chosen)
    assert "Nobody searched" not in chosen_settings(tuned)
    assert "at 500 labels" in chosen_settings(tuned)
    search = next(row for row in rows(chosen) if row.startswith("A search of rates"))
    assert search not in rows(tuned)
    monkeypatch.setattr("transferstudy.report.claims.gaps.untuned", lambda name: [("scratch", 500)])
    assert "Nobody searched" in chosen_settings(tuned)


@pytest.mark.parametrize("answer", [None, "A very long answer that wants more than one line, " * 2])
def test_the_card_has_its_size_and_all_of_its_words(tmp_path, monkeypatch, answer):
    study = fake_study(tmp_path, [(name, n, 2) for name, *_ in PAIR for n in (500, 5000)], n_test=50)
    if answer:
        monkeypatch.setattr(
            "transferstudy.report.figures.card.slide_headline", lambda study: answer.strip(", ")
        )
    figure = social_card(study, "A title")
    figure.savefig(tmp_path / "card.png", dpi="figure")
    with Image.open(tmp_path / "card.png") as picture:
        assert picture.size == PIXELS
        assert len(picture.convert("L").getcolors(256)) > 20
    words = [text for text in figure.findobj(mpl.text.Text) if text.get_text() and text.get_visible()]
    assert {"A title", *(strategy.label for strategy in study.strategies)} <= {
        text.get_text() for text in words
    }
    renderer = figure.canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for text in words]
    outside = [
        text.get_text()
        for text, box in zip(words, boxes, strict=True)
        if box.width and (box.x0 < 0 or box.y0 < 0 or box.x1 > PIXELS[0] or box.y1 > PIXELS[1])
    ]
    assert outside == []
    head = [box for text, box in zip(words, boxes, strict=True) if text in figure.texts]
    axis = figure.axes[0].get_window_extent(renderer)
    assert min(box.y0 for box in head) >= axis.y1
