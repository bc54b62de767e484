"""Housekeeping: what a scenario or a dead run left at a provider is removed through the gateway."""
