"""Updating and deleting departments (documentation: Livechat department/:_id)."""

from __future__ import annotations

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite import departments
from conformance.suite.judge import Judge, is_accepted
from conformance.suite.messages import BLANKS, LONG, MARKUP, UNICODE
from conformance.target import NOBODY, RecordingClient
from conformance.world import Department, World


def update(world: World, client: RecordingClient, id: str, sent: dict[str, object]) -> Exchange:
    """Update a department as the administrator."""
    return client.send(world.admin, "updateDepartment", path={"_id": id}, json=sent)


def delete(world: World, client: RecordingClient, department: Department) -> Exchange:
    """Delete a department as the administrator."""
    exchange = client.send(world.admin, "deleteDepartment", path={"_id": department.id})
    if is_accepted(exchange):
        world.removed("department", department.name)
    return exchange


@pytest.mark.clause("LC-DEPARTMENT-041", "LC-DEPARTMENT-042", "LC-DEPARTMENT-043", "LC-DEPARTMENT-044")
def test_an_update_is_seen_everywhere(world: World, client: RecordingClient, judge: Judge) -> None:
    """An update is shown by its answer, read back, and seen in the list, under the same _id."""
    department = world.department(agents=[world.home.agent])
    other = world.department()
    name = world.new_department_name()
    departments.read(world, client, department.id)  # what was read before must not be shown again
    departments.listed(world, client)
    sent = departments.body(name, description="after", enabled=False, showOnOfflineForm=False)
    exchange = update(world, client, department.id, sent)
    world.created("department", name, department.id)
    if judge.accepted("LC-DEPARTMENT-041", exchange, "the update was not answered with the department after it"):
        shown = departments.parts(departments.found(exchange), sent["department"])
        judge.equal(
            "LC-DEPARTMENT-041",
            shown,
            sent["department"],
            "the answer shows the department otherwise than it is now",
            exchange=exchange,
            pointer="/department",
        )
    read = departments.read(world, client, department.id)
    judge.equal(
        "LC-DEPARTMENT-042",
        departments.parts(departments.found(read), sent["department"]),
        sent["department"],
        "the update is not read back",
        exchange=read,
        pointer="/department",
    )
    listed, page = departments.listed(world, client)
    names = {each.get("_id"): each.get("name") for each in listed}
    judge.equal(
        "LC-DEPARTMENT-043",
        names.get(department.id),
        name,
        "the list shows the department as it was before",
        exchange=page,
        pointer="/departments",
    )
    same = [each.get("_id") for each in listed if each.get("name") == name]
    judge.equal(
        "LC-DEPARTMENT-044",
        same,
        [department.id],
        "the update made a second department, or another _id",
        exchange=page,
        pointer="/departments",
    )
    judge.equal(
        "LC-DEPARTMENT-042",
        names.get(other.id),
        other.name,
        "the update changed another department",
        exchange=page,
        pointer="/departments",
    )


@pytest.mark.clause("LC-DEPARTMENT-045", "LC-DEPARTMENT-046")
def test_an_update_keeps_what_it_does_not_name(world: World, client: RecordingClient, judge: Judge) -> None:
    """An update keeps stored fields that it does not name, and the agents where it says nothing of them."""
    agents = [world.home.agent, world.home.second_agent]
    department = world.department(agents=agents, description="kept", note="also kept")
    sent = departments.body(department.name, showOnOfflineForm=False)
    exchange = update(world, client, department.id, sent)
    read = departments.read(world, client, department.id)
    kept = departments.parts(departments.found(read), {"description": "kept", "note": "also kept"})
    judge.equal(
        "LC-DEPARTMENT-045",
        kept,
        {"description": "kept", "note": "also kept"},
        "a field that the update does not name is gone",
        exchange=read,
        pointer="/department",
    )
    judge.equal(
        "LC-DEPARTMENT-046",
        departments.agent_ids(read),
        sorted(str(each.user_id) for each in agents),
        "an update that says nothing of agents changed them",
        exchange=read if read.status == 200 else exchange,
        pointer="/agents",
    )


@pytest.mark.clause("LC-DEPARTMENT-047", "LC-DEPARTMENT-048", "LC-DEPARTMENT-064")
def test_an_update_changes_the_agents(world: World, client: RecordingClient, judge: Judge) -> None:
    """An update with agents adds those who are new, and removes those who are not in the list."""
    home = world.home
    department = world.department(agents=[home.agent])
    neighbour = world.department(agents=[home.agent])
    added = update(world, client, department.id, departments.body(department.name, [home.agent, home.second_agent]))
    read = departments.read(world, client, department.id)
    judge.that(
        "LC-DEPARTMENT-048",
        str(home.second_agent.user_id) in departments.agent_ids(read),
        "the agent whom the update adds is not read back",
        exchange=read,
        expected=str(home.second_agent.user_id),
        observed=departments.agent_ids(read),
        pointer="/agents",
    )
    changed = update(world, client, department.id, departments.body(department.name, [home.second_agent]))
    replaced = departments.read(world, client, department.id)
    # Later servers add and remove nobody, and some lose their answer: what is told must agree with what is there.
    for answer, now in ((added, read), (changed, replaced)):
        told = [departments.found(each).get("numAgents") for each in (answer, now) if departments.found(each)]
        judge.equal(
            "LC-DEPARTMENT-064",
            told,
            [len(departments.agent_ids(now))] * len(told),
            "numAgents is not the number of agents after an update",
            exchange=now,
            pointer="/department/numAgents",
        )
    judge.equal(
        "LC-DEPARTMENT-047",
        departments.agent_ids(replaced),
        [str(home.second_agent.user_id)],
        "the update did not replace the list of agents",
        exchange=replaced,
        pointer="/agents",
    )
    beside = departments.read(world, client, neighbour.id)
    judge.equal(
        "LC-DEPARTMENT-047",
        departments.agent_ids(beside),
        [str(home.agent.user_id)],
        "the update removed an agent from another department",
        exchange=beside,
        pointer="/agents",
    )


@pytest.mark.clause("LC-DEPARTMENT-049", "LC-DEPARTMENT-050", "LC-DEPARTMENT-051", "LC-DEPARTMENT-052")
def test_refused_updates_change_nothing(world: World, client: RecordingClient, judge: Judge) -> None:
    """An update of an unknown department, or one that demands missing tags, is refused and changes nothing."""
    ghost = world.new_department_name()
    unknown = update(world, client, world.new_room_id(), departments.body(ghost))
    judge.refused("LC-DEPARTMENT-049", unknown, code="error-department-not-found")
    listed, page = departments.listed(world, client)
    judge.equal(
        "LC-DEPARTMENT-050",
        [each.get("name") for each in listed if each.get("name") == ghost],
        [],
        "the update of an unknown department made one",
        exchange=page,
        pointer="/departments",
    )
    department = world.department(agents=[world.home.agent], description="before")
    before = departments.found(departments.read(world, client, department.id))
    if not world.version_below("3.0.0"):  # before, there are no closing tags, and the update is a good one
        demanding = departments.body(department.name, description="after", requestTagBeforeClosingChat=True)
        refused = update(world, client, department.id, demanding)
        judge.refused("LC-DEPARTMENT-051", refused, code="error-validating-department-chat-closing-tags")
    partial = departments.body(department.name, description="partial")
    del partial["department"]["email"]
    incomplete = update(world, client, department.id, partial)
    read = departments.read(world, client, department.id)
    kept = {"name": before.get("name"), "description": "before"}
    judge.equal(
        "LC-DEPARTMENT-052",
        departments.parts(departments.found(read), kept) if incomplete.status != 200 else "accepted",
        kept,
        "an update without e-mail changed the department",
        exchange=read,
        pointer="/department",
    )


@pytest.mark.clause(
    "LC-DEPARTMENT-058", "LC-DEPARTMENT-059", "LC-DEPARTMENT-060", "LC-DEPARTMENT-061", "LC-DEPARTMENT-062",
    "LC-DEPARTMENT-063",
)  # fmt: skip
def test_a_deleted_department_is_gone(world: World, client: RecordingClient, judge: Judge) -> None:
    """A deleted department is neither read nor listed nor offered nor deleted again; the others stay."""
    agent = world.home.agent
    department, other = world.department(agents=[agent]), world.department(agents=[agent])
    deleted = delete(world, client, department)
    if not is_accepted(deleted):
        raise judge.missing(deleted, "the removal of the department")
    read = departments.read(world, client, department.id)
    judge.that(
        "LC-DEPARTMENT-058",
        read.status == 200 and not departments.found(read),
        "the deleted department is still read",
        exchange=read,
        expected={"department": None},
        observed=departments.found(read).get("_id"),
        pointer="/department",
    )
    listed, page = departments.listed(world, client)
    ids = {each.get("_id") for each in listed}
    judge.that(
        "LC-DEPARTMENT-059",
        department.id not in ids,
        "the deleted department is still listed",
        exchange=page,
        expected="absent",
        observed=department.id,
        pointer="/departments",
    )
    judge.that(
        "LC-DEPARTMENT-060",
        other.id in ids,
        "another department went with the deleted one",
        exchange=page,
        expected=other.id,
        observed="absent",
        pointer="/departments",
    )
    judge.refused("LC-DEPARTMENT-061", delete(world, client, department), code="department-not-found")
    links = client.send(world.admin, "listAgentDepartments", path={"agentId": str(agent.user_id)})
    found = links.json.get("departments") if isinstance(links.json, dict) else None
    linked = [each.get("departmentId") for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    judge.that(
        "LC-DEPARTMENT-062",
        department.id not in linked,
        "the agent still belongs to the deleted department",
        exchange=links,
        expected="absent",
        observed=department.id,
        pointer="/departments",
    )
    config = client.send(NOBODY, "getConfig")
    offered = config.json.get("config", {}).get("departments") if isinstance(config.json, dict) else None
    shown = [each.get("_id") for each in offered if isinstance(each, dict)] if isinstance(offered, list) else []
    judge.that(
        "LC-DEPARTMENT-063",
        department.id not in shown and other.id in shown,
        "the configuration offers the deleted department, or the other one no more",
        exchange=config,
        expected=[other.id],
        observed=[each for each in (department.id, other.id) if each in shown],
        pointer="/config/departments",
    )


@pytest.mark.clause("LC-DEPARTMENT-065")
def test_texts_of_a_department_come_back_unchanged(world: World, client: RecordingClient, judge: Judge) -> None:
    """Name and description come back unchanged from a creation and from an update."""
    for number, text in enumerate((f"{UNICODE} {MARKUP}", BLANKS, LONG)):
        name = world.new_department_name()
        # A name is indexed, and databases before MongoDB 4.2 refuse what is longer than 1024 bytes in an index.
        called = (f"{name} {text}", f"{name}  x ", f"{name} {text[:800]}")[number]
        sent = departments.body(called, description=text)
        sent["department"]["email"] = f"{name}@example.test".lower()
        exchange = departments.create(world, client, sent)
        id = departments.found(exchange).get("_id")
        if id is None:
            kept, exchange = departments.stored(world, client, sent["department"]["name"])
            id = kept.get("_id")
        if not isinstance(id, str):
            raise judge.missing(exchange, "the new department")
        for step in ("creation", "update"):
            if step == "update":
                sent["department"] |= {"name": f"{sent['department']['name']}+", "description": f"{text}+ "}
                update(world, client, id, sent)
            read = departments.read(world, client, id)
            wanted = {key: sent["department"][key] for key in ("name", "description", "email")}
            judge.equal(
                "LC-DEPARTMENT-065",
                departments.parts(departments.found(read), wanted),
                wanted,
                f"after the {step} a text of the department is not what was sent",
                exchange=read,
                pointer="/department",
            )
