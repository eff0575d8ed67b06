"""Limits, checks and the gate: the only place that makes an `Approved` order. Pure."""
