"""Who made a file, written into the file and read back from it."""
