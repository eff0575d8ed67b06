"""The console: what is known of A and B, for people; it reads, passes commands on, and cannot place an order."""
