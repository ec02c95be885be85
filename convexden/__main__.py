"""``python -m convexden`` is the command line."""

from convexden.cli import main

if __name__ == "__main__":
    main()
