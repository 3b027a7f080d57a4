"""`python -m operations` is the `ballast` command."""

from operations.cli import main

if __name__ == "__main__":
    main()
