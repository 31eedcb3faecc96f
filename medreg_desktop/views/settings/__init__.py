"""What the registrar chooses about the program's habits."""
