"""The OpenAPI document of the features, as OGC API – Features demands it."""

from civicportal_reports.feature_query import MOST, USUAL
from civicportal_reports.features import COLLECTION

Schema = dict[str, object]


def openapi(root: str, title: str) -> Schema:
    """Return the document (OpenAPI 3.0).

    :param root: URL of the landing page.
    """
    items = f"/collections/{COLLECTION}/items"
    return {
        "openapi": "3.0.3",
        "info": {"title": title, "version": "1"},
        "servers": [{"url": root}],
        "paths": {
            "/": _get("getLandingPage", "What is here, and where", _json()),
            "/api": _get("getApi", "This document", _json()),
            "/conformance": _get("getConformance", "Classes of requirements that are met", _json()),
            "/collections": _get("getCollections", "The list of collections", _json()),
            f"/collections/{COLLECTION}": _get("getCollection", "The collection of reports", _json()),
            items: _get(
                "getFeatures", "A page of reports, newest first", _geojson("FeatureCollection"), _PARAMETERS
            ),
            f"{items}/{{featureId}}": _get("getFeature", "A report", _geojson("Feature"), [_FEATURE_ID]),
        },
        "components": {
            "schemas": {"Feature": _FEATURE, "FeatureCollection": _COLLECTION, "Problem": _PROBLEM}
        },
    }


def _get(name: str, summary: str, content: Schema, parameters: list[Schema] | None = None) -> Schema:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses: Schema = {
        "200": {"description": summary, "content": content},
        "400": {"description": "A parameter is unknown or invalid", "content": problem},
    }
    if parameters and parameters[0]["in"] == "path":
        responses["404"] = {"description": "There is no such report", "content": problem}
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "parameters": parameters or [],
            "responses": responses,
        }
    }


def _json() -> Schema:
    return {"application/json": {"schema": {"type": "object"}}}


def _geojson(name: str) -> Schema:
    return {"application/geo+json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _query(name: str, description: str, schema: Schema, **more: object) -> Schema:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
        **more,
    }


_TEXT: Schema = {"type": "string"}
_NULLABLE: Schema = {"type": "string", "nullable": True}
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_FEATURE_ID: Schema = {"name": "featureId", "in": "path", "required": True, "schema": {"type": "integer"}}
_PARAMETERS: list[Schema] = [
    _query(
        "limit",
        "Number of reports of a page",
        {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL},
    ),
    _query(
        "bbox",
        "Box in which they lie: west, south, east, north in degrees of WGS 84",
        {
            "type": "array",
            "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
            "items": {"type": "number"},
        },
        style="form",
        explode=False,
    ),
    _query(
        "datetime",
        "When they were registered: an RFC 3339 time, a day, or an interval such as 2026-03-21/..",
        _TEXT,
    ),
    _query("category", "Key of their category, or of one above it", _TEXT),
    _query("stage", "open, registered, in_progress, done or rejected", _TEXT),
    _query("district", "Name of their district", _TEXT),
    _query("after", "Position of the page, from the link to the next one", _TEXT),
]
_FEATURE: Schema = {
    "type": "object",
    "required": ["type", "id", "geometry", "properties"],
    "properties": {
        "type": {"type": "string", "enum": ["Feature"]},
        "id": {"type": "integer"},
        "geometry": {
            "type": "object",
            "required": ["type", "coordinates"],
            "properties": {
                "type": {"type": "string", "enum": ["Point"]},
                "coordinates": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}},
            },
        },
        "properties": {
            "type": "object",
            "properties": {
                "title": _TEXT,
                "text": _TEXT,
                "category": _NULLABLE,
                "category_name": _NULLABLE,
                "district": _NULLABLE,
                "stage": _TEXT,
                "status": _TEXT,
                "people": {"type": "integer", "minimum": 1},
                "registered": _MOMENT,
                "updated": _MOMENT,
                "page": {"type": "string", "format": "uri"},
                "picture": {"type": "string", "format": "uri", "nullable": True},
            },
        },
    },
}
_LINKS: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["href"],
        "properties": {"href": _TEXT, "rel": _TEXT, "type": _TEXT},
    },
}
_COLLECTION: Schema = {
    "type": "object",
    "required": ["type", "features"],
    "properties": {
        "type": {"type": "string", "enum": ["FeatureCollection"]},
        "timeStamp": _MOMENT,
        "numberReturned": {"type": "integer", "minimum": 0},
        "features": {"type": "array", "items": {"$ref": "#/components/schemas/Feature"}},
        "links": _LINKS,
    },
}
_PROBLEM: Schema = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT},
}
