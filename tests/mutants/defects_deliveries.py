"""Defects of what goes out to customers: lost, out of order, under two keys, for ever again."""

from .defect import defect

__all__ = ["DELIVERIES"]

DELIVERIES = (
    defect(
        "order-lost-in-the-outbox",
        "edge.line",
        "        number = row.cursor\n        key = (row, number)\n",
        "        number = max(row.pending)\n        key = (row, number)\n",
        "I3 I6",
        "What was said last goes out first.",
    ),
    defect(
        "key-changes-on-retry",
        "edge.contents",
        "id=delivery_name(conversation, number),",
        'id=DeliveryId(f"{delivery_name(conversation, number)}-{attempt}"),',
        "I3",
        "A delivery that is tried again comes under a new key, so the customer sees it twice.",
    ),
    defect(
        "failure-taken-for-success",
        "edge.sender",
        "            self._postpone(delivery, retry_s)\n",
        "            await self._done(delivery)\n",
        "I3",
        "A delivery that failed for now is settled as done.",
    ),
    defect(
        "settled-delivered-again",
        "edge.outbox",
        "event = None if row is None else row.line.remove(row, settled.delivery)",
        "event = None if row is None else row.pending.get(settled.delivery)",
        "I3 I6",
        "What was settled stays in the outbox and comes again.",
    ),
    defect(
        "overdue-not-handed-out-again",
        "edge.line",
        "                break\n            self._move_back(row, number)\n",
        "                break\n            self._land((row, number))\n",
        "I3 I6",
        "What an adapter took and never settled is not handed out again.",
    ),
    defect(
        "last-one-handed-out-again-first",
        "edge.line",
        "        row.cursor = min(row.cursor, number)\n\n    def _arm",
        "        row.cursor = row.last\n\n    def _arm",
        "I3 I6",
        "Of what has to be handed out again only the last one is.",
    ),
    defect(
        "settlement-not-kept",
        "views.gathered",
        "            self.settled.append(key)\n",
        "            return\n",
        "I3 I6",
        "After a restart everything that was settled is sent once more.",
    ),
    defect(
        "delivery-number-used-twice",
        "domain.conversation.state",
        "return changed(state, sequence=sequence, transcript=transcript, deliveries=delivery)",
        "return changed(state, sequence=sequence, transcript=transcript)",
        "I3",
        "A notice to the customer and what follows it go out under one number.",
    ),
    defect(
        "stream-skips-a-delivery",
        "server.channels",
        "if event is not None:  # Else",
        "if event is not None and out.sequence != 3:  # Else",
        "I3 I6",
        "An adapter outside is never given the third delivery of a conversation.",
    ),
    defect(
        "adapter-lane-stops",
        "edge.sender",
        "            del self._lanes[address]\n",
        "            pass\n",
        "I6",
        "Once a customer was sent something, he is sent nothing any more.",
    ),
)
