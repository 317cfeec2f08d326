"""What every suite shares: the counts of random trials, printed at the end of a run, and no clock in property tests."""

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests noted with `record_property("trials", …)`, also from other processes."""
    told = [
        text
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, text in report.user_properties
        if name == "trials"
    ]
    if told:
        terminalreporter.section("trials")
        for text in sorted(told):
            terminalreporter.write_line(text)
