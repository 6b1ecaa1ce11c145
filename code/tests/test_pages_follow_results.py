"""Change one stored result, and the page, the slide and the sentence that show it change; remove one, and rendering stops."""

import json
import shutil
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from sitefixtures import report_site

from renderer import project
from renderer.errors import RenderErrors
from renderer.execute import execute
from transferstudy import report
from transferstudy.paths import project_root
from transferstudy.plan.presets import expand
from transferstudy.report.values import percent
from transferstudy.results.metrics import measure
from transferstudy.results.store import Store

PAGES = ("index.qmd", "chapters/results.qmd", "slides.qmd")


@pytest.fixture
def results(tmp_path, monkeypatch) -> Store:
    """A copy of the committed results, which pages read instead of the real ones."""
    copy = tmp_path / "results"
    shutil.copytree(project_root() / "results", copy)
    monkeypatch.setenv("TRANSFERSTUDY_RESULTS", str(copy))
    return Store(copy)


def shown(tmp_path: Path, name: str, *pages: str) -> dict[str, str]:
    """Run the cells and inline values of some real pages and return all that they show, as text."""
    loaded = project.load(project_root())
    wanted = [page for page in loaded.pages.values() if str(page.path) in pages]
    assert len(wanted) == len(pages)
    work = [(page.source, page.figures, page.execution) for page in wanted]
    made = execute(project_root(), work, tmp_path / name, name, 1)
    return {str(page.path): json.dumps(made[page.path], ensure_ascii=False) for page in wanted}


def published(page: str) -> str:
    """The text of a page of the rendered site, which shows the committed results."""
    html = (report_site() / page).with_suffix(".html").read_text(encoding="utf-8")
    return BeautifulSoup(html, "html.parser").get_text()


def halve(store: Store, run_id: str) -> None:
    """Turn every second test prediction of a run into its opposite, and store the run anew with all that follows."""
    record = store.load(run_id)
    predictions = store.predictions(record)
    predictions["test_log_p"][::2] = predictions["test_log_p"][::2, ::-1]
    record["metrics"]["test"] = measure(predictions["test_log_p"], predictions["test_y"])
    model = store.model(record) if record["model"] else None
    store.save({k: v for k, v in record.items() if k not in ("id", "record_sha256")}, predictions, model)


def test_one_changed_result_changes_page_slide_and_sentence(results, tmp_path):
    study = report.imagenet.study()
    arm = study.best(study.contested[0], True)
    before = {page: published(page) for page in PAGES}
    old, old_headline = percent(arm.accuracy), report.claims.headline(study)
    for page in PAGES:
        assert old in before[page], f"{page} shows the best transfer arm at the fewest labels"
    halve(results, arm.records[0]["id"])
    changed = report.imagenet.study()
    new = percent(changed.arm(arm.strategy.name, arm.n_labels).accuracy)
    assert new != old
    after = shown(tmp_path, "after", *PAGES)
    for page in PAGES:
        assert after[page].count(new) > before[page].count(new), page
    headline = report.claims.headline(changed)
    assert new in headline
    assert headline != old_headline


def test_a_removed_result_is_counted_as_missing_where_a_study_is_unfinished(results, tmp_path):
    records, declared = report.load().arm("scratch", 1000).records, report.declared.progress("report")
    gone = records[-1]["id"]
    of = sum(spec.strategy == "scratch" and spec.n_labels == 1000 for spec in expand("report"))
    before = shown(tmp_path, "before", "chapters/runs.qmd")["chapters/runs.qmd"]
    results.record_path(gone).unlink()
    after = shown(tmp_path, "after", "chapters/runs.qmd")["chapters/runs.qmd"]
    fewer = f"{len(records) - 1} of {of}"
    assert after.count(fewer) == before.count(fewer) + 1
    done = int(declared.split()[0])
    assert declared in before
    assert f"{done - 1} of {declared.split()[-1]}" in after


def test_a_removed_result_stops_the_render_of_a_whole_study_and_says_how_to_make_it(results, tmp_path):
    gone = report.load("resolution").specs[3].id
    results.record_path(gone).unlink()
    with pytest.raises(RenderErrors) as error:
        shown(tmp_path, "gone", "chapters/first-edition.qmd")
    assert f"no result for run {gone}: make it with python -m transferstudy run --only {gone}" in str(
        error.value
    )
    assert "chapters/first-edition.qmd" in str(error.value)
