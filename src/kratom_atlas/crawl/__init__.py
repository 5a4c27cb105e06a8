"""From a public address to archived evidence and observations."""
