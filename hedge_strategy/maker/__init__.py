"""Process A, the maker: a pure machine that decides (`machine`), and a shell that moves bytes (`process`)."""
