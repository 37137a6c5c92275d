"""GeoReport v2 as JSON Schema and as XML Schema, written from the specification and from the extensions in use."""

import json

import jsonschema
from lxml import etree

MOMENT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$"
TEXT = {"type": "string", "minLength": 1}
NULLABLE = {"type": ["string", "null"], "minLength": 1}
TIME = {"type": "string", "pattern": MOMENT}
STATES = [
    *("open", "closed", "fixed", "in_progress", "planned", "action_scheduled", "investigating", "duplicate"),
    *("not_councils_responsibility", "no_further_action", "internal_referral", "cancelled", "reopen"),
    *("for_triage", "unchanged"),
]


def record(required, optional=None, **more):
    properties = {**required, **(optional or {})}
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
        **more,
    }


def several(items):
    return {"type": "array", "items": items}


REQUEST = record(
    {
        "service_request_id": TEXT,
        "status": {"enum": ["open", "closed"]},
        "status_notes": NULLABLE,
        "service_name": NULLABLE,
        "service_code": NULLABLE,
        "description": NULLABLE,
        "agency_responsible": NULLABLE,
        "service_notice": NULLABLE,
        "requested_datetime": TIME,
        "updated_datetime": TIME,
        "expected_datetime": {"type": ["string", "null"], "pattern": MOMENT},
        "address": NULLABLE,
        "address_id": NULLABLE,
        "zipcode": NULLABLE,
        "lat": {"type": ["number", "null"]},
        "long": {"type": ["number", "null"]},
        "media_url": NULLABLE,
    },
    {
        "extended_attributes": record({"photos": several(record({"media_url": TEXT}))}),
        "attributes": several(record({"code": TEXT, "label": TEXT, "value": NULLABLE, "name": NULLABLE})),
        "notes": several(record({"datetime": TIME, "description": NULLABLE, "type": {"enum": STATES}})),
    },
)
ATTRIBUTE = record(
    {
        "variable": {"type": "boolean"},
        "code": TEXT,
        "datatype": {"enum": ["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"]},
        "required": {"type": "boolean"},
        "datatype_description": NULLABLE,
        "order": {"type": "integer", "minimum": 1},
        "description": TEXT,
        "values": several(record({"key": TEXT, "name": TEXT})),
    }
)
SCHEMAS = {
    "discovery": record(
        {
            "changeset": TIME,
            "contact": TEXT,
            "key_service": TEXT,
            "endpoints": several(
                record(
                    {
                        "specification": {"const": "http://wiki.open311.org/GeoReport_v2"},
                        "url": TEXT,
                        "changeset": TIME,
                        "type": {"enum": ["production", "test"]},
                        "formats": several({"enum": ["text/xml", "application/json"]}),
                    }
                )
            ),
        }
    ),
    "services": several(
        record(
            {
                "service_code": TEXT,
                "service_name": TEXT,
                "description": NULLABLE,
                "metadata": {"type": "boolean"},
                "type": {"enum": ["realtime", "batch", "blackbox"]},
                "keywords": NULLABLE,
                "group": NULLABLE,
            }
        )
    ),
    "service_definition": record({"service_code": TEXT, "attributes": several(ATTRIBUTE)}),
    "service_requests": several(REQUEST),
    "created": several(
        record({"service_request_id": TEXT}, {"service_notice": NULLABLE, "account_id": NULLABLE})
    ),
    "service_request_updates": several(
        record(
            {
                "update_id": TEXT,
                "service_request_id": TEXT,
                "status": {"enum": STATES},
                "updated_datetime": TIME,
                "description": NULLABLE,
                "media_url": NULLABLE,
            }
        )
    ),
    "updated": several(record({"update_id": TEXT})),
    "errors": {
        **several(record({"code": {"type": "integer"}, "description": TEXT})),
        "minItems": 1,
    },
}
XML = f"""
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="unqualified">
  <xs:simpleType name="moment"><xs:restriction base="xs:string"><xs:pattern value="{MOMENT[1:-1]}"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="text"><xs:restriction base="xs:string"><xs:minLength value="1"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="empty"><xs:restriction base="xs:string"><xs:length value="0"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="moment_or_none"><xs:union memberTypes="moment empty"/></xs:simpleType>
  <xs:simpleType name="number_or_none"><xs:union memberTypes="xs:decimal empty"/></xs:simpleType>
  <xs:simpleType name="flag"><xs:restriction base="xs:string"><xs:enumeration value="true"/><xs:enumeration value="false"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="state"><xs:restriction base="xs:string">
    {"".join(f'<xs:enumeration value="{state}"/>' for state in STATES)}
  </xs:restriction></xs:simpleType>
  <xs:element name="discovery"><xs:complexType><xs:sequence>
    <xs:element name="changeset" type="moment"/>
    <xs:element name="contact" type="text"/>
    <xs:element name="key_service" type="text"/>
    <xs:element name="endpoints"><xs:complexType><xs:sequence>
      <xs:element name="endpoint" maxOccurs="unbounded"><xs:complexType><xs:sequence>
        <xs:element name="specification" type="text"/>
        <xs:element name="url" type="text"/>
        <xs:element name="changeset" type="moment"/>
        <xs:element name="type" type="text"/>
        <xs:element name="formats"><xs:complexType><xs:sequence>
          <xs:element name="format" type="text" maxOccurs="unbounded"/>
        </xs:sequence></xs:complexType></xs:element>
      </xs:sequence></xs:complexType></xs:element>
    </xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="services"><xs:complexType><xs:sequence>
    <xs:element name="service" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
      <xs:element name="service_code" type="text"/>
      <xs:element name="service_name" type="text"/>
      <xs:element name="description" type="xs:string"/>
      <xs:element name="metadata" type="flag"/>
      <xs:element name="type" type="text"/>
      <xs:element name="keywords" type="xs:string"/>
      <xs:element name="group" type="xs:string"/>
    </xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="service_definition"><xs:complexType><xs:sequence>
    <xs:element name="service_code" type="text"/>
    <xs:element name="attributes"><xs:complexType><xs:sequence>
      <xs:element name="attribute" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
        <xs:element name="variable" type="flag"/>
        <xs:element name="code" type="text"/>
        <xs:element name="datatype" type="text"/>
        <xs:element name="required" type="flag"/>
        <xs:element name="datatype_description" type="xs:string"/>
        <xs:element name="order" type="xs:positiveInteger"/>
        <xs:element name="description" type="text"/>
        <xs:element name="values"><xs:complexType><xs:sequence>
          <xs:element name="value" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
            <xs:element name="key" type="text"/>
            <xs:element name="name" type="text"/>
          </xs:sequence></xs:complexType></xs:element>
        </xs:sequence></xs:complexType></xs:element>
      </xs:sequence></xs:complexType></xs:element>
    </xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="service_requests"><xs:complexType><xs:sequence>
    <xs:element name="request" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:choice>
      <xs:sequence>
        <xs:element name="service_request_id" type="text"/>
        <xs:choice>
          <xs:sequence>
            <xs:element name="service_notice" type="xs:string"/>
            <xs:element name="account_id" type="xs:string"/>
          </xs:sequence>
          <xs:sequence>
            <xs:element name="status" type="state"/>
            <xs:element name="status_notes" type="xs:string"/>
            <xs:element name="service_name" type="xs:string"/>
            <xs:element name="service_code" type="xs:string"/>
            <xs:element name="description" type="xs:string"/>
            <xs:element name="agency_responsible" type="xs:string"/>
            <xs:element name="service_notice" type="xs:string"/>
            <xs:element name="requested_datetime" type="moment"/>
            <xs:element name="updated_datetime" type="moment"/>
            <xs:element name="expected_datetime" type="moment_or_none"/>
            <xs:element name="address" type="xs:string"/>
            <xs:element name="address_id" type="xs:string"/>
            <xs:element name="zipcode" type="xs:string"/>
            <xs:element name="lat" type="number_or_none"/>
            <xs:element name="long" type="number_or_none"/>
            <xs:element name="media_url" type="xs:string"/>
            <xs:element name="extended_attributes" minOccurs="0"><xs:complexType><xs:sequence>
              <xs:element name="photos"><xs:complexType><xs:sequence>
                <xs:element name="photo" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
                  <xs:element name="media_url" type="text"/>
                </xs:sequence></xs:complexType></xs:element>
              </xs:sequence></xs:complexType></xs:element>
            </xs:sequence></xs:complexType></xs:element>
            <xs:element name="attributes" minOccurs="0"><xs:complexType><xs:sequence>
              <xs:element name="attribute" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
                <xs:element name="code" type="text"/>
                <xs:element name="label" type="text"/>
                <xs:element name="value" type="xs:string"/>
                <xs:element name="name" type="xs:string"/>
              </xs:sequence></xs:complexType></xs:element>
            </xs:sequence></xs:complexType></xs:element>
            <xs:element name="notes" minOccurs="0"><xs:complexType><xs:sequence>
              <xs:element name="note" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
                <xs:element name="datetime" type="moment"/>
                <xs:element name="description" type="xs:string"/>
                <xs:element name="type" type="state"/>
              </xs:sequence></xs:complexType></xs:element>
            </xs:sequence></xs:complexType></xs:element>
          </xs:sequence>
        </xs:choice>
      </xs:sequence>
    </xs:choice></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="service_request_updates"><xs:complexType><xs:sequence>
    <xs:element name="request_update" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
      <xs:element name="update_id" type="text"/>
      <xs:sequence minOccurs="0">
        <xs:element name="service_request_id" type="text"/>
        <xs:element name="status" type="state"/>
        <xs:element name="updated_datetime" type="moment"/>
        <xs:element name="description" type="xs:string"/>
        <xs:element name="media_url" type="xs:string"/>
      </xs:sequence>
    </xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="errors"><xs:complexType><xs:sequence>
    <xs:element name="error" maxOccurs="unbounded"><xs:complexType><xs:sequence>
      <xs:element name="code" type="xs:positiveInteger"/>
      <xs:element name="description" type="text"/>
    </xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>
"""
_XML = etree.XMLSchema(etree.fromstring(XML))


def checked(answer, root, schema=""):
    """Return the value of an answer that the schemas accept; of XML as a tree.

    :param schema: name of that of JSON, if it is not that of the root element.
    """
    if answer.headers["Content-Type"] == "application/json; charset=utf-8":
        value = json.loads(answer.body)
        jsonschema.validate(value, SCHEMAS[schema or root])
        return value
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert answer.body.startswith(b'<?xml version="1.0" encoding="utf-8"?>')
    tree = etree.fromstring(answer.body)
    assert tree.tag == root
    _XML.assertValid(tree)
    return tree


def plain(element, lists):
    """Return an element of XML as JSON has it by the convention: texts, ``None``, lists and mappings.

    :param lists: names of the elements that are lists.
    """
    if element.tag in lists:
        return [plain(child, lists) for child in element]
    if len(element):
        return {child.tag: plain(child, lists) for child in element}
    return element.text
