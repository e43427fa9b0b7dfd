"""The pytest plug-in: ``pytest --livechat-target URL --pyargs conformance.suite``.

Without one of its options it does nothing, so that it can be installed beside any other tests. With one it prepares a
run (settings, probe, work directory), lets ``conformance.suite.session`` drive the tests, and writes the report.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conformance.runner.run import Run

_RUN: pytest.StashKey[Run] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; everything else is set by environment or by the settings file."""
    group = parser.getgroup("livechat conformance", "judge a server against the Livechat REST contract")
    group.addoption("--livechat-target", metavar="URL", help="the server to judge; 'reference' for the embedded one")
    group.addoption("--livechat-app", metavar="MODULE:APP", help="an ASGI or WSGI app to judge, served on loopback")
    group.addoption("--livechat-config", metavar="FILE", help="settings file (default: livechat-conformance.toml)")
    group.addoption("--livechat-level", choices=("quick", "standard", "deep"), help="how much work to do")
    group.addoption("--livechat-report", metavar="DIR", help="where the report goes (default: reports/latest)")
    group.addoption("--livechat-workdir", help="used between the processes of one run; not for people")


def pytest_configure(config: pytest.Config) -> None:
    """Register the session where a run was asked for."""
    for line in (
        "clause(*ids): the requirements that a test judges; every test of the suite has it",
        "routing(method): the test needs this routing method on the server",
        "exclusive: the test changes something that all tests share, and runs alone",
        "kind(name): area, scenario, property or model, where the folder does not say it",
        "needs(right): what the test needs of the run: admin, write, disposable",
    ):
        config.addinivalue_line("markers", line)
    options = config.option
    asked = options.livechat_target or options.livechat_app
    worker = hasattr(config, "workerinput")
    if asked and not options.livechat_workdir and not worker:
        _prepare(config)
    if options.livechat_workdir:
        from conformance.suite import session

        config.pluginmanager.register(session, "livechat-session")
        if not worker:
            config.pluginmanager.register(_Controller(config), "livechat-controller")


def _prepare(config: pytest.Config) -> None:
    from conformance.runner.run import RunError, prepare_for_pytest

    options = config.option
    given = {
        "url": options.livechat_target,
        "level": options.livechat_level,
        "report": options.livechat_report,
    }
    try:
        run = prepare_for_pytest(
            {name: value for name, value in given.items() if value is not None},
            app=options.livechat_app,
            config=Path(options.livechat_config) if options.livechat_config else None,
        )
    except RunError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[_RUN] = run
    options.livechat_workdir = os.fspath(run.workdir.path)


class _Controller:
    """Folds the outcomes of all workers in the process that the user started."""

    def __init__(self, config: pytest.Config) -> None:
        from conformance.suite.session import PROPERTY
        from conformance.suite.workdir import Workdir

        self._config = config
        self._property = PROPERTY
        self._workdir = Workdir(Path(config.option.livechat_workdir))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the outcome of an item as soon as it is known, so that a crash loses nothing that was done."""
        if report.when == "teardown":
            for name, value in report.user_properties:
                if name == self._property:
                    self._workdir.add_outcome(str(value))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Where pytest itself was asked for the run: verdicts, report, and the exit code of the verdict."""
        run = self._config.stash.get(_RUN, None)
        if run is None:
            return
        result = run.finish()
        session.exitstatus = result.exit_code
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line("")
            reporter.write_line(f"livechat: {result.sentence}")
            reporter.write_line(f"livechat: report in {run.settings.report}")
