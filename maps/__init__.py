"""Drawing: statuses and geometry in, polygons out."""
