"""What every test shares: nothing is set up here but the way hypothesis runs.

Deadlines of single examples are off: a busy machine would turn them into chance.
"""

import os

from hypothesis import settings

settings.register_profile("default", deadline=None, print_blob=True)
settings.register_profile("thorough", parent=settings.get_profile("default"), max_examples=1_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
