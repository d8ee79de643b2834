"""Deadlines that were set otherwise than the limits say, where those are known, and boots that detach nobody (I8)."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from hookflash.engine.checker import Checker, Promise
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import SITE
from hookflash.engine.domain.limits import Limits
from hookflash.engine.domain.struct import changed
from hookflash.engine.journal.record import Fact, Record
from hookflash.sdk.types import OfferOutcome
from tests.actors.running import agent

from .story import honest


def _facts(records: Sequence[Record], limits: Limits) -> list[str]:
    checker = Checker(limits=limits)
    for record in records:
        checker.follow(record)
    assert {violation.promise for violation in checker.violations} <= {Promise.I8}
    return [violation.fact for violation in checker.violations]


def _limits() -> Limits:
    """What the story's offers say of its limits; nobody waits in a queue with an offer_timeout of its own there."""
    placed = next(f.event for r in honest().records for f in r.facts if isinstance(f.event, e.InvitePlaced))
    return Limits(offer_timeout_s=placed.invite.offer_timeout_s)


@pytest.mark.spec("I8")
def test_an_honest_journal_keeps_the_limits_it_was_written_under() -> None:
    assert _facts(honest().records, _limits()) == []


@pytest.mark.spec("I8")
def test_offers_that_are_open_for_another_time_than_the_limits_say_are_found() -> None:
    limits = replace(_limits(), offer_timeout_s=_limits().offer_timeout_s + 1.0)
    assert any("offer_timeout" in fact for fact in _facts(honest().records, limits))


@pytest.mark.spec("I8", "R-L6")
def test_a_grace_and_a_pause_without_length_are_found() -> None:
    records = honest().records
    last = records[-1]
    talk, ended = next((f.subject, f.event) for r in records for f in r.facts if isinstance(f.event, e.OfferEnded))
    judged = Checker(limits=_limits())
    for record in records:
        judged.follow(record)
    detached = Fact(agent("bob"), e.AgentDetached(at=last.at, grace_until=last.at))
    declined = Fact(talk, changed(ended, at=last.at, outcome=OfferOutcome.DECLINED, paused_until=last.at))
    judged.follow(changed(last, position=last.position + 1, key="", facts=(detached, declined)))
    found = [violation.fact for violation in judged.violations if violation.promise is Promise.I8]
    assert any("the grace of bob is 0 s" in fact for fact in found)
    assert any(f"for {talk.id} is 0 s" in fact for fact in found)


@pytest.mark.spec("I8", "R-L6")
def test_a_boot_after_which_somebody_is_still_attached_is_found() -> None:
    records = honest().records
    last = records[-1]
    booted = e.Booted(at=last.at, epoch=1_000, after_position=last.position)
    boot = changed(records[0], position=last.position + 1, at=last.at, facts=(Fact(SITE, booted),))
    found = _facts([*records, boot], _limits())
    assert any("is attached over a restart" in fact for fact in found)
