"""What a person asks for: submit, resume, retry, cancel, ... without a terminal."""
