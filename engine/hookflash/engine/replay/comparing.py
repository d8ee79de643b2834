"""A recorded day beside the same day simulated, once as it was set up and once under the strategy to be tried.

The second says how far the model can be believed: it should come near the first.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from hookflash.engine.domain.commands import Apply
from hookflash.engine.domain.struct import Struct
from hookflash.engine.journal.record import Fact, Record
from hookflash.engine.plugins import PluginHost
from hookflash.engine.replay.centre import Centre, Changed, NotTried
from hookflash.engine.replay.day import Day, read_day
from hookflash.engine.replay.measures import Measures, Measuring
from hookflash.sdk.types import QueueId

__all__ = ["Comparison", "Trial", "compare"]


class Trial(Struct, frozen=True, kw_only=True):
    """What is asked: the strategy with its options, the queue (None: all), seconds of the service level, the limit."""

    strategy: str
    options: Mapping[str, str]
    queue: QueueId | None = None
    within_s: float = 20.0
    conversations_max: int = 100_000


class Comparison(Struct, frozen=True, kw_only=True):
    """The three columns, and what of the recorded day is in none of the simulated ones."""

    recorded: Measures
    as_it_was: Measures
    tried: Measures
    left_out: Mapping[str, int]


def compare(records: Callable[[], Iterable[Record]], plugins: PluginHost, trial: Trial) -> Comparison:
    """Measure the journal and both simulations; `records` begins anew with each call.

    Raises:
        NotTried: no plugin has it, it does not take the options, or that day had no such queue.
        DayTooLong: the journal holds more conversations than the trial allows.
    """
    _check(plugins, trial)
    day = read_day(records(), trial.conversations_max)
    known = {queue.id for asked in day.asked if isinstance(asked.command, Apply) for queue in asked.command.queues}
    if trial.queue is not None and trial.queue not in known:
        raise NotTried(f"That day had no queue {trial.queue!r}; it had {', '.join(sorted(known)) or 'none'}.")
    recorded = ((record.at, record.facts) for record in records())
    return Comparison(
        recorded=_measured(recorded, day, trial),
        as_it_was=_measured(Centre(day, plugins).run(), day, trial),
        tried=_measured(Centre(day, plugins, Changed(trial.strategy, trial.options, trial.queue)).run(), day, trial),
        left_out=dict(sorted(day.left_out.items())),
    )


def _measured(happened: Iterable[tuple[float, Sequence[Fact]]], day: Day, trial: Trial) -> Measures:
    measuring = Measuring(trial.within_s, trial.queue)
    for at, facts in happened:
        if at > day.ends_at:
            break  # The recording goes no further, so neither is what was still open then played out.
        measuring.follow(at, facts)
    return measuring.measures(day.ends_at)


def _check(plugins: PluginHost, trial: Trial) -> None:
    strategy = plugins.strategy(trial.strategy)
    if strategy is None:
        known = ", ".join(plugins.strategy_names)
        raise NotTried(f"No plugin has the strategy {trial.strategy!r}; there are {known}.")
    if found := strategy.problems(trial.options):
        raise NotTried(f"The strategy {trial.strategy} cannot be tried so: {'; '.join(found)}.")
