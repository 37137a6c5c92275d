"""The public API, in topics: ``from civicportal.api.cases import CaseService``.

Every name is in exactly one topic, and stable within a major version:

- :mod:`~civicportal.api.plugins`: hooks, models, jobs, checks and errors of a plugin, and the site it runs in.
- :mod:`~civicportal.api.settings`: settings of a plugin in ``site.toml``.
- :mod:`~civicportal.api.database`: units of work, services, and columns of a plugin's tables.
- :mod:`~civicportal.api.people`: people, identities and rights.
- :mod:`~civicportal.api.cases`: kinds of cases, their workflows, and the services that read and change cases.
- :mod:`~civicportal.api.submission`: forms that open a case: by citizens, and by officers on their behalf.
- :mod:`~civicportal.api.publishing`: public texts without personal data.
- :mod:`~civicportal.api.lists`: lists of cases: filters, search, pages and totals.
- :mod:`~civicportal.api.forms`: schemas, fields, widgets, and the processing of forms.
- :mod:`~civicportal.api.web`: requests, routes, and contributions to shared pages.
- :mod:`~civicportal.api.notifications`: texts to people: notifications, broadcasts, and gateways that send them.
- :mod:`~civicportal.api.statistics`: statistics of a kind of case.
- :mod:`~civicportal.api.exports`: exports of lists and figures as files.
- :mod:`~civicportal.api.organization`: units and categories of the city.
- :mod:`~civicportal.api.kartable`: the inbox of staff: referrals, routing, ready texts, undo.
- :mod:`~civicportal.api.geo`: points, the map of the city, and counting by cells of a grid.
- :mod:`~civicportal.api.pictures`: stored pictures.
- :mod:`~civicportal.api.localization`: calendar, country, numbers and letters.
- :mod:`~civicportal.api.demo`: demonstration data.

The testing kit for plugin authors is :mod:`civicportal.testing`.
"""
