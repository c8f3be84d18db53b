"""The local Hub: the Hub's API served on this machine, with the vendors' real simulators behind it.

It is a program, not a library: start it with `python -m local_hub`. Nothing imports it, and it shares no code with the
clients, so that it cannot repeat their mistakes.
"""
