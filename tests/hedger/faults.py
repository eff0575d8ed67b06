"""What may go wrong around the hedger's machine in a test."""

from dataclasses import dataclass


@dataclass
class Faults:
    """How likely each thing is to go wrong, each time it could."""

    redis: float = 0.0
    not_sent: float = 0.0
    lost_request: float = 0.0
    lost_answer: float = 0.0
    refused: float = 0.0
    failed: float = 0.0
    vanished: float = 0.0
    partial: float = 0.0
    lost_push: float = 0.0
    repeated: float = 0.0
    lost_hint: float = 0.0
    rest_fails: float = 0.0
    stale_nonce: float = 0.0
    longest_lag_ms: int = 0


EVERYTHING = Faults(0.15, 0.1, 0.15, 0.2, 0.1, 0.1, 0.05, 0.3, 0.3, 0.2, 0.3, 0.15, 0.2, 15_000)
