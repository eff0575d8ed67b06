"""Process B, the hedger: `python main_B.py --market BTC [--config config.yaml]`."""

from hedge_strategy.cli.hedger import main

if __name__ == "__main__":
    main()
