"""Lighter: one account, one API key. Facts come from the venue fact sheet; each is named where it is used."""
