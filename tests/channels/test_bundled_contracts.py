"""The contract tests that these plugins bring along, as `hookflash plugin check NAME` runs them."""

from hookflash.plugins.telegram.contract import TestTelegram
from hookflash.plugins.twilio_sms.contract import TestTwilioSms
from hookflash.plugins.webhook.contract import TestAgentWebhooks, TestCustomerWebhooks, TestWebhook

__all__ = ["TestAgentWebhooks", "TestCustomerWebhooks", "TestTelegram", "TestTwilioSms", "TestWebhook"]
