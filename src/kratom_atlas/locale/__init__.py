"""The catalogues of the interface's words, and names of places in other languages."""
