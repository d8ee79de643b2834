"""Every name that the API promises, as tables written from its specification and from nothing else.

`SERVICES`: service > rpc > (answer, is it a stream). `REQUESTS`: rpc > fields. `MESSAGES`: message > fields, `x|y`
being members of one oneof. `ENUMS`: message.field > bare words.
"""

from typing import Final

__all__ = ["ENUMS", "MESSAGES", "REASONS", "REPEATED", "REQUESTS", "SERVICES", "TYPES"]

SERVICES: Final[dict[str, dict[str, tuple[str, bool]]]] = {
    "ConversationService": {
        "CreateConversation": ("Conversation", False),
        "GetConversation": ("Conversation", False),
        "ListConversations": ("", False),
        "CloseConversation": ("Conversation", False),
        "SendMessage": ("Message", False),
        "Transfer": ("Invite", False),
        "Conference": ("Invite", False),
        "Whisper": ("Whisper", False),
        "Leave": ("Conversation", False),
        "Route": ("Invite", False),
        "GetInvite": ("Invite", False),
        "CancelInvite": ("Invite", False),
        "ListTimeline": ("", False),
        "GetTranscript": ("", False),
    },
    "AgentService": {
        "GetAgent": ("Agent", False),
        "ListAgents": ("", False),
        "SetAgentState": ("Agent", False),
        "Attach": ("", True),
        "Logout": ("Agent", False),
        "AcceptOffer": ("Conversation", False),
        "DeclineOffer": ("Empty", False),
    },
    "QueueService": {"GetQueue": ("Queue", False), "ListQueues": ("", False), "WatchQueues": ("", True)},
    "ChannelService": {"Receive": ("", False), "Deliveries": ("Delivery", True), "SettleDelivery": ("", False)},
    "EventService": {"Watch": ("", True), "ListEvents": ("", False)},
    "AdminService": {
        "GetServer": ("", False),
        "Apply": ("", False),
        "Export": ("", False),
        "Drain": ("", False),
        "CreateToken": ("", False),
        "ListTokens": ("", False),
        "RevokeToken": ("", False),
        "Explain": ("Explanation", False),
    },
}

REQUESTS: Final = {
    "CreateConversation": "request_id conversation_id channel address customer attributes target priority ttl",
    "GetConversation": "name",
    "ListConversations": "page_size page_token filter",
    "CloseConversation": "request_id name reason etag",
    "SendMessage": "request_id name agent text",
    "Transfer": "request_id name agent target note ttl priority etag validate_only",
    "Conference": "request_id name agent target note ttl priority etag validate_only",
    "Whisper": "request_id name agent text",
    "Leave": "request_id name agent",
    "Route": "request_id name target ttl priority",
    "GetInvite": "name wait",
    "CancelInvite": "request_id name",
    "ListTimeline": "name agent page_size page_token",
    "GetTranscript": "name page_size page_token",
    "ListAgents": "queue state",
    "SetAgentState": "request_id agent state media_domain reason",
    "Attach": "agent after_position",
    "Logout": "request_id agent reason",
    "AcceptOffer": "request_id name",
    "DeclineOffer": "request_id name reason",
    "ListQueues": "conversation agent",
    "Receive": "channel address external_id text|customer_left customer target",
    "Deliveries": "channel max_in_flight",
    "SettleDelivery": "name error retry external_id",
    "Watch": "after_position|from_start filter",
    "Apply": "request_id queues agents channels attributes media_domains prune validate_only",
    "Drain": "request_id",
    "CreateToken": "request_id subject role agents channel ttl",
    "RevokeToken": "request_id name",
    "Explain": "invite",
}

MESSAGES: Final = {
    "Target": "queue|agent",
    "Conversation": "name state channel channel_sessions participants is_conference transfer_count invite customer"
    " attributes create_time position etag",
    "ChannelSession": "channel address open_time close_time",
    "Customer": "display_name identified profile",
    "Participant": "name role agent display_name join_time",
    "Invite": "name kind state target note requester agent attempts priority create_time expire_time etag",
    "Message": "name sender text create_time",
    "Whisper": "name sender text create_time",
    "Notice": "key text style create_time",
    "TimelineEntry": "sequence create_time agent"
    " message|whisper|notice|participant_joined|participant_left|invite_changed",
    "TranscriptEntry": "sequence create_time message|notice",
    "Attach.answer": "welcome|offer_made|offer_withdrawn|timeline_update|agent_notice|agent_changed|goodbye",
    "Welcome": "agent conversations offers position grace",
    "OfferMade": "offer",
    "OfferWithdrawn": "offer reason",
    "TimelineUpdate": "conversation entry position",
    "AgentNotice": "notice conversation",
    "AgentChanged": "agent",
    "Goodbye": "retry_delay reason",
    "Agent": "name display_name domains ready attributes queues etag",
    "Agent.domains": "media_domain state active reserved capacity",
    "Offer": "name invite conversation kind channel customer_name customer_identified note requester"
    " requester_display_name expire_time",
    "Queue": "name display_name media_domain priority strategy strategy_options offer_timeout ttl waiting_max steps"
    " overflow etag stats",
    "Queue.steps": "expression wait",
    "Queue.stats": "ready active available waiting oldest_wait longest_offer",
    "Receive.answer": "conversation duplicate",
    "Delivery": "name conversation address sequence message|notice attempt",
    "Watch.answer": "events position",
    "Event": "position index time type version subject principal cause payload",
    "Channel": "name kind is_external queue media_domain settings etag",
    "Attribute": "name kind etag",
    "MediaDomain": "name capacity etag",
    "Export.answer": "queues agents channels attributes media_domains position",
    "CreateToken.answer": "name token expire_time",
    "GetServer.answer": "version uptime position plugins limits",
    "ListConversations.answer": "next_page_token",
    "ListTimeline.answer": "next_page_token",
    "GetTranscript.answer": "next_page_token",
}

REPEATED: Final = (
    "Conversation.channel_sessions",
    "Conversation.participants",
    "Welcome.conversations",
    "Welcome.offers",
    "Agent.domains",
    "Agent.queues",
    "Agent.attributes",
    "Queue.steps",
    "Queue.strategy_options",
    "Customer.profile",
    "Channel.settings",
    "Watch.answer.events",
    "Export.answer.media_domains",
)

TYPES: Final = {
    "Event.payload": "google.protobuf.Struct",
    "Event.time": "google.protobuf.Timestamp",
    "Queue.ttl": "google.protobuf.Duration",
    "Queue.offer_timeout": "google.protobuf.Duration",
    "Invite.expire_time": "google.protobuf.Timestamp",
    "Conversation.invite": "hookflash.v1.Invite",
    "OfferMade.offer": "hookflash.v1.Offer",
    "AgentChanged.agent": "hookflash.v1.Agent",
    "Welcome.agent": "hookflash.v1.Agent",
    "Welcome.grace": "google.protobuf.Duration",
    "Goodbye.retry_delay": "google.protobuf.Duration",
    "GetServer.answer.uptime": "google.protobuf.Duration",
}

ENUMS: Final = {
    "Conversation.state": "QUEUED ACTIVE UNATTENDED CUSTOMER_LEFT CLOSED",
    "Invite.state": "PARKED OFFERED ACCEPTED NO_AGENT DECLINED CANCELLED CUSTOMER_LEFT CLOSED",
    "Invite.kind": "ROUTE TRANSFER CONFERENCE CONSULT",
    "Participant.role": "CUSTOMER PRIMARY ASSISTANT MONITOR BOT",
    "Notice.style": "TOAST TIMELINE",
    "Agent.domains.state": "LOGGED_OUT NOT_READY READY RESERVED ACTIVE BUSY PENDING_NOT_READY INTERRUPTED",
    "Attribute.kind": "BOOLEAN PROFICIENCY",
    "CreateToken.request.role": "VIEWER AGENT SUPERVISOR SERVICE ADAPTER ADMIN",
    "SetAgentState.request.state": "READY NOT_READY",
    "Apply.answer.changes.kind": "CREATED UPDATED UNCHANGED DELETED",
}

REASONS: Final = (
    "NOT_AUTHENTICATED IDENTITY_MISMATCH NOT_A_PARTICIPANT ROLE_NOT_ALLOWED DENIED_BY_POLICY NOTE_TOO_LONG"
    " MESSAGE_TOO_LONG EMPTY_MESSAGE TEXT_BLOCKED BAD_ID BAD_FIELD INVALID_SETTING CONVERSATION_NOT_FOUND"
    " QUEUE_NOT_FOUND AGENT_NOT_FOUND INVITE_NOT_FOUND OFFER_NOT_FOUND CHANNEL_NOT_FOUND DELIVERY_NOT_FOUND"
    " TOKEN_NOT_FOUND CONVERSATION_EXISTS REQUEST_ID_REUSED CONVERSATION_CLOSED CONVERSATION_NOT_ACTIVE"
    " CONVERSATION_ATTENDED"
    " INVITE_PENDING INVITE_CLOSED OFFER_CLOSED TARGET_IS_REQUESTER TARGET_ALREADY_PARTICIPANT TARGET_NOT_AVAILABLE"
    " MEDIA_DOMAIN_MISMATCH CONFERENCE_FULL TRANSFER_LIMIT_REACHED NO_OTHER_AGENT AGENT_LOGGED_OUT QUEUE_IN_USE"
    " ATTRIBUTE_IN_USE AGENT_IN_USE CHANNEL_IN_USE CONTENT_NOT_SUPPORTED WINDOW_CLOSED"
    " QUEUE_FULL MAILBOX_FULL RATE_LIMITED SLOW_CONSUMER POSITION_GONE"
    " ETAG_MISMATCH TAKEN_OVER DRAINING JOURNAL_UNAVAILABLE INTERNAL JOURNAL_TOO_LONG PLUGIN_UNAVAILABLE"
)
