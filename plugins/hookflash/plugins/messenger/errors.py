"""Messenger's and Instagram's error codes, as Meta publishes them, and what each means to a delivery.

Some codes say nothing without their subcode. What is not here goes by the HTTP status.
"""

from typing import Final

from hookflash.plugins.meta.errors import ErrorTable, Means

__all__ = ["ERRORS"]

_PERMISSIONS: Final = range(200, 300)

ERRORS: Final = ErrorTable(
    codes={
        190: Means.AUTH,
        3: Means.ALARM,
        10: Means.ALARM,
        **dict.fromkeys(_PERMISSIONS, Means.ALARM),
        368: Means.RESTRICTED,
        4: Means.ACCOUNT_RATE,
        17: Means.ACCOUNT_RATE,
        32: Means.ACCOUNT_RATE,
        341: Means.ACCOUNT_RATE,
        613: Means.ACCOUNT_RATE,
        80_006: Means.ACCOUNT_RATE,
        551: Means.BLOCKED,
        100: Means.PERMANENT,
        1: Means.TRANSIENT,
        2: Means.TRANSIENT,
        1200: Means.TRANSIENT,
    },
    subcodes={
        # Outside the window: as Messenger says it today, as it did before, and Instagram.
        (10, 2_018_278): Means.WINDOW,
        (10, 2_018_065): Means.WINDOW,
        (10, 2_534_022): Means.WINDOW,
        # He blocked us, or is not there any more: Meta does not tell which.
        (10, 2_018_108): Means.BLOCKED,
        (200, 1_545_041): Means.BLOCKED,
    },
)
