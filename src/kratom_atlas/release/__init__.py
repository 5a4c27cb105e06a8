"""The published dataset: tables, files, manifest and deltas."""
