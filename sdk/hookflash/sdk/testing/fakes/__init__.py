"""Providers to test a channel against: servers on loopback that behave as the real ones do on a bad day.

`loopback` serves whatever you answer and keeps every byte that came; `telegram` is Telegram's Bot API, `twilio` the
REST API of Twilio, `meta` is WhatsApp, Messenger and Instagram:

    async with fake_meta() as meta:
        meta.faults.append(Refused(429, 4))
        await adapter.send(delivery_of("Hello", to="16505551234"))  # with its setting `api_url` = meta.url
        assert [shown.text for shown in meta.shown] == ["Hello"]
"""
