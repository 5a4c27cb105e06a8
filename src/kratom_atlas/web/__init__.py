"""The service: what the built site and the record say, over HTTP and to programs; it only reads."""
