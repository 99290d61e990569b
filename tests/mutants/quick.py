"""What pytest leaves out where nobody reads why a test failed."""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import Phase


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """A failing example is enough; nobody needs the smallest one. The marks of what is left out are known."""
    config.addinivalue_line("markers", "xdist_group(name): with whom a test shares a process")
    settings = hypothesis.settings(phases=[Phase.explicit, Phase.generate], database=None)
    hypothesis.settings.register_profile("quick", settings)
    hypothesis.settings.load_profile("quick")
