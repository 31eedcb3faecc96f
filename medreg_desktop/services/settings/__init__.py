"""What a user chose, kept per registrar and per computer."""
