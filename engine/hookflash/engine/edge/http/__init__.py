"""The HTTP edge: providers' webhooks, adapters' own applications and customers' media, on one port.

It is imported only where `[http] listen` is set, for it needs the extra `web`. Nothing in here decides anything: it
translates between HTTP and the doors of the channels.
"""
