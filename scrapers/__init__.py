"""One file here is one public source."""
