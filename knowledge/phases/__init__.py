"""Known crystalline phases: their structures, and the reference hull that stability is against."""
