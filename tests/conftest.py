"""What every test shares: hypothesis without a time limit per example, for tests run beside each other on few cores."""

from hypothesis import settings

settings.register_profile("hedge", deadline=None, print_blob=True)
settings.load_profile("hedge")
