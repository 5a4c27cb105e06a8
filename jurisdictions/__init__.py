"""The record: one master sheet per jurisdiction, the register of places, and the ledger."""
