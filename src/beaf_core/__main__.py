"""What does `python -m beaf_core` do? What `beaf` does, with the interpreter that is named."""

from beaf_core.cli import main

if __name__ == "__main__":
    main()
