"""Both vendors as local HTTP services that keep state and refuse what the real ones refuse.

They exist so that the demo and the tests can run the whole pipeline without an account. Each vendor is a
process of its own (`python -m sandbox <vendor>`); nothing outside this package is imported.
"""
