"""The reference server: a Livechat server that keeps the contract, embedded, for tests and for people without a server.

It answers as a Rocket.Chat server of version 3.2.0 does, except for the holes of that version (operator injection,
the empty room id, the empty token, a path that is never answered), which it refuses in the documented way.
"""

from conformance.reference.server import Url, reference_server

__all__ = ["Url", "reference_server"]
