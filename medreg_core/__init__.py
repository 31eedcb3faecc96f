"""The rules and the wire contract that the desktop program and the service share."""
