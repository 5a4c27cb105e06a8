"""Measurements, each a ratio to a named peer in the same run where there is one."""
