"""Boundary packs. See SOURCES.md for origin, licence and checksums."""
