"""The store's schema, one revision after another. A revision that was released never changes."""
