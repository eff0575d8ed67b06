"""Process A, the maker: `python main_A.py [--market BTC --quantity 0.0002 --depth 20] [--config config.yaml]`."""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until the command sets up its own way of stopping
    from hedge_strategy.cli.maker import main

    main()
