"""``python -m musaic``."""

from musaic.cli import main

if __name__ == "__main__":
    main()
