"""A recorded day again, under another strategy: what was asked from outside, answered by the engine's own rules.

A journal is read into a Day, a Centre lives it with the engine's deciders and matching on a clock of its own, and both
the journal and the Centre are measured by the same fold. What is assumed of people stands in `day` and `centre`.
"""

from hookflash.engine.replay.centre import NotTried
from hookflash.engine.replay.comparing import Comparison, Trial, compare
from hookflash.engine.replay.day import DayTooLong
from hookflash.engine.replay.measures import AgentMeasures, Measures

__all__ = ["AgentMeasures", "Comparison", "DayTooLong", "Measures", "NotTried", "Trial", "compare"]
