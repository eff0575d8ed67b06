"""Process A, the maker: `python main_A.py --market BTC --quantity 0.0002 --depth 20 [--config config.yaml]`."""

from hedge_strategy.cli.maker import main

if __name__ == "__main__":
    main()
