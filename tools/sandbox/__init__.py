"""What confines code and decoders: isolated processes, how they are started, spoken to, limited and ended."""
