"""What existing frameworks and home-made scripts print, read without configuration."""
