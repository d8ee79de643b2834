"""A defect that can be planted into the engine: one small change of its source, and what must find it.

Nothing here, nor in the lists of defects, imports the engine: a defect is planted before its module is first imported.
"""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Defect", "Trial", "defect"]


class Trial(StrEnum):
    """How a defect is looked for: by seeds of the simulation, or by pairs of runs that differ in whispers alone."""

    SEEDS = "seeds"
    PAIRS = "pairs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One planted defect.

    `old` stands exactly once in the module's source and is replaced by `new`. `breaks` are the promises (`I1` to `I16`)
    of which at least one must be found broken; `says` what goes wrong then, in a sentence.
    """

    name: str
    module: str
    old: str
    new: str
    breaks: frozenset[str]
    says: str
    trial: Trial = Trial.SEEDS

    def planted_in(self, source: str) -> str:
        """The source with the defect. Raises ValueError where the old text does not stand in it exactly once."""
        found = source.count(self.old)
        if found != 1:
            raise ValueError(f"{self.name}: the text to be replaced stands {found} times in {self.module}")
        return source.replace(self.old, self.new)


def defect(name: str, module: str, old: str, new: str, breaks: str, says: str, trial: Trial = Trial.SEEDS) -> Defect:
    """A line of a list of defects: the module without `hookflash.engine.`, the promises in one text."""
    return Defect(
        name=name,
        module=f"hookflash.engine.{module}",
        old=old,
        new=new,
        breaks=frozenset(breaks.split()),
        says=says,
        trial=trial,
    )
