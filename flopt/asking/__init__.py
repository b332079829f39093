"""Ask and tell: the search in the hands of a program that trains by itself."""
