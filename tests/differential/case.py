"""What a case is."""

import dataclasses
from collections.abc import Callable

from worlds import World


@dataclasses.dataclass(frozen=True)
class Case:
    """`loose` names what depends on time in this case: fields of the access log, counters, `body` for how much of
    a body that was given up the backend has seen. `asks_health`: the backends' health is what it is about.
    """

    name: str
    world: World
    client: Callable
    script: object = None
    loose: tuple = ()
    asks_health: bool = False
    router: dict = dataclasses.field(default_factory=dict)
