"""The ground of the world: what all builders share."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Any

from conformance.contract.versions import parse_version
from conformance.target.errors import SecondFactorNeeded, WriteRefused
from conformance.target.login import admin_persona, log_out, send_proven, text_of
from conformance.target.personas import Caller, Persona
from conformance.world.errors import PreconditionFailed, Unavailable
from conformance.world.eventually import eventually
from conformance.world.names import Names, owns, run_prefix
from conformance.world.things import LeftBehind

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from conformance.contract.exchange import Exchange
    from conformance.target.client import RecordingClient
    from conformance.target.probe import TargetInfo
    from conformance.target.settings import Settings
    from conformance.world.gate import Gate
    from conformance.world.ledger import Entry, Ledger

    T = TypeVar("T")

NO_ADMIN = "this needs admin credentials: give --admin-user (and the password in LIVECHAT_CONFORMANCE_ADMIN_PASSWORD)"


class Ground:
    """What all builders share: the client, the contract, names, the ledger, and who we are.

    Args:
        client: Sends the calls.
        info: What the probe found.
        contract: The contract in force; owns the requirements that a failed precondition is blamed on.
        ledger: Where everything is written down before it is made.
        settings: The run's settings.
        gate: The entrance to what all workers share.
        seed: The run's seed; with ``worker`` it gives the prefix.
        worker: The worker's name.
        admin: The administrator; by default he logs in when he is first needed.
    """

    def __init__(
        self,
        client: RecordingClient,
        info: TargetInfo,
        contract: Any,
        ledger: Ledger,
        settings: Settings,
        gate: Gate,
        *,
        seed: int,
        worker: str,
        admin: Persona | None = None,
    ) -> None:
        self.client = client
        self.info = info
        self.contract = contract
        self.ledger = ledger
        self.settings = settings
        self.gate = gate
        self.prefix = run_prefix(seed, worker, settings.shard)
        self.names = Names(self.prefix)
        self._admin = admin
        self._login: Entry | None = None
        self._labels = itertools.count()
        self._lock = threading.RLock()
        ledger.head(client.url, self.prefix)

    # who we are

    @property
    def has_admin(self) -> bool:
        """Whether there are admin credentials."""
        return self._admin is not None or self.settings.has_admin

    @property
    def admin(self) -> Persona:
        """The administrator, logged in.

        Raises:
            Unavailable: There are no credentials.
        """
        with self._lock:
            if self._admin is None and self.settings.admin_password:
                # Written down like all that a run makes: who is killed cannot log out.
                self._login = self.ledger.intend("login", self.settings.admin_user or "admin")
                self._admin = admin_persona(self.client, self.settings)
                self.ledger.done(self._login)
            elif self._admin is None:
                self._admin = admin_persona(self.client, self.settings)
            if self._admin is None:
                raise Unavailable(NO_ADMIN)
            return self._admin

    def log_out(self) -> list[LeftBehind]:
        """End the administrator's login, if this world made one; what is left where the target does not let it end."""
        with self._lock:
            if self._login is None:
                return []
            login, self._login = self._login, None
            admin, self._admin = self._admin, None
            reason = log_out(self.client, admin) if admin is not None else None
            if reason is None:
                self.ledger.gone(login)
                return []
            self.ledger.left(login, reason)
            return [LeftBehind("login", login.name, None, reason)]

    @property
    def can_change_settings(self) -> bool:
        """Whether settings of the whole server may be changed: as administrator, on a server that is ours to change."""
        return self.has_admin and self.settings.may_write

    def begin(self, item: str) -> None:
        """A test begins: exchanges carry its name, and its visitors are called visitor A, visitor B and so on."""
        self.client.item = item
        self._labels = itertools.count()

    def version_below(self, version: str) -> bool:
        """Whether the target is older than a version; unknown versions count as the documented one."""
        return parse_version(self.info.version or "3.2.0") < parse_version(version)

    # names for things that a test makes itself

    def new_token(self) -> str:
        """A token for a visitor whom the test registers itself."""
        return self.ledger.intend("visitor", self.names.next("v")).name

    def new_department_name(self) -> str:
        """A name for a department that the test makes itself."""
        return self.ledger.intend("department", self.names.next("d")).name

    def new_username(self) -> str:
        """A name for a user whom the test makes itself."""
        return self.ledger.intend("user", self.names.next("u")).name

    def new_phone(self) -> str:
        """A telephone number that the test sends a text message from."""
        return self.ledger.intend("phone", self.names.phone()).name

    def new_early_page(self, token: str) -> None:
        """A page that the test reports before its visitor has a room: his next room takes it up, and goes with him."""
        self.ledger.intend("page", token)

    def new_email(self) -> str:
        """An e-mail address that nobody else uses."""
        return self.names.email()

    def new_message_id(self) -> str:
        """An id for a message."""
        return self.names.next("msg")

    def new_room_id(self) -> str:
        """An id for a room; the room goes with its visitor."""
        return self.names.next("r")

    def created(self, kind: str, name: str, id: str | None = None, **facts: Any) -> None:
        """Tell the ledger the server's id of something that a test made itself under a name from here.

        Names need not be unique on the server: a second id under one name is a second object.
        """
        entry = self.ledger.find(kind, name)
        if entry is None or (id is not None and entry.id not in {None, id}):
            entry = self.ledger.intend(kind, name)
        self.ledger.done(entry, id, **facts)

    def removed(self, kind: str, name: str) -> None:
        """Tell the ledger that a test has removed all objects of a kind and name itself."""
        for entry in [each for each in self.ledger.entries.values() if (each.kind, each.name) == (kind, name)]:
            self.ledger.gone(entry)

    def owns(self, text: object) -> bool:
        """Whether a name was given by a run of this suite."""
        return owns(text)

    # asking

    def eventually(self, ask: Callable[[], T], *, deadline_s: float = 8.0, until: Callable[[T], object] = bool) -> T:
        """The first value that is good enough, or the last one before the deadline; see the module ``eventually``."""
        return eventually(ask, deadline_s=deadline_s, until=until)

    def _admin_send(self, operation_id: str, **how: Any) -> Exchange:
        try:
            return send_proven(self.client, self.admin, operation_id, **how)
        except SecondFactorNeeded as needed:
            raise Unavailable(needed.sentence) from None

    def _write(self, who: Caller, operation_id: str, **how: Any) -> Exchange:
        try:
            return self.client.send(who, operation_id, **how)
        except WriteRefused as refused:
            raise Unavailable(refused.sentence) from None

    def _writable(self) -> None:
        if self.settings.read_only:
            raise Unavailable("the run is read-only, so nothing is made for this")

    def _need(self, fulfilled: object, exchange: Exchange, operation_id: str, what: str) -> None:
        """Go on only if a call did what it should.

        Raises:
            PreconditionFailed: It did not; the requirement that owns it is the operation's "accepts".
        """
        if fulfilled:
            return
        owner = self.contract.requirement_for(operation_id, "accepts") if self.contract is not None else None
        seen = exchange.failure or f"{exchange.status} {text_of(exchange)}"
        raise PreconditionFailed(
            owner.id if owner else "", exchange, f"{what}: {operation_id} was answered with {seen}"
        )

    def _object(self, exchange: Exchange, key: str) -> dict[str, Any]:
        """The object under a key of a successful answer; empty where there is none."""
        body = exchange.json
        value = body.get(key) if exchange.status == 200 and isinstance(body, dict) else None
        return value if isinstance(value, dict) else {}

    def _give_up(self, entry: Entry, exchange: Exchange) -> None:
        """A creating call was refused: if the server said so itself, there is nothing to remove."""
        if exchange.status is not None and 400 <= exchange.status < 500:
            self.ledger.gone(entry)
