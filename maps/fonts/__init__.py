"""The two typefaces of the share images; origin and licence are in `maps/geometry/SOURCES.md`."""
