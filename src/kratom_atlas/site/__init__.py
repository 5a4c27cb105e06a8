"""The static site: a page per jurisdiction, per provision and per day of change, and the rest."""
