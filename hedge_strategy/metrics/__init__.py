"""What a process tells Prometheus: which figures (`catalogue`), their values (`board`), and who answers (`server`).

Off unless it is asked for: without it no module here is loaded and nothing listens. Where things happen they are only
kept (`tally`); all else is done on threads of this package.
"""
