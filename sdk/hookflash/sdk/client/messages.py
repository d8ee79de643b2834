"""Every message and enum of the API under one roof, for callers: `from hookflash.sdk.client import messages`.

The API has one file per noun; a caller need not know which. A test fails when one is missing here.
"""

from hookflash.v1.admin_service_pb2 import (
    ApplyRequest,
    ApplyResponse,
    Change,
    ChangeKind,
    CreateTokenRequest,
    CreateTokenResponse,
    DrainRequest,
    ExplainRequest,
    ExportRequest,
    ExportResponse,
    GetServerRequest,
    ListTokensRequest,
    ListTokensResponse,
    RevokeTokenRequest,
)
from hookflash.v1.agent_pb2 import Agent, AgentDomain, AgentState, Readiness
from hookflash.v1.agent_service_pb2 import (
    AcceptOfferRequest,
    AgentChanged,
    AgentNotice,
    AttachRequest,
    AttachResponse,
    DeclineOfferRequest,
    GetAgentRequest,
    Goodbye,
    ListAgentsRequest,
    ListAgentsResponse,
    LogoutRequest,
    OfferMade,
    OfferWithdrawn,
    SetAgentStateRequest,
    TimelineUpdate,
    Welcome,
)
from hookflash.v1.attribute_pb2 import Attribute, AttributeKind
from hookflash.v1.channel_pb2 import Channel
from hookflash.v1.channel_service_pb2 import DeliveriesRequest, ReceiveRequest, ReceiveResponse, SettleDeliveryRequest
from hookflash.v1.conversation_pb2 import ChannelSession, Conversation, ConversationState
from hookflash.v1.conversation_service_pb2 import (
    CancelInviteRequest,
    CloseConversationRequest,
    ConferenceRequest,
    CreateConversationRequest,
    GetConversationRequest,
    GetInviteRequest,
    GetTranscriptRequest,
    GetTranscriptResponse,
    LeaveRequest,
    ListConversationsRequest,
    ListConversationsResponse,
    ListTimelineRequest,
    ListTimelineResponse,
    RouteRequest,
    SendMessageRequest,
    TransferRequest,
    WhisperRequest,
)
from hookflash.v1.customer_pb2 import Customer
from hookflash.v1.delivery_pb2 import Delivery
from hookflash.v1.errors_pb2 import ErrorReason
from hookflash.v1.event_pb2 import Event
from hookflash.v1.event_service_pb2 import ListEventsRequest, ListEventsResponse, WatchRequest, WatchResponse
from hookflash.v1.explanation_pb2 import Choice, ChosenOffer, Considered, Explanation, Standing, Verdict
from hookflash.v1.invite_pb2 import Invite, InviteKind, InviteState
from hookflash.v1.media_domain_pb2 import MediaDomain
from hookflash.v1.message_pb2 import Filtering, Message, Notice, NoticeStyle
from hookflash.v1.offer_pb2 import Offer, OfferOutcome
from hookflash.v1.options_pb2 import Allow, Role
from hookflash.v1.participant_pb2 import LeaveReason, Participant, ParticipantRole
from hookflash.v1.queue_pb2 import Queue, QueueStats, Step
from hookflash.v1.queue_service_pb2 import (
    GetQueueRequest,
    ListQueuesRequest,
    ListQueuesResponse,
    WatchQueuesRequest,
    WatchQueuesResponse,
)
from hookflash.v1.server_pb2 import Plugin, PluginState, Server, Sink, SinkState
from hookflash.v1.target_pb2 import Target
from hookflash.v1.timeline_pb2 import InviteChanged, ParticipantJoined, ParticipantLeft, TimelineEntry
from hookflash.v1.token_pb2 import Token
from hookflash.v1.transcript_pb2 import TranscriptEntry
from hookflash.v1.whisper_pb2 import Whisper

__all__ = [
    "AcceptOfferRequest",
    "Agent",
    "AgentChanged",
    "AgentDomain",
    "AgentNotice",
    "AgentState",
    "Allow",
    "ApplyRequest",
    "ApplyResponse",
    "AttachRequest",
    "AttachResponse",
    "Attribute",
    "AttributeKind",
    "CancelInviteRequest",
    "Change",
    "ChangeKind",
    "Channel",
    "ChannelSession",
    "Choice",
    "ChosenOffer",
    "CloseConversationRequest",
    "ConferenceRequest",
    "Considered",
    "Conversation",
    "ConversationState",
    "CreateConversationRequest",
    "CreateTokenRequest",
    "CreateTokenResponse",
    "Customer",
    "DeclineOfferRequest",
    "DeliveriesRequest",
    "Delivery",
    "DrainRequest",
    "ErrorReason",
    "Event",
    "ExplainRequest",
    "Explanation",
    "ExportRequest",
    "ExportResponse",
    "Filtering",
    "GetAgentRequest",
    "GetConversationRequest",
    "GetInviteRequest",
    "GetQueueRequest",
    "GetServerRequest",
    "GetTranscriptRequest",
    "GetTranscriptResponse",
    "Goodbye",
    "Invite",
    "InviteChanged",
    "InviteKind",
    "InviteState",
    "LeaveReason",
    "LeaveRequest",
    "ListAgentsRequest",
    "ListAgentsResponse",
    "ListConversationsRequest",
    "ListConversationsResponse",
    "ListEventsRequest",
    "ListEventsResponse",
    "ListQueuesRequest",
    "ListQueuesResponse",
    "ListTimelineRequest",
    "ListTimelineResponse",
    "ListTokensRequest",
    "ListTokensResponse",
    "LogoutRequest",
    "MediaDomain",
    "Message",
    "Notice",
    "NoticeStyle",
    "Offer",
    "OfferMade",
    "OfferOutcome",
    "OfferWithdrawn",
    "Participant",
    "ParticipantJoined",
    "ParticipantLeft",
    "ParticipantRole",
    "Plugin",
    "PluginState",
    "Queue",
    "QueueStats",
    "Readiness",
    "ReceiveRequest",
    "ReceiveResponse",
    "RevokeTokenRequest",
    "Role",
    "RouteRequest",
    "SendMessageRequest",
    "Server",
    "SetAgentStateRequest",
    "SettleDeliveryRequest",
    "Sink",
    "SinkState",
    "Standing",
    "Step",
    "Target",
    "TimelineEntry",
    "TimelineUpdate",
    "Token",
    "TranscriptEntry",
    "TransferRequest",
    "Verdict",
    "WatchQueuesRequest",
    "WatchQueuesResponse",
    "WatchRequest",
    "WatchResponse",
    "Welcome",
    "Whisper",
    "WhisperRequest",
]
