"""`python -m tercera` is `tercera`."""

from tercera.cli.main import main

if __name__ == "__main__":
    main()
