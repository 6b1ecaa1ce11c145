"""What several test files look at: the fixture's site and the real report's, each served once a file."""

from pathlib import Path

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
