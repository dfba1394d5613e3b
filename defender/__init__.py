"""Microsoft's side: Entra tokens and the Graph security API, as plain Python without Django."""
