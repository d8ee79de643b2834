"""What each setting says, in words: the reference of settings is made of them.

By the name that a setting has as a flag and variable; a test finds one without words, and words without one.
"""

from collections.abc import Mapping
from typing import Final

__all__ = ["WORDS"]

WORDS: Final[Mapping[str, str]] = {
    # The limits, in `[engine]`.
    "offer_timeout_s": "how long an agent has for an offer; a queue may have its own",
    "ttl_s": "how long an agent is sought; a queue may have its own",
    "reoffer_pause_s": "how long an agent who missed or declined is not asked again for the same",
    "misses_max": "misses in a row that make an agent NOT_READY; 0: never",
    "route_priority": "priority of a first search where nobody gives one; the higher is served sooner",
    "invite_priority": "priority of transfers and conferences where nobody gives one",
    "queue_priority": "priority of a queue that has none of its own",
    "waiting_max": "searches that may wait in a queue; a queue may have its own number",
    "steps_per_queue_max": "steps that a queue may have",
    "disconnect_grace_s": "how long an agent whose last stream ended is still there",
    "capacity": "slots of an agent in each media domain where he has no number of his own; 1 where none is named",
    "note_length_max": "length of a note, in code points",
    "message_length_max": "length of a message or whisper, in code points",
    "agents_per_conversation_max": "agents in one conversation, the seat of an open conference among them",
    "transfers_per_conversation_max": "how often one conversation may be transferred",
    "on_unattended": "what becomes of a conversation that its last agent leaves: LEAVE it open, CLOSE it, or QUEUE it",
    "on_unattended_queue": "where QUEUE puts it",
    "is_history_visible": "whether an agent may read what the same customer said in conversations that are closed",
    "request_id_kept_s": "how long a repeat of a call, or of what a channel brought, is known",
    "delivery_timeout_s": "after this an unsettled Delivery is handed out again",
    "grpc_message_bytes_max": "size of a request; an answer may have 64 times that",
    "webhook_body_bytes_max": "size of a provider's request",
    "streams_per_principal_max": "open streams of one caller",
    "streams_per_service_max": "open streams of a SERVICE or ADMIN",
    "unary_calls_max": "calls at work at once; more are refused (MAILBOX_FULL)",
    "mailbox_size_max": "commands for one conversation, queue or agent that wait",
    "customer_commands_per_s_max": "what one customer may do through a channel",
    "agent_commands_per_s_max": "what one agent may do",
    "command_burst_max": "commands at once, for both of them",
    "stream_buffer_events_max": "what a slow reader may be behind before his stream ends (SLOW_CONSUMER)",
    "page_size_max": "entries on one page of a list",
    "explain_records_max": "how many records Explain reads at most",
    # The others.
    "listen": "where gRPC is served: HOST:PORT, or unix:PATH",
    "data": "the directory of the journal and everything else that is kept",
    "insecure_i_know": "listen off loopback without TLS all the same",
    "tls_cert": "the certificate that gRPC is served with (PEM)",
    "tls_key": "its private key (PEM)",
    "tls_client_ca": "the authority whose certificates clients must show",
    "tokens_admin_file": "where the first token is written; without one it is `admin.token` in `data`",
    "tokens_ttl_s": "seconds that a token lives that is made without a time",
    "metrics_listen": "where Prometheus reads the figures",
    "http_listen": "where webhooks, web chats and media are served; needs the extra `web`",
    "http_public_url": "where providers reach that: channels are under `/channels/ID`",
    "http_media_url": "an origin of its own for what customers sent; without one it is `public_url`",
    "http_cert": "the certificate of that port (PEM)",
    "http_key": "its private key (PEM)",
    "http_is_behind_proxy": "a proxy before it does TLS, so it may listen off loopback without",
    "http_requests_per_s_max": "requests a second that each channel takes; twice as many at once",
    "http_media_bytes_max": "bytes of one medium that is fetched; larger ones are shown as such",
    "http_media_total_bytes_max": "bytes of all media; the oldest go first",
    "http_media_kept_s": "seconds that a medium is kept",
    "http_allow_private": "hosts and networks that adapters may call although they are not in the internet",
    "log_format": "lines for people, or `json`",
    "log_level": "`debug`, `info`, `warning` or `error`",
    "plugins_allow": "the plugins that may be loaded, no other is ever imported; without it all are loaded",
    "plugins_dir": "a folder whose `*.py` are plugins, too",
    "strict_plugins": "a plugin that does not load keeps the engine from starting",
}
"""A line each."""
