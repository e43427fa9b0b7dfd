"""All variants by name."""

from __future__ import annotations

from tests.variants.era import ERA
from tests.variants.limits import LIMITED, METHODS_LIMITED, TWO_FACTOR
from tests.variants.restless import BUSY, FORGETFUL, FRESH, OFF_WITH_AN_AGENT, WITH_AN_AGENT, WITH_NOBODY
from tests.variants.slow import SETTINGS_LATE, SLOW
from tests.variants.v2 import V2_4_14, V3_1
from tests.variants.v3 import V3_4_0, V3_15_0
from tests.variants.variant import Variant

_ALL = (
    SLOW,
    SETTINGS_LATE,
    ERA,
    V3_4_0,
    V2_4_14,
    V3_15_0,
    V3_1,
    TWO_FACTOR,
    LIMITED,
    METHODS_LIMITED,
    FORGETFUL,
    BUSY,
    WITH_AN_AGENT,
    WITH_NOBODY,
    FRESH,
    OFF_WITH_AN_AGENT,
)
VARIANTS: dict[str, Variant] = {each.name: each for each in _ALL}
