"""What every venue's connection needs: pauses that grow, a socket that comes back, requests within their limits."""
