"""The public surface: what people import, call and type is pinned here, so that it changes on purpose only."""

from __future__ import annotations

import inspect
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import conformance
from conformance import plugin
from conformance.reference import Url
from conformance.runner.run import RunError
from conformance.target import Settings, SettingsError

ROOT = Path(__file__).parent.parent


def signature(function: object) -> list[str]:
    """The parameters of a function, with their kinds and defaults, without annotations."""
    assert callable(function)
    return [
        str(parameter.replace(annotation=inspect.Parameter.empty))
        for parameter in inspect.signature(function).parameters.values()
    ]


def test_the_package_offers_three_names() -> None:
    """``run``, ``reference_server`` and ``__version__``; a name that is not there is an AttributeError."""
    assert conformance.__all__ == ["__version__", "reference_server", "run"]
    for name in conformance.__all__:
        assert getattr(conformance, name)
    with pytest.raises(AttributeError, match="has no attribute 'judge'"):
        _ = conformance.judge


def test_run_is_called_as_it_always_was() -> None:
    """A URL or an app, a settings file, and any setting by its name; it gives the result and raises one exception."""
    assert signature(conformance.run) == ["url=None", "app=None", "config=None", "reporter=None", "**options"]
    kinds = {name: one.kind for name, one in inspect.signature(conformance.run).parameters.items()}
    assert kinds["url"] is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert all(kinds[name] is inspect.Parameter.KEYWORD_ONLY for name in ("app", "config", "reporter"))
    with pytest.raises(RunError, match="levle") as caught:
        conformance.run(levle="quick")
    assert caught.value.exit_code == 2


def test_the_settings_have_the_fields_that_run_takes() -> None:
    """Every one of them is also an option of the command line, by the same name."""
    assert sorted(name for name in Settings.__dataclass_fields__ if name != "origins") == [
        *("admin_id", "admin_password", "admin_token", "admin_user", "ca", "contract", "disposable", "fail_fast"),
        *("insecure", "level", "max_rate", "max_time", "only", "profile", "read_only", "report", "seed", "shard"),
        *("skip", "strict", "timeout_s", "url", "waivers", "without", "workers"),
    ]
    assert issubclass(SettingsError, Exception)


def test_the_reference_server_is_called_as_it_always_was() -> None:
    """It yields its URL, a text that knows the administrator's account."""
    assert signature(conformance.reference_server) == [
        *("port=0", "data=None", "routing='Auto_Selection'", "rate_limit=False", "seed_demo=False", "faults=()"),
        *("spool=None", "options=None"),
    ]
    with conformance.reference_server() as url:
        assert isinstance(url, str)
        assert isinstance(url, Url)
        assert url.startswith("http://127.0.0.1:")
        assert url.admin_user
        assert url.admin_password


def test_the_plug_in_has_these_options() -> None:
    """They begin with ``--livechat-``, so that they are beside nobody else's."""
    parser = pytest.Parser(_ispytest=True)
    plugin.pytest_addoption(parser)
    (group,) = (each for each in parser._groups if each.name == "livechat conformance")
    assert [option.names()[0] for option in group.options] == [
        *("--livechat-target", "--livechat-app", "--livechat-config", "--livechat-level", "--livechat-report"),
        "--livechat-workdir",
    ]


def test_importing_the_package_costs_nothing() -> None:
    """Nothing heavy is imported before it is used: the plug-in is loaded by every pytest of its environment."""
    heavy = {"schemathesis", "hypothesis", "jsonschema_rs", "httpx", "starlette", "rich", "yaml", "jinja2"}
    code = f"import sys, conformance, conformance.plugin; sys.exit(', '.join({heavy!r} & set(sys.modules)) or 0)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_what_is_installed_is_named_by_the_project() -> None:
    """The name of the distribution, the command, the plug-in, and the Pythons on which it runs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == "livechat-conformance"
    assert project["version"] == conformance.__version__
    assert project["requires-python"] == ">=3.11"
    assert project["scripts"] == {"livechat-conformance": "conformance.cli:main"}
    assert project["entry-points"] == {"pytest11": {"livechat-conformance": "conformance.plugin"}}
    assert {f"Programming Language :: Python :: 3.{minor}" for minor in (11, 12, 13, 14)} <= set(project["classifiers"])
    assert (ROOT / "conformance" / "py.typed").exists()
