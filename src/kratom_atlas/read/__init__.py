"""From the bytes of a legal source to bounded, typed, normalised text with a map back.

Whatever arrives is a stranger's: every function here takes a bound, and says `FaultError` to bad
input and nothing else. Import the modules, not this package: some of them are heavy.
"""
