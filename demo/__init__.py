"""The demo province: starts the real service and the real program, by hand on a screen or driven headless."""
