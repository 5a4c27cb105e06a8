"""Reports for people: what changed, in words that need no other page."""
