"""Defects through which a customer learns of whispers and notes: one at least for each way to him (I7)."""

from .defect import Trial, defect

__all__ = ["PRIVACY"]

PRIVACY = (
    defect(
        "whisper-said-aloud-when-alone",
        "domain.conversation.talk",
        "        raise NoOtherAgent\n",
        "        turn.message(speaker.role, speaker.agent, speaker.display_name, text)\n",
        "I7",
        "A whisper that nobody is left to hear goes to the customer.",
    ),
    defect(
        "whisper-said-aloud-in-a-crowd",
        "domain.conversation.talk",
        "        raise NoOtherAgent\n",
        "        raise NoOtherAgent\n    if len(state.participants) > 2:\n"
        "        turn.message(speaker.role, speaker.agent, speaker.display_name, text)\n",
        "I7",
        "With more than two agents in the conversation, a whisper goes to the customer.",
    ),
    defect(
        "note-in-a-notice-of-leaving",
        "domain.conversation.search",
        "turn.tell_customer(key.TRANSFER_CUSTOMER_LEFT, agent_name=by)",
        "turn.tell_customer(key.TRANSFER_CUSTOMER_LEFT, agent_name=invite.note or by)",
        "I7",
        "The note of a transfer stands in what the customer reads of it.",
    ),
    defect(
        "note-in-a-notice-of-joining",
        "domain.conversation.offers",
        "turn.tell_customer(NoticeKey.JOIN_OTHERS_JOINED, agent_name=offer.agent_name)",
        "turn.tell_customer(NoticeKey.JOIN_OTHERS_JOINED, agent_name=invite.note or offer.agent_name)",
        "I7",
        "The note of an invite stands in what the customer reads when somebody joins by it.",
    ),
    defect(
        "note-decides-whether-a-notice-goes-out",
        "domain.conversation.search",
        "turn.tell_customer(key.TRANSFER_CUSTOMER_LEFT, agent_name=by)",
        "invite.note or turn.tell_customer(key.TRANSFER_CUSTOMER_LEFT, agent_name=by)",
        "I7",
        "A transfer with a note looks different to the customer from one without.",
        Trial.PAIRS,
    ),
    defect(
        "whisper-counts-in-the-transcript",
        "domain.conversation.state",
        "return changed(state, whispers=number, sequence=sequence)",
        "return changed(state, whispers=number, sequence=sequence, transcript=state.transcript + 1)",
        "I7",
        "The numbers of the customer's transcript have a hole wherever somebody whispered.",
    ),
    defect(
        "whisper-counts-in-the-deliveries",
        "domain.conversation.state",
        "return changed(state, whispers=number, sequence=sequence)",
        "return changed(state, whispers=number, sequence=sequence, deliveries=state.deliveries + 1)",
        "I3 I7",
        "The numbers of deliveries have a hole wherever somebody whispered.",
    ),
    defect(
        "delivery-numbered-by-the-timeline",
        "edge.contents",
        "        sequence=number,\n",
        "        sequence=event.sequence,\n",
        "I3 I7",
        "An adapter gets deliveries under their places on the timeline, which whispers take too.",
    ),
    defect(
        "stream-numbered-by-the-timeline",
        "server.convert_timeline",
        "        sequence=number,\n",
        "        sequence=event.sequence,\n",
        "I3 I7",
        "An adapter outside gets deliveries under their places on the timeline.",
    ),
    defect(
        "transcript-numbered-by-the-timeline",
        "server.convert_timeline",
        "transcript_pb2.TranscriptEntry(sequence=event.transcript,",
        "transcript_pb2.TranscriptEntry(sequence=event.sequence,",
        "I7",
        "A transcript names its entries by their places on the timeline.",
        Trial.PAIRS,
    ),
    defect(
        "message-named-by-the-timeline",
        "server.convert_timeline",
        'numbered_name(conversation, "messages", event.number)',
        'numbered_name(conversation, "messages", event.sequence)',
        "I7",
        "A message is named by its place on the timeline.",
        Trial.PAIRS,
    ),
    defect(
        "whisper-delays-a-delivery",
        "edge.outbox",
        "                    case e.DeliverySettled():\n",
        "                    case e.WhisperSent():\n"
        "                        for number in range(1, 1 + fact.event.sequence):\n"
        "                            self.postpone(ConversationId(fact.subject.id), number, 5.0)\n"
        "                    case e.DeliverySettled():\n",
        "I7",
        "What the customer waits for comes later when somebody whispers meanwhile.",
        Trial.PAIRS,
    ),
    defect(
        "whisper-told-as-a-notice",
        "domain.conversation.talk",
        "            display_name=speaker.display_name,\n            text=text,\n        )\n    )\n",
        "            display_name=speaker.display_name,\n            text=text,\n        )\n    )\n"
        "    turn.tell_customer(NoticeKey.LEAVE_OTHERS_LEFT, agent_names=speaker.display_name)\n",
        "I7",
        "The customer is told something whenever somebody whispers.",
    ),
)
