"""The checker of the promises I1 to I16: one pass over a journal, then what clients and channels saw.

It reads records and histories and nothing inside the engine; what it knows of the centre it works out itself, in
`world`. One record costs what it touched. A violation is taken down and the pass goes on.
"""

from collections.abc import Collection, Iterable, Mapping

from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.limits import Limits
from hookflash.engine.domain.states import State
from hookflash.engine.journal.record import Record
from hookflash.sdk.types import Role

from .agents import AgentRules, QueueRules
from .attendances import ConversationRules
from .audit import KEPT_S, Audit
from .channels import judge_handed
from .clients import judge_calls, judge_gauges
from .deadlines import Deadlines
from .durations import Durations
from .findings import Findings
from .happenings import Happenings
from .histories import ClientCall, Gauge, Handed
from .market import Market
from .policy import Policy
from .replay import Replay, differences
from .rests import Rests
from .searches import SearchRules
from .violation import Promise, Violation
from .whispers import find_secret
from .world import World

__all__ = ["Checker"]

_CONVERSATION, _AGENT, _QUEUE = Kind.CONVERSATION, Kind.AGENT, Kind.QUEUE


class Checker:
    """Follows the records of one shard, in order, from the first."""

    def __init__(
        self,
        *,
        methods: Mapping[str, frozenset[Role]] | None = None,
        is_replaying: bool = True,
        request_id_kept_s: float = KEPT_S,
        limits: Limits | None = None,
    ) -> None:
        """Begin before the first record.

        `methods`: the roles declared for each `Service/Method`, as far as that is to be asked (I14). `is_replaying`:
        fold the states too, for I10. `request_id_kept_s`: for how long a request id may not be used again (I2).
        `limits`: those that the engine had all the time, where they are known (I8).
        """
        self._findings = findings = Findings()
        self._world = world = World()
        self._market = market = Market(world)
        self._deadlines = deadlines = Deadlines()
        self._audit = Audit(findings, request_id_kept_s)
        self._policy = Policy(world, findings, methods or {})
        self._conversations = ConversationRules(world, SearchRules(world, market, deadlines, findings), findings)
        self._agents = AgentRules(world, market, deadlines, findings)
        self._queues = QueueRules(world, market, findings)
        self._rests = Rests(world, market, findings)
        self._durations = None if limits is None else Durations(limits, world, findings)
        self.replay = Replay(findings) if is_replaying else None
        self.records = 0
        self.events = 0
        self.at = 0.0

    @property
    def violations(self) -> list[Violation]:
        """What was found so far; of each promise the first 200."""
        return self._findings.violations

    @property
    def counts(self) -> Mapping[Promise, int]:
        """How often each promise was found broken so far."""
        return self._findings.counts

    def follow(self, record: Record) -> None:
        """Judge the next record."""
        self._findings.position = record.position
        self.records += 1
        self.events += len(record.facts)
        self.at = record.at
        self._audit.follow(record)
        self._pass_time(record)
        signed = self._policy.begin(record)
        now = Happenings(record)
        for fact in record.facts:
            if signed is not None:
                self._policy.judge(signed, record, fact.subject.id, fact.event)
            if self._durations is not None:
                self._durations.judge(fact.subject.id, fact.event, now)
            self._follow_fact(fact.subject, fact.event, now)
        self._rests.judge(now)
        if self.replay is not None:
            self.replay.follow(record)

    def excuse(self, until: float) -> None:
        """The engine could write nothing until then, as on a full disk: what fell due has its 1 s from there."""
        self._deadlines.excuse(until)
        self._world.excused_until = until

    def finish(
        self,
        *,
        end: float | None = None,
        clients: Iterable[ClientCall] | None = None,
        channels: Iterable[Handed] | None = None,
        gauges: Iterable[Gauge] = (),
        canaries: Collection[str] = (),
        live_digest: bytes | None = None,
        live_states: Mapping[Address, State] | None = None,
    ) -> list[Violation]:
        """Judge what only the end shows; answers everything found.

        `end`: the engine time up to which the engine is known to have run (default: the last record's); `clients` and
        `channels`: their histories, whole; None where there are none. `canaries`: texts said in whispers and notes and
        nowhere else. `live_digest` (see `replay.digest`), `live_states`: what a live engine holds at this position.
        """
        self._findings.position = 0
        end = self.at if end is None else end
        self._report_overdue(end)
        if clients is not None:
            calls = list(clients)
            judge_calls(calls, self._audit.keys, end, self._findings)
            self._judge_replies(calls, canaries)
        if channels is not None:
            judge_handed(channels, self._world.talks, canaries, self._findings)
        judge_gauges(gauges, self._findings)
        if self.replay is not None and live_digest is not None:
            self.replay.compare_digest(live_digest)
        if self.replay is not None and live_states is not None:
            self.replay.compare(live_states, "the live states")
        return self.violations

    def compare_snapshots(
        self, replayed: Mapping[Address, State | None], kept: Mapping[Address, State], *, position: int
    ) -> list[str]:
        """Compare kept snapshots with the states replayed up to their position (I10); answers what differs."""
        self._findings.position = position
        found = list(differences(replayed, kept, "the snapshots"))
        for fact in found:
            self._findings.say(Promise.I10, fact)
        return found

    def _judge_replies(self, calls: Iterable[ClientCall], canaries: Collection[str]) -> None:
        """An adapter stands on the customer's side: what it is answered is judged like what it is handed."""
        for call in calls:
            if call.principal.startswith(f"{Role.ADAPTER}:") and find_secret(call.reply, canaries):
                self._findings.say(Promise.I7, f"the reply to {call.method} {call.request_id} gives a whisper away")

    def _pass_time(self, record: Record) -> None:
        if any(isinstance(fact.event, e.Booted) for fact in record.facts):
            self._deadlines.excuse(record.at)
            self._world.booted_at = record.at
        self._report_overdue(record.at)

    def _report_overdue(self, now: float) -> None:
        for name, late_s in self._deadlines.overdue(now):
            kind, *rest = name if isinstance(name, tuple) else (str(name),)
            what = " ".join(str(part) for part in rest)
            promise = Promise.I6 if kind == "invite" else Promise.I11 if kind == "decision" else Promise.I8
            self._findings.say(promise, f"the deadline of {kind} {what} passed {late_s:.3f} s ago without effect")

    def _follow_fact(self, subject: Address, event: e.Event, now: Happenings) -> None:
        if subject.kind is _CONVERSATION:
            self._conversations.follow(subject.id, event, now)  # type: ignore[arg-type]  # by the address
        elif subject.kind is _AGENT:
            self._agents.follow(subject.id, event, now)  # type: ignore[arg-type]  # by the address
        elif subject.kind is _QUEUE:
            self._queues.follow(subject.id, event, now)  # type: ignore[arg-type]  # by the address
