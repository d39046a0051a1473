"""One module per kind of fact; each finder reads a normal form and yields what it finds (B2, B7)."""
