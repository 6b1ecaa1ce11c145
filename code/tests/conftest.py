"""What several test files look at: the fixture's site and the real report's, each served once a file."""

import os
from pathlib import Path

import psutil
import pytest
from sitefixtures import fixture_site, report_site

from renderer.server import serving


@pytest.fixture(scope="module", params=["fixture", "report"])
def kind(request) -> str:
    """Which site a test looks at; the report is rendered by whatever `make report` chooses, so Quarto's where there is one."""
    return request.param


@pytest.fixture(scope="module")
def site(kind) -> Path:
    """The folder of the rendered site."""
    return fixture_site() if kind == "fixture" else report_site()


@pytest.fixture(scope="module")
def address(site):
    """Where the site is served."""
    with serving(site) as url:
        yield url


def pytest_xdist_auto_num_workers():
    """One process more than there are cores: many tests wait, for a file, a browser or another process."""
    return (psutil.cpu_count() or 1) + 1


# The files that take longest, longest first: begun last, one of them would keep one core at work while the others have none.
LONGEST = (
    "everyone notebook_short kills study_whole recipe audit study_cli study_folder study_training runners keras_mistakes_run "
    "pages_follow_results"
).split()


def pytest_collection_modifyitems(items):
    """Begin with the longest files; leave what takes minutes to CI, unless it is asked for."""
    place = {f"test_{name}": k for k, name in enumerate(LONGEST)}
    items.sort(
        key=lambda item: place.get(item.path.stem, len(place))
    )  # stable: the others stay in their order
    if os.environ.get("TRANSFERSTUDY_TEST_ALL") == "1":
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(
                pytest.mark.skip(reason="takes minutes; TRANSFERSTUDY_TEST_ALL=1 make test runs it")
            )
