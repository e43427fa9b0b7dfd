"""``python -m conformance`` is ``livechat-conformance``."""

from conformance.cli import main

if __name__ == "__main__":
    main()
