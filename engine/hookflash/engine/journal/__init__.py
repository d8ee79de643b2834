"""The journal: what the engine decided, in order, durable before anybody hears of it.

`port` says what a journal is, `sqlite` and `memory` are two, `writer` is the thread in front of one.
"""
