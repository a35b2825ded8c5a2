"""What a case is."""

import dataclasses
from collections.abc import Callable

from worlds import World


@dataclasses.dataclass(frozen=True)
class Case:
    """`loose` names what of the access log, and which counters, depend on time in this case."""

    name: str
    world: World
    client: Callable
    script: object = None
    loose: tuple = ()
    router: dict = dataclasses.field(default_factory=dict)
