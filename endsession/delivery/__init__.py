"""Speaking to other servers: fetching providers' keys, and telling apps that a session has ended."""
