"""What a registrar and support ask of sync: safe to leave the network, why a state, and a bundle without persons."""
