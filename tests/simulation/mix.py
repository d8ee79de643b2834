"""What one seed simulates: its site, its people, what they do how often, and what goes wrong. Drawn anew for each seed.

A fixed mix finds few bugs twice and most never (swarm testing): some seeds have no transfers, some nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random

from hookflash.engine.settings import Limits, UnattendedPolicy

from .chance import Chance

__all__ = ["DESK_DEEDS", "OFFICE_DEEDS", "Mix", "Whispers", "drawn"]

DESK_DEEDS = (
    "send",
    "whisper",
    "transfer_queue",
    "transfer_agent",
    "conference_queue",
    "conference_agent",
    "leave",
    "close",
    "cancel",
    "not_ready",
    "disconnect",
    "logout",
    "read",
)
"""What an agent does besides answering offers and coming back."""

OFFICE_DEEDS = ("open", "route", "close", "cancel", "readiness", "leave_for", "whisper_for", "list", "dry_run")
"""What services and supervisors do."""


_CROWDED = 0.25
"""How many of the seeds bring many agents together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whispers:
    """What becomes of the whispers and notes that are drawn: said, said with `salt` in their words, or left out."""

    salt: str = ""
    are_said: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """One seed's settings. Rates are per second, probabilities 0 to 1, durations seconds."""

    seed: int
    minutes: float
    agents: int
    customers: int
    queues: int
    channels: int
    has_external: bool
    is_shuffled: bool
    desk_beat_s: float
    customer_beat_s: float
    office_beat_s: float
    admin_beat_s: float
    desk: Mapping[str, float]
    office: Mapping[str, float]
    answers: Mapping[str, float]
    limits: Limits
    loss: float
    duplication: float
    latency_s: float
    write_s: float
    crash_every_s: float
    aimed: float
    drain_every_s: float
    full_every_s: float
    broken_every_s: float
    channel_faults: Mapping[str, float]
    channel_s: float
    receipts: float
    strategy: float
    strategy_faults: float
    clock_jumps: float
    views_lost: float
    watchers: int
    watch_s: float
    is_asked_in_turn: bool
    is_steady: bool = False
    whispers: Whispers = field(default_factory=Whispers)

    @property
    def seconds(self) -> float:
        """How long faults and work go on."""
        return self.minutes * 60

    def steady(self, whispers: Whispers) -> "Mix":
        """The same without anything whose time depends on the load: for runs that are compared byte by byte."""
        return replace(
            self,
            is_steady=True,
            is_shuffled=False,
            aimed=0.0,
            full_every_s=0.0,
            broken_every_s=0.0,
            drain_every_s=0.0,
            strategy_faults=0.0,
            latency_s=0.0,
            write_s=0.0005,
            whispers=whispers,
        )


def drawn(chance: Chance, minutes: float) -> Mix:
    """The mix of a seed."""
    mix = _drawn(chance, minutes)
    return _crowded(mix) if chance.number("crowd") < _CROWDED else mix


def _crowded(mix: Mix) -> Mix:
    """The same with many agents in each conversation, who whisper: chance alone seldom brings three together."""
    seldom = dict.fromkeys(DESK_DEEDS, 0.1)
    often = {"send": 1.0, "whisper": 3.0, "conference_queue": 2.0, "conference_agent": 3.0, "idle": 1.0}
    return replace(
        mix,
        agents=max(mix.agents, 5),
        customers=min(mix.customers, 5),
        desk_beat_s=3.0,
        desk={**seldom, **often, "not_ready": 0.0, "logout": 0.0},
        office={**mix.office, "close": 0.0, "leave_for": 0.0, "readiness": 0.0},
        answers={"accept": 0.95, "decline": 0.02, "late": 0.02},
        limits=replace(mix.limits, agents_per_conversation_max=8, capacity={"chat": 4}),
    )


def _drawn(chance: Chance, minutes: float) -> Mix:
    random = chance.fresh("mix")
    agents = random.randint(2, 9)
    return Mix(
        seed=chance.seed,
        minutes=minutes,
        agents=agents,
        customers=random.randint(2, 14),
        queues=random.randint(1, 4),
        channels=random.choice((1, 1, 2)),
        has_external=random.random() < 0.5,
        is_shuffled=random.random() < 0.5,
        desk_beat_s=random.choice((3.0, 5.0, 8.0)),
        customer_beat_s=random.choice((6.0, 12.0, 20.0)),
        office_beat_s=random.choice((8.0, 20.0)),
        admin_beat_s=random.choice((15.0, 30.0, 60.0)),
        desk=_weights(random, DESK_DEEDS, idle=1.0),
        office=_weights(random, OFFICE_DEEDS, idle=1.0),
        answers={
            "accept": random.uniform(0.4, 1.0),
            "decline": random.uniform(0.0, 0.3),
            "late": random.random() * 0.2,
        },
        limits=_limits(random),
        loss=random.choice((0.0, 0.02, 0.1)),
        duplication=random.choice((0.0, 0.02, 0.1)),
        latency_s=random.choice((0.002, 0.02, 0.3)),
        write_s=random.choice((0.0, 0.001, 0.005, 0.05)),
        crash_every_s=random.choice((0.0, 100.0, 300.0, 300.0)),
        aimed=random.choice((0.0, 0.5, 0.9)),
        drain_every_s=random.choice((0.0, 0.0, 120.0)),
        full_every_s=random.choice((0.0, 0.0, 150.0)),
        broken_every_s=random.choice((0.0, 0.0, 300.0)),
        channel_faults=_channel_faults(random),
        channel_s=random.choice((0.01, 0.2, 2.0)),
        receipts=random.choice((0.0, 0.5, 1.0)),
        strategy=random.choice((0.0, 0.0, 1.0)),
        strategy_faults=random.choice((0.0, 0.3, 0.7)),
        clock_jumps=random.choice((0.0, 0.5)),
        views_lost=random.choice((0.0, 0.3)),
        watchers=random.choice((0, 0, 1)),
        watch_s=random.choice((0.0, 1.5)),
        is_asked_in_turn=random.random() < 0.5,
    )


def _weights(random: Random, deeds: tuple[str, ...], *, idle: float) -> dict[str, float]:
    """Some deeds often, some seldom, some never; and idling."""
    chosen = {deed: random.choice((0.0, 0.2, 0.5, 1.0, 3.0)) for deed in deeds}
    return {**chosen, "idle": idle * random.choice((0.5, 1.0, 4.0))}


def _channel_faults(random: Random) -> dict[str, float]:
    if random.random() < 0.4:
        return {}
    kinds = ("lost", "taken_and_lost", "throttled", "permanent", "blocked", "hangs", "auth", "raises", "no_id")
    return {kind: random.choice((0.0, 0.02, 0.1)) for kind in kinds}


def _limits(random: Random) -> Limits:
    # Odd fractions: no deadline falls on the very moment at which somebody does something.
    policy = random.choice(tuple(UnattendedPolicy))
    return Limits(
        offer_timeout_s=random.choice((4.0071, 10.0071, 20.0071)),
        ttl_s=random.choice((25.0113, 60.0113, 120.0113)),
        reoffer_pause_s=random.choice((1.0037, 5.0037, 10.0037)),
        misses_max=random.choice((0, 0, 2)),
        disconnect_grace_s=random.choice((2.0091, 10.0091, 30.0091)),
        capacity={"chat": random.randint(1, 4)},
        waiting_max=random.choice((3, 50, 100_000)),
        agents_per_conversation_max=random.choice((2, 3, 8)),
        transfers_per_conversation_max=random.choice((3, 32)),
        on_unattended=policy,
        on_unattended_queue="q0" if policy is UnattendedPolicy.QUEUE else None,
        delivery_timeout_s=random.choice((5.0057, 20.0057)),
        customer_commands_per_s_max=random.choice((1, 5)),
        stream_buffer_events_max=random.choice((20, 1_000)),
        mailbox_size_max=16,
    )
