# The product without its tests; one image for A, B, the simulated exchange and every other command.
ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS build
WORKDIR /source
RUN python -m venv /opt/hedge
COPY pyproject.toml README.md LICENSE ./
COPY hedge_strategy hedge_strategy
RUN /opt/hedge/bin/python -m pip install --no-cache-dir --disable-pip-version-check '.[report,postgres]' \
    && /opt/hedge/bin/python -m pip uninstall --yes --quiet pip setuptools

FROM ${PYTHON_IMAGE}
RUN groupadd --gid 10001 hedge \
    && useradd --uid 10001 --gid hedge --no-create-home --home-dir /state --shell /usr/sbin/nologin hedge \
    && mkdir /state && chown hedge:hedge /state && chmod 0700 /state
COPY --from=build /opt/hedge /opt/hedge
ENV PATH=/opt/hedge/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# What is relative in the settings (state_dir) lies here.
WORKDIR /state
USER 10001:10001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=3 \
    CMD ["hedge", "healthcheck", "--config", "/etc/hedge/config.yaml"]
ENTRYPOINT ["hedge"]
CMD ["--help"]
