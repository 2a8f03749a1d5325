"""How hypothesis looks for examples, in all tests."""

import os

from hypothesis import settings

# Time is measured in bench/, not in tests: a busy machine is no finding. In CI the examples are the
# same each time, so that a change is judged by itself; new ones are found where people work.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")
