"""A report on a server with other people's data holds nothing that opens their chats or says where they are reached."""

from __future__ import annotations

import stat
from pathlib import Path

from conformance.reference import reference_server
from conformance.reference.site import write_setting
from tests.chaos import child, foreign

_ONLY = "listRooms,getVisitor,listUsers,getUser,listInquiries,getIntegrationSettings,listDepartments"
_HOOK = "https://hooks.example/services/T024/secret-part"


def test_no_file_but_the_ledger_holds_what_is_other_peoples(tmp_path: Path) -> None:
    """Neither tokens, addresses and numbers nor the webhook stand anywhere; the ledger, which has to, is private."""
    with reference_server() as url:
        foreign.fill(url, 20)
        write_setting(url.site, "Livechat_webhookUrl", _HOOK)
        url.site.store.commit()
        hidden = [*foreign.secrets(url), "secret-part"]
        done = child.call(
            tmp_path,
            *("run", str(url), "--admin-user", url.admin_user, "--only", _ONLY, "--level", "quick", "-q"),
            *("--report", "out", "--format", "json,html,har,junit", "--workers", "1", "--seed", "3"),
            LIVECHAT_CONFORMANCE_ADMIN_PASSWORD=url.admin_password,
        )
        restored = url.site.settings.get("Livechat_webhookUrl")
    assert done.code == 0, done.said
    assert restored is not None
    assert restored["value"] == _HOOK
    assert len(hidden) > 80
    files = {path: path.read_text("utf-8", "replace") for path in (tmp_path / "out").rglob("*") if path.is_file()}
    for suffix in (".html", ".har", ".json", ".jsonl"):
        assert any(path.suffix == suffix for path in files)
    leaks = {
        (path.name, each)
        for path, text in files.items()
        for each in hidden
        if each in text and not path.name.startswith("ledger-")
    }
    assert leaks == set()
    spool = "".join(text for path, text in files.items() if path.name.startswith("exchanges-"))
    for kind in ("token", "e-mail address"):
        assert f"{{{{{kind} of somebody else main-1}}}}" in spool
    assert "{{webhook at hooks.example main-1}}" in spool
    work = tmp_path / "out" / "work"
    assert stat.S_IMODE(work.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in work.glob("ledger-*.jsonl")} == {0o600}
