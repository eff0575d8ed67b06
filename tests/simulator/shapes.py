"""The field names that the venue's own client library declares for an object."""

import lighter.models


def declared(name: str) -> set[str]:
    """Every declared field of a model, optional ones included."""
    fields = getattr(lighter.models, name).model_fields
    return {field.alias or key for key, field in fields.items()} - {"additional_properties"}


def required(name: str) -> set[str]:
    """The fields of a model that it declares required."""
    fields = getattr(lighter.models, name).model_fields
    return {field.alias or key for key, field in fields.items() if field.is_required()} - {"additional_properties"}
