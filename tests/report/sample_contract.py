"""The contract of the sample results: 46 operations, and every clause that stands in ``spec/requirements.yaml``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

from conformance.contract.exchange import Response

SPEC = Path(__file__).parents[2] / "spec"

_OPERATIONS = """
getConfig GET /api/v1/livechat/config config
registerVisitor POST /api/v1/livechat/visitor visitors
getVisitor GET /api/v1/livechat/visitor/{token} visitors
getVisitorInfo GET /api/v1/livechat/visitors.info visitors
openRoom GET /api/v1/livechat/room rooms
closeRoom POST /api/v1/livechat/room.close rooms
transferRoom POST /api/v1/livechat/room.transfer rooms
forwardRoom POST /api/v1/livechat/room.forward rooms
surveyRoom POST /api/v1/livechat/room.survey rooms
listRooms GET /api/v1/livechat/rooms rooms
sendMessage POST /api/v1/livechat/message messages
editMessage PUT /api/v1/livechat/message/{_id} messages
deleteMessage DELETE /api/v1/livechat/message/{_id} messages
getHistory GET /api/v1/livechat/messages.history/{rid} messages
setCustomField POST /api/v1/livechat/custom.field custom_fields
setCustomFields POST /api/v1/livechat/custom.fields custom_fields
listCustomFields GET /api/v1/livechat/custom-fields custom_fields
getCustomField GET /api/v1/livechat/custom-fields/{_id} custom_fields
getAgentInfo GET /api/v1/livechat/agent.info/{rid}/{token} agents
getNextAgent GET /api/v1/livechat/agent.next/{token} agents
listAgentDepartments GET /api/v1/livechat/agents/{agentId}/departments agents
listUsers GET /api/v1/livechat/users/{type} users
registerUser POST /api/v1/livechat/users/{type} users
getUser GET /api/v1/livechat/users/{type}/{_id} users
removeUser DELETE /api/v1/livechat/users/{type}/{_id} users
listDepartments GET /api/v1/livechat/department departments
createDepartment POST /api/v1/livechat/department departments
getDepartment GET /api/v1/livechat/department/{_id} departments
updateDepartment PUT /api/v1/livechat/department/{_id} departments
deleteDepartment DELETE /api/v1/livechat/department/{_id} departments
listInquiries GET /api/v1/livechat/inquiries.list inquiries
takeInquiry POST /api/v1/livechat/inquiries.take inquiries
getInquiry GET /api/v1/livechat/inquiries.getOne inquiries
getQueue GET /api/v1/livechat/queue queue
listTriggers GET /api/v1/livechat/triggers triggers
getTrigger GET /api/v1/livechat/triggers/{_id} triggers
getAppearance GET /api/v1/livechat/appearance settings
getIntegrationSettings GET /api/v1/livechat/integrations.settings settings
getOfficeHours GET /api/v1/livechat/office-hours settings
sendOfflineMessage POST /api/v1/livechat/offline.message offline
requestTranscript POST /api/v1/livechat/transcript transcripts
visitPage POST /api/v1/livechat/page.visited pages
listPagesVisited GET /api/v1/livechat/visitors.pagesVisited/{roomId} pages
getChatHistory GET /api/v1/livechat/visitors.chatHistory/room/{roomId}/visitor/{visitorId} chat_history
receiveSms POST /api/v1/livechat/sms-incoming/{service} sms
getVideoCall GET /api/v1/livechat/video.call/{token} video
"""


@dataclass(frozen=True)
class Operation:
    """An operation as the verdicts need it."""

    id: str
    method: str
    path: str
    area: str
    line: int
    summary: str = ""
    judged: bool = True
    optional: str | None = None
    responses: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Requirement:
    """A requirement as the verdicts need it."""

    id: str
    level: str
    clause: str
    operations: tuple[str, ...]
    profile: str
    source: str
    confidence: str
    kind: str
    since: str | None = None
    until: str | None = None
    ways: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    line: int = 0


@dataclass(frozen=True)
class Contract:
    """A contract as the verdicts need it."""

    operations: Mapping[str, Operation]
    requirements: Mapping[str, Requirement]
    version: str = "3.2.0"
    hash: str = "5c0f6e1f4c7b2f1f9a3d7a4de0c2b8a1e6f5d4c3b2a1908f7e6d5c4b3a291807"
    overlays: tuple[str, ...] = ("3.1-two-factor.yaml",)

    def applies(self, requirement: Requirement, version: str | None) -> bool:
        """Everything from a version above the sample's own does not apply."""
        return requirement.since is None or requirement.since <= (version or "")

    def check_response(self, operation: Operation, response: Response) -> Sequence[object]:
        """Every documented status is fine."""
        return [] if str(response.status) in operation.responses else ["status"]


@cache
def contract() -> Contract:
    """Give the contract of the sample, with the clauses that stand in ``spec/requirements.yaml``."""
    operations = {}
    for number, line in enumerate(_OPERATIONS.split("\n")):
        if line:
            name, method, path, area = line.split()
            statuses = ["200", "400", "429"] + (["401", "403"] if area in ("users", "departments", "inquiries") else [])
            optional = {"sms": "sms", "video": "video-call"}.get(area)
            operations[name] = Operation(
                name, method, path, area, 40 + 57 * number, optional=optional, responses=dict.fromkeys(sorted(statuses))
            )
    document = yaml.load((SPEC / "requirements.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    requirements = {}
    for number, entry in enumerate(document["requirements"]):
        entry = {**entry, "operations": tuple(entry["operations"]), "line": 12 + 8 * number}
        requirements[entry["id"]] = Requirement(**entry)
    return Contract(operations, requirements)
