"""The settings of the trade journal."""

from hedge_strategy.config.secret import Secret
from hedge_strategy.config.section import PositiveInt, Section


class Journal(Section, frozen=True, kw_only=True):
    """Where `hedge journal` keeps what happened, and how often it looks.

    Attributes:
        url: of the database, as SQLAlchemy writes it: sqlite:///file or postgresql+psycopg://user@host/name; null: an
            SQLite file in `state_dir`.
        url_env: name of the environment variable that holds it.
        poll_ms: between two looks at the venues' books.
        requests_per_minute: at most so many to the venue for each account; they count in the limit that A and B have.
    """

    url: Secret | None = None
    url_env: str | None = None
    poll_ms: PositiveInt = 30_000
    requests_per_minute: PositiveInt = 6
