"""From readings to the record: proposals, policies, decisions, and the watch for repeals."""
