"""Agents: how they are shown to visitors, and whose turn it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.reference.departments import bot_agents, online_agents, online_links
from conformance.reference.envelope import Refusal
from conformance.reference.seam import behaviour
from conformance.reference.site import save, setting

if TYPE_CHECKING:
    from conformance.reference.site import Site
    from conformance.reference.store import Document

_SHOWN = ("_id", "username", "emails", "status", "name", "phone", "customFields", "livechat")


@behaviour("agents.project")
def project_agent(site: Site, user: Document) -> Document:
    """An account as visitors see it: little, and nothing at all where the settings hide agents."""
    if not setting(site, "Livechat_show_agent_info"):
        return {"hiddenInfo": True}
    shown = {key: user[key] for key in _SHOWN if key in user}
    if not setting(site, "Livechat_show_agent_email"):
        shown.pop("emails", None)
    return shown


@behaviour("agents.show")
def show_agent(site: Site, identifier: str) -> Document | None:
    """An account as visitors see it, by its id."""
    user = site.users.get(identifier)
    return None if user is None else project_agent(site, user)


@behaviour("agents.order_of_users")
def order_of_users(site: Site, user: Document) -> tuple[Any, ...]:
    """The place of an agent in the round: fewest chats first, then by name."""
    return (user.get("livechatCount") or 0, user["username"])


@behaviour("agents.order_of_links")
def order_of_links(site: Site, link: Document) -> tuple[Any, ...]:
    """The place of an agent in the round of a department: fewest chats, then the order set, then by name."""
    return (_number(link.get("count")), _number(link.get("order")), link["username"])


def _number(value: Any) -> float:
    if isinstance(value, int | float):
        return value
    return float(value) if isinstance(value, str) and value.isdecimal() and len(value) < 16 else 0


@behaviour("agents.next_of_all")
def next_of_all(site: Site) -> Document | None:
    """The agent whose turn it is among all who are online; his count of chats grows."""
    candidates = online_agents(site)
    if not candidates:
        return None
    chosen = min(candidates, key=lambda user: order_of_users(site, user))
    user = site.users.get(chosen["_id"])
    if user is not None:
        user["livechatCount"] = (user.get("livechatCount") or 0) + 1
        save(site, site.users, user)
    return {"agentId": chosen["_id"], "username": chosen["username"]}


@behaviour("agents.next_of_department")
def next_of_department(site: Site, department: str) -> Document | None:
    """The agent whose turn it is in a department; his count of chats there grows."""
    candidates = online_links(site, department)
    if not candidates:
        return None
    chosen = min(candidates, key=lambda link: order_of_links(site, link))
    chosen["count"] = _number(chosen.get("count")) + 1
    save(site, site.department_agents, chosen)
    return {"agentId": chosen["agentId"], "username": chosen["username"]}


@behaviour("agents.next_bot")
def next_bot(site: Site, department: str | None) -> Document | None:
    """The bot that takes new chats, where the setting wants one."""
    if not setting(site, "Livechat_assign_new_conversation_to_bot"):
        return None
    bots = bot_agents(site, department)
    return {"agentId": bots[0]["_id"], "username": bots[0]["username"]} if bots else None


@behaviour("routing.method")
def routing_method(site: Site) -> str:
    """How chats find their agents now.

    Raises:
        Refusal: ``error-routing-method-not-available``.
    """
    method = setting(site, "Livechat_Routing_Method")
    if method not in ("Auto_Selection", "Manual_Selection", "External"):
        raise Refusal("error-routing-method-not-available")
    return str(method)


@behaviour("routing.assigns_by_itself")
def assigns_by_itself(site: Site) -> bool:
    """Whether chats get their agents without anybody taking them."""
    return routing_method(site) != "Manual_Selection"


@behaviour("routing.next_agent")
def next_agent(site: Site, department: str | None) -> Document | None:
    """The agent who gets the next chat, ``{agentId, username}``, or None.

    Raises:
        Refusal: ``no-agent-online`` where an outside service is to choose: this server asks none.
    """
    method = routing_method(site)
    bot = next_bot(site, department)
    if bot is not None:
        return bot
    if method == "Manual_Selection":
        return None
    if method == "External":
        raise Refusal("no-agent-online", "Sorry, no online agents")
    return next_of_department(site, department) if department else next_of_all(site)
