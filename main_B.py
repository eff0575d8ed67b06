"""Process B, the hedger: `python main_B.py [--market BTC] [--config config.yaml]`."""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until the command sets up its own way of stopping
    from hedge_strategy.cli.hedger import main

    main()
