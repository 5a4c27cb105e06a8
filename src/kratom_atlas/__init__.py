"""Kratom Atlas: what the law on kratom is, here, on this day, and how we know."""

__version__ = "0.1.0"
