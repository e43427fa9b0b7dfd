"""Clean-up and sweep: all of ours goes, nothing else is touched."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from click.testing import CliRunner

from conformance.cli import cli
from conformance.target import Persona, RecordingClient, Settings, SettingsError, Throttle
from conformance.target.login import log_in
from conformance.world import World, inventory, read_ledger, sweep_ledgers, sweep_server
from conformance.world import sweep as sweeping
from conformance.world.cleanup import Remover, Stay
from conformance.world.names import run_prefix

ROOT = Path(__file__).resolve().parents[2]
MANUAL = "Manual_Selection"
ADMIN = Persona("admin", "u", "token-123456", "root")


@pytest.fixture
def look(settings: Settings) -> Callable[[], inventory.Inventory]:
    """Takes the inventory of the server."""

    def take() -> inventory.Inventory:
        from conformance.contract import load_contract

        with RecordingClient(settings, load_contract()) as client:
            admin = log_in(client, settings.admin_user or "", settings.admin_password or "", "admin")
            return inventory.take(client, admin)

    return take


def fill(world: World) -> None:
    """One of everything, in several states."""
    with world.gate.shared():
        world.message(world.served_room())
        world.room()
        world.closed_room()
        world.visitor(department=None)
        with world.routing(MANUAL):
            world.queued_room()
    world.manager()
    world.plain_user()
    world.both_roles()
    world.department(agents=(world.agent(online=False),))
    world.custom_field()
    world.trigger()
    world.set_for_run("Livechat_title", "changed")
    phone = world.new_phone()
    world.client.request(
        world.admin, "POST", "/api/v1/livechat/sms-incoming/twilio", json={"From": phone, "To": "+1", "Body": "hi"}
    )


def foreign(world: World) -> None:
    """Somebody else's objects, some with names that resemble ours."""
    send = world.client.send
    admin = world.admin
    for name in ("Sales", "lcx-7-gw0", f"copy of {world.prefix}-d1", "lcx-7-gw0-0000-d1"):
        body = {"enabled": True, "name": name, "showOnRegistration": False, "email": "a@b", "showOnOfflineForm": False}
        assert send(admin, "createDepartment", json={"department": body, "agents": []}).status == 200
    user = {"name": "Lcx", "email": "lcx@b.test", "username": "lcx-7-gw0-0000-u1", "password": "pw-of-lcx"}
    assert send(admin, "createUser", json=user).status == 200
    assert send(admin, "registerUser", path={"type": "agent"}, json={"username": user["username"]}).status == 200
    theirs = log_in(world.client, user["username"], user["password"], "their agent")
    assert send(theirs, "setUserStatus", json={"status": "online"}).status == 200
    for token in ("lcx-visitor", "lcx-7-gw0-0000-v1"):
        assert send(admin, "registerVisitor", json={"visitor": {"token": token, "name": token}}).status == 200
        assert send(admin, "openRoom", query={"token": token}).status == 200
    sent = {"field": "lcx-7", "label": "lcx", "scope": "visitor", "visibility": "visible", "regexp": ""}
    world.call_method(admin, "livechat:saveCustomField", [None, sent])


def test_everything_of_ours_goes_and_nothing_else(world: World, look: Callable[[], inventory.Inventory]) -> None:
    """The inventory before and after differs by nothing."""
    foreign(world)
    before = look()
    fill(world)
    during = before.difference(look())
    assert {"department", "agent", "room", "field", "trigger", "appearance"} <= set(during)
    assert world.clean_up() == []
    assert before.difference(look()) == {}
    assert all(not entry.open for entry in read_ledger(world.ledger.path).entries)


def test_cleaning_up_twice_is_no_harm(world: World) -> None:
    """The second time there is nothing to do."""
    fill(world)
    assert world.clean_up() == []
    sent = world.client.sent
    assert world.clean_up() == []
    assert world.client.sent - sent < 12


def test_what_was_removed_meanwhile_is_no_error(world: World) -> None:
    """Tests delete things themselves."""
    visitor, department = world.visitor(), world.department()
    world.client.send(visitor, "deleteVisitor", path={"token": visitor.token})
    world.client.send(world.admin, "deleteDepartment", path={"_id": department.id})
    assert world.clean_up() == []


def test_things_that_a_test_makes_itself_are_found_by_their_names(
    world: World, look: Callable[[], inventory.Inventory]
) -> None:
    """A name that was handed out is enough: no id has to be told."""
    before = look()
    token, name, username = world.new_token(), world.new_department_name(), world.new_username()
    send = world.client.send
    send(world.admin, "registerVisitor", json={"visitor": {"token": token, "department": world.home.department.id}})
    for _ in range(2):
        send(world.admin, "openRoom", query={"token": token})
    body = {"enabled": True, "name": name, "showOnRegistration": False, "email": "a@b", "showOnOfflineForm": False}
    for _ in range(2):
        send(world.admin, "createDepartment", json={"department": body})
    send(
        world.admin,
        "createUser",
        json={"name": "x", "email": world.new_email(), "username": username, "password": "some-word"},
    )
    assert world.clean_up() == []
    assert before.difference(look()) == {}


def test_two_objects_of_one_name_both_go(world: World, look: Callable[[], inventory.Inventory]) -> None:
    """Names are not unique on the server, so each id is an entry of its own."""
    before = look()
    first = world.department()
    second = world.department(name=first.name)
    world.created("department", first.name, second.id)
    assert first.id != second.id
    assert world.clean_up() == []
    assert before.difference(look()) == {}


def test_a_page_that_no_room_took_up_is_named(world: World) -> None:
    """No call removes a visit from before a chat; the visitor's next room takes it up, and then it goes with him."""
    early, later = world.visitor(), world.visitor()
    for visitor in (early, later):
        world.new_early_page(visitor.token)
        info = {"change": "url", "title": "Home", "location": {"href": "https://example.com/"}}
        sent = world.client.send(visitor, "visitPage", json={"token": visitor.token, "pageInfo": info})
        assert sent.status == 200
    world.room(later)
    (left,) = world.clean_up()
    assert (left.kind, left.name) == ("page", early.token)
    assert "outside of a room" in left.reason


def test_an_object_that_lost_our_name_stays(world: World) -> None:
    """Its new name says that somebody else took it over; it is named in the report."""
    department = world.department()
    body = {"enabled": True, "name": "Sales", "showOnRegistration": False, "email": "a@b", "showOnOfflineForm": False}
    world.client.send(world.admin, "updateDepartment", path={"_id": department.id}, json={"department": body})
    left = world.clean_up()
    assert [(one.kind, one.id) for one in left] == [("department", department.id)]
    assert "prefix" in left[0].reason


def test_nothing_without_our_prefix_is_ever_removed(world: World) -> None:
    """Not even if a ledger says so."""
    foreign(world)
    remover = Remover(world.client, world.admin)
    listed = world.client.send(world.admin, "listDepartments").json["departments"]
    sales = next(each for each in listed if each["name"] == "Sales")
    for kind, name, id, facts in (
        ("visitor", "lcx-visitor", None, {}),
        ("room", "lcx-visitor", "some-room", {}),
        ("department", "Sales", sales["_id"], {}),
        ("user", "admin", None, {}),
        ("phone", "+4930123456", None, {}),
        ("field", "lcx-7", "lcx-7", {}),
        ("setting", "Livechat_enabled", None, {}),
    ):
        with pytest.raises(Stay):
            remover.remove(kind, name, id, facts)


def test_a_setting_that_somebody_else_changed_meanwhile_stays(world: World) -> None:
    """It is not ours any more."""
    world.set_for_run("Livechat_title", "ours")
    world.client.send(world.admin, "setSetting", path={"_id": "Livechat_title"}, json={"value": "theirs"})
    left = world.clean_up()
    assert [(one.kind, one.name) for one in left] == [("setting", "Livechat_title")]
    assert world.client.send(world.admin, "getSetting", path={"_id": "Livechat_title"}).json["value"] == "theirs"


def test_clean_up_works_after_the_time_of_the_run_is_over(world: World) -> None:
    """The run's deadline does not keep us from removing what it made."""
    visitor = world.visitor()
    world.client.throttle.deadline = 1.0
    assert world.clean_up() == []
    world.client.throttle.deadline = None
    assert "visitor" not in world.client.send(visitor, "getVisitor", path={"token": visitor.token}).json


def test_a_server_that_is_gone_leaves_a_list(world: World, settings: Settings) -> None:
    """Clean-up ends soon, and names everything."""
    for _ in range(8):
        world.visitor(department=None)
    with RecordingClient(Settings(url="http://127.0.0.1:1"), world.contract, throttle=Throttle()) as dead:
        world.client, before = dead, world.client
        left = world.clean_up()
        world.client = before
    assert len(left) >= 8
    assert {one.kind for one in left} >= {"visitor"}
    assert any("no longer answers" in one.reason for one in left)


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from conformance.contract import load_contract
    from conformance.target import RecordingClient, Settings, probe
    from conformance.world import Gate, Ledger, World, prepare

    settings = Settings(url=sys.argv[1], admin_user=sys.argv[2], admin_password=os.environ["PW"], seed=9)
    info = probe(settings)
    client = RecordingClient(settings, load_contract(), worker="gw0")
    folder = Path(sys.argv[3])
    ledger, gate = Ledger(folder / "ledger-gw0.jsonl"), Gate(folder / "g", client, info)
    world = World(client, info, load_contract(), ledger, settings, gate, seed=9, worker="gw0")
    last, moment = int(sys.argv[4]), sys.argv[5]
    original = client._once
    def once(*given):
        if moment == "before" and client.sent >= last:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = original(*given)
        if client.sent >= last:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer
    client._once = once
    prepare(world)
    with world.gate.shared("Manual_Selection"):
        world.queued_room()
        world.served_room()
    with world.setting("Livechat_show_agent_info", False):
        world.department(agents=(world.agent(),))
        world.custom_field()
        world.trigger()
        world.manager()
        world.closed_room()
    print("not killed")
"""


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("last", [4, 8, 12, 15, 19, 23, 28, 32, 36, 40])
def test_after_a_kill_sweep_finishes_it(
    moment: str, last: int, settings: Settings, server: Any, tmp_path: Path, look: Callable[[], inventory.Inventory]
) -> None:
    """Whenever the process is killed, the ledger is enough to remove all and to restore the settings."""
    before = look()
    process = subprocess.run(
        [
            sys.executable,
            "-c",
            textwrap.dedent(KILLED),
            str(server),
            server.admin_user,
            str(tmp_path),
            str(last),
            moment,
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PW": server.admin_password},
        timeout=60,
        check=False,
        capture_output=True,
    )
    assert process.returncode == -signal.SIGKILL, process.stderr.decode()[-2000:]
    report = sweep_ledgers(settings, [tmp_path / "ledger-gw0.jsonl"])
    assert report.left_behind == ()
    assert before.difference(look()) == {}
    assert sweep_ledgers(settings, [tmp_path / "ledger-gw0.jsonl"]).removed == 0


def test_sweep_finds_the_second_object_of_a_name_too(
    world: World, settings: Settings, look: Callable[[], inventory.Inventory]
) -> None:
    """Also the one that a killed run made and could not write down any more."""
    before = look()
    first = world.department()
    body = {
        "enabled": True,
        "name": first.name,
        "showOnRegistration": False,
        "email": "a@b",
        "showOnOfflineForm": False,
    }
    world.client.send(world.admin, "createDepartment", json={"department": body})
    report = sweep_ledgers(settings, [world.ledger.path])
    assert (report.removed, report.left_behind) == (2, ())
    assert before.difference(look()) == {}


def test_each_list_is_read_once_for_all_workers(
    make_world: Callable[..., World], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server in use has long lists, and a run has several prefixes."""
    worlds = [make_world(worker) for worker in ("gw0", "gw1")]
    for each in worlds:
        each.department()
    asked: list[str] = []
    read = sweeping.all_objects

    def counted(client: Any, admin: Any, path: str, key: str, **query: str) -> Any:
        asked.append(path)
        return read(client, admin, path, key, **query)

    monkeypatch.setattr(sweeping, "all_objects", counted)
    report = sweep_ledgers(settings, [each.ledger.path for each in worlds])
    assert (report.removed, report.left_behind) == (2, ())
    assert asked.count("/api/v1/users.list") == asked.count("/api/v1/livechat/department") == 1


def test_without_a_ledger_the_prefix_is_enough(
    world: World, settings: Settings, look: Callable[[], inventory.Inventory]
) -> None:
    """All that the lists show goes, foreign names that resemble ours stay, settings are said to be out of reach."""
    foreign(world)
    world.client.send(world.admin, "setUserStatus", json={"status": "online"})
    before = look()
    with world.gate.shared():
        world.served_room()
        world.closed_room()
    world.manager()
    world.department()
    world.custom_field()
    world.trigger()
    report = sweep_server(settings)
    assert report.left_behind == ()
    assert report.removed >= 9
    assert "settings" in report.notes[0]
    assert before.difference(look()) == {}
    assert sweep_server(settings).removed == 0


def test_a_prefix_narrows_what_is_swept(make_world: Callable[..., World], settings: Settings) -> None:
    """Another run that goes on now is left alone."""
    one, two = make_world("gw0"), make_world("gw1")
    one.department()
    theirs = two.department()
    sweep_server(settings, prefix=one.prefix)
    assert two.client.send(two.admin, "getDepartment", path={"_id": theirs.id}).json["department"]["_id"] == theirs.id


def test_a_ledger_of_another_server_is_refused(world: World, settings: Settings) -> None:
    """Its objects are not here."""
    world.visitor(department=None)
    other = Settings(url="http://127.0.0.1:9", admin_user="a", admin_password="b" * 9)
    with pytest.raises(SettingsError, match="is about"):
        sweep_ledgers(other, [world.ledger.path])


def run(*arguments: str, password: str = "") -> Any:
    """A command line."""
    env = {"LIVECHAT_CONFORMANCE_ADMIN_PASSWORD": password} if password else {}
    return CliRunner(env=env).invoke(cli, arguments)


def test_the_command_sweep_takes_a_ledger_a_folder_or_a_url(world: World, server: Any) -> None:
    """It says how much is gone, and what had to stay."""
    world.department()
    ledger = str(world.ledger.path)
    without = run("sweep", ledger)
    assert without.exit_code == 1
    assert "needs admin credentials" in without.output
    swept = run(
        "sweep", str(world.ledger.path.parent), "--admin-user", server.admin_user, password=server.admin_password
    )
    assert (swept.exit_code, swept.output.splitlines()[0]) == (0, "Removed 1; 0 left behind.")
    again = run("sweep", ledger)
    assert (again.exit_code, again.output.splitlines()[0]) == (0, "Removed 0; 0 left behind.")
    by_url = run("sweep", str(server), "--admin-user", server.admin_user, password=server.admin_password)
    assert by_url.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "part"),
    [
        (("/nowhere",), 2, "no ledger"),
        (("http://127.0.0.1:1",), 2, "admin credentials"),
        (("http://192.0.2.1",), 2, "--disposable"),
        (("http://127.0.0.1:1", "--admin-user", "a"), 3, "not answered"),
        (("http://127.0.0.1:1/x",), 2, "leave the rest off"),
        (("a\x00b",), 2, "ledger"),
    ],
)
def test_sweep_refuses_with_a_sentence(arguments: tuple[str, ...], code: int, part: str) -> None:
    """No traceback, the right exit code."""
    password = "some-word" if "--admin-user" in arguments else ""
    ended = run("sweep", *arguments, password=password)
    assert ended.exit_code == code
    assert part in ended.output
    assert not ended.exception or isinstance(ended.exception, SystemExit)


def test_the_command_doctor_says_all_and_changes_nothing(server: Any, look: Callable[[], inventory.Inventory]) -> None:
    """Facts, rights, the plan, and what would not be judged."""
    before = look()
    ended = run("doctor", str(server), "--admin-user", server.admin_user, password=server.admin_password)
    assert ended.exit_code == 0
    for part in ("3.2.0", "Auto_Selection", "view-l-room", "What a run would do", "lcx-"):
        assert part in ended.output
    assert server.admin_password not in ended.output
    anonymous = run("doctor", str(server))
    assert "add --admin-user" in anonymous.output
    assert before.difference(look()) == {}


@pytest.mark.parametrize(
    ("arguments", "code", "part"),
    [
        ((), 2, "no URL"),
        (("http://127.0.0.1:1",), 3, "Connection refused"),
        (("chat.example.com",), 2, "no scheme"),
    ],
)
def test_doctor_refuses_with_a_sentence(arguments: tuple[str, ...], code: int, part: str) -> None:
    """No traceback, the right exit code."""
    ended = run("doctor", *arguments)
    assert (ended.exit_code, part in ended.output) == (code, True)


def test_the_ledger_holds_no_secret(world: World) -> None:
    """Passwords and tokens of the users that were made are not written down."""
    agent = world.agent()
    text = world.ledger.path.read_text()
    assert str(agent.password) not in text
    assert str(agent.auth_token) not in text
    assert all(json.loads(line) for line in text.splitlines())


def _written(settings: Settings, folder: Path, name: str, at: float, **facts: Any) -> Path:
    """A ledger that anybody may have written, about one setting."""
    path = folder / name
    lines = [
        {"event": "run", "url": settings.url, "prefix": "lcx-7-main-37c2", "at": at},
        {"event": "intent", "n": 1, "kind": "setting", "name": facts.pop("id"), "facts": facts},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("facts", "part"),
    [
        ({"id": "Site_Name", "before": "Theirs", "after": "Ours"}, "no setting that a run"),
        ({"id": "Livechat_title", "before": "Theirs"}, "does not say"),
        ({"id": "Livechat_title", "before": "Theirs", "after": "Ours"}, "somebody else"),
    ],
)
def test_a_ledger_restores_only_what_a_run_can_have_changed(
    facts: dict[str, str], part: str, world: World, settings: Settings, tmp_path: Path
) -> None:
    """Whoever wrote it: other settings, and those that are not as a run left them, stay as they are."""
    before = world.read_setting("Livechat_title")
    (left,) = sweep_ledgers(settings, [_written(settings, tmp_path, "ledger-x.jsonl", 1.0, **facts)]).left_behind
    assert part in left.reason
    assert world.read_setting("Livechat_title") == before


def test_what_was_changed_first_is_restored_last(world: World, settings: Settings, tmp_path: Path) -> None:
    """A test changes what the stage had changed before it: after a kill both are in ledgers, in whatever order."""
    id, send = "Livechat_show_agent_email", world.client.send
    before = world.read_setting(id)
    stage = _written(settings, tmp_path, "ledger-stage.jsonl", 1.0, id=id, before=before, after=not before)
    test = _written(settings, tmp_path, "ledger-gw0.jsonl", 2.0, id=id, before=not before, after=before)
    sweep_ledgers(settings, [test, stage])
    assert world.read_setting(id) == before
    send(world.admin, "setSetting", path={"_id": id}, json={"value": before})


def test_a_ledger_of_another_machine_needs_leave(tmp_path: Path) -> None:
    """The password goes where the ledger says: that has to be meant."""
    path = _written(Settings(url="https://chat.example.com"), tmp_path, "ledger-x.jsonl", 1.0, id="Livechat_title")
    done = CliRunner().invoke(cli, ["sweep", str(path), "--admin-user", "admin", "--admin-password", "x"])
    assert done.exit_code == 2
    assert "--disposable" in done.output


class Odd:
    """A client whose server answers every call with the same body; it keeps the operations that were sent."""

    def __init__(self, body: Any) -> None:
        self.body = body
        self.sent: list[str] = []

    def request(self, *_: Any, **how: Any) -> Any:
        """One answer for every path, on the first page of a list only."""
        body = {} if how.get("query", {}).get("offset") else self.body
        return SimpleNamespace(status=200, json=body, failure=None, response=None)

    def send(self, _: Any, operation: str, **how: Any) -> Any:
        """The same for an operation."""
        self.sent.append(operation)
        return self.request(**how)


@pytest.mark.parametrize("odd", [5, True, "livechat-agent", {"a": 1}, None])
def test_odd_roles_end_no_clean_up(odd: Any) -> None:
    """A user whose roles are no list is removed like one without roles, and counted like one."""
    name = f"{run_prefix(7, 'main')}-u1"
    client: Any = Odd({"user": {"_id": "u", "username": name, "roles": odd}, "update": [{"_id": "p", "roles": odd}]})
    Remover(client, ADMIN).remove("user", name, "u", {})
    assert client.sent == ["getUserInfo", "deleteUser"]
    assert list(inventory.take(client, ADMIN).kinds["permission"]) == ["p"]


@pytest.mark.parametrize("odd", [["x"], {"x": 1}, 5, None])
def test_odd_ids_end_no_sweep(odd: Any) -> None:
    """An object whose id is no text is known by its name."""
    name = f"{run_prefix(7, 'main')}-v1"
    objects = {
        "rooms": [{"_id": "r", "open": True, "v": {"_id": odd, "token": name}}],
        "departments": [{"_id": odd, "name": name}],
        "users": [{"_id": odd, "username": name}],
        "triggers": [{"_id": odd, "name": name}],
    }
    found = sweeping._found(cast("RecordingClient", Odd(objects)), ADMIN, ())
    assert {(one.kind, one.name, one.id) for one in found} == {
        ("visitor", name, None),
        ("room", name, "r"),
        ("department", name, None),
        ("user", name, None),
        ("trigger", name, None),
    }
