"""`python -m flopt` is the command `flopt`."""

from flopt.cli import main

if __name__ == "__main__":
    main()
