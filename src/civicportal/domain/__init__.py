"""The subjects of a municipal portal, lower ones first; each with models, schemas, services and views."""
