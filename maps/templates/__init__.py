"""The page as it is before data."""
