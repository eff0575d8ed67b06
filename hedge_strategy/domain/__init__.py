"""Values and arithmetic of the trade: frozen, standard library only, `Decimal` for money, no clock, no network."""
