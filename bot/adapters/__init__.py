"""What implements the ports: database, engine, content files, channels."""
