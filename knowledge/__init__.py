"""What is known: records, the property vocabulary, conversions. Imports no other layer."""
