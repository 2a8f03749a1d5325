"""`python -m trainwatch` is the command `trainwatch`."""

from trainwatch.cli.main import main

if __name__ == "__main__":
    main()
