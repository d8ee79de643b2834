"""What WhatsApp, Messenger and Instagram share: Meta's webhooks, its Graph API, and how its errors are named.

No plugin by itself: the plugins beside it are made of it.
"""
