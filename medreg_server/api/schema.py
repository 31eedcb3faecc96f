"""The generated description of the API, served as JSON at ``/schema``."""

from __future__ import annotations

from typing import Final

from litestar._openapi.schema_generation import SchemaCreator
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

from medreg_core.contract.v1.feed import Change, Op
from medreg_core.domain.records import Application, Institution
from medreg_server import __version__

_FIELDS: Final = {
    "seq": int,
    "kind": str,
    "id": str,
    "version": int,
    "op": Op,
    "body": Application | Institution | None,
}


class ChangeSchema(OpenAPISchemaPlugin):
    """Describes a change by what its raw body holds; the framework cannot look into ``msgspec.Raw``."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        """Return whether the field is a change."""
        return not field_definition.is_union and field_definition.is_subclass_of(Change)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: SchemaCreator) -> Schema:
        """Return the schema of a change."""
        fields = {name: FieldDefinition.from_annotation(kind, name=name) for name, kind in _FIELDS.items()}
        return schema_creator.create_component_schema(
            field_definition, required=sorted(_FIELDS), property_fields=fields
        )


def openapi_config() -> OpenAPIConfig:
    """Return how the description is made and where it is served. No page with scripts from elsewhere is."""
    return OpenAPIConfig(
        title="MedReg",
        version=__version__,
        path="/schema",
        render_plugins=[JsonRenderPlugin(path="/")],
        use_handler_docstrings=True,
    )
