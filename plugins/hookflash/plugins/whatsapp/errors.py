"""WhatsApp's error codes, as Meta publishes them, and what each means to a delivery.

A code that is not here goes by the HTTP status.
"""

from typing import Final

from hookflash.plugins.meta.errors import ErrorTable, Means

__all__ = ["ERRORS"]

_TEMPLATES: Final = range(132_000, 132_017)
_PERMISSIONS: Final = range(200, 300)

ERRORS: Final = ErrorTable(
    codes={
        0: Means.AUTH,
        190: Means.AUTH,
        # Permissions, payment, certificate, a name or a number that is not approved: nothing a customer could help.
        3: Means.ALARM,
        10: Means.ALARM,
        **dict.fromkeys(_PERMISSIONS, Means.ALARM),
        33: Means.ALARM,
        131_005: Means.ALARM,
        131_037: Means.ALARM,
        131_042: Means.ALARM,
        131_044: Means.ALARM,
        131_045: Means.ALARM,
        131_063: Means.ALARM,
        368: Means.RESTRICTED,
        131_031: Means.RESTRICTED,
        4: Means.ACCOUNT_RATE,
        80_007: Means.ACCOUNT_RATE,
        130_429: Means.ACCOUNT_RATE,
        131_048: Means.ACCOUNT_RATE,
        131_064: Means.ACCOUNT_RATE,
        133_016: Means.ACCOUNT_RATE,
        131_056: Means.ADDRESS_RATE,
        131_047: Means.WINDOW,
        131_050: Means.BLOCKED,
        100: Means.PERMANENT,
        130_472: Means.PERMANENT,
        130_497: Means.PERMANENT,
        131_008: Means.PERMANENT,
        131_009: Means.PERMANENT,
        131_021: Means.PERMANENT,
        131_026: Means.PERMANENT,
        131_030: Means.PERMANENT,
        131_049: Means.PERMANENT,
        131_051: Means.PERMANENT,
        131_052: Means.PERMANENT,
        131_053: Means.PERMANENT,
        131_062: Means.PERMANENT,
        **dict.fromkeys(_TEMPLATES, Means.PERMANENT),
        132_068: Means.PERMANENT,
        132_069: Means.PERMANENT,
        135_000: Means.PERMANENT,
        137_000: Means.PERMANENT,
        2: Means.TRANSIENT,
        131_000: Means.TRANSIENT,
        131_016: Means.TRANSIENT,
        131_057: Means.TRANSIENT,
    },
    # Messages a second; to one customer one in six seconds; quality and tier, which are judged by the hour and the day.
    waits_s={130_429: 5.0, 131_056: 6.0, 131_048: 3600.0, 131_064: 3600.0},
)
