"""Paper: the system's printers through Qt."""
