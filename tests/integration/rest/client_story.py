"""A case from report to rating, by a client that openapi-generator has made; run outside the portal's environment."""

import json
import os
import sys
import uuid

import city_api
from city_api.exceptions import ApiException


def client(token):
    """Return a client with a token."""
    return city_api.ApiClient(
        city_api.Configuration(host=f"{os.environ['ADDRESS']}/api/v1", access_token=os.environ[token])
    )


def etag(answer):
    """Return the ETag of an answer with its headers."""
    return {name.lower(): value for name, value in answer.headers.items()}["etag"]


citizen, officer = client("CITIZEN"), client("OFFICER")
reports, cases = city_api.ReportsApi(citizen), city_api.CasesApi(officer)
categories = city_api.CategoriesApi(citizen).categories_list(limit=100, kind="reports", active=True).items
parents = {one.parent for one in categories}
category = next(one for one in categories if one.key not in parents)
made = reports.reports_create(
    idempotency_key=uuid.uuid4().hex,
    reports_create_request={
        "category": category.key,
        "place": json.loads(os.environ["PLACE"]),
        "body": "چالهٔ عمیقی وسط خیابان است.",
    },
)
found = cases.cases_show_with_http_info(made.code)
statuses = [found.data.status]
for step in ("start_review", "start_action", "close"):
    body = {"public_text": "تعمیر شد و آزمایش شد."} if step == "close" else {}
    found = cases.cases_take_step_with_http_info(made.code, step, etag(found), body)
    statuses.append(found.data.status)
own = city_api.CasesApi(citizen)
rating = own.cases_rate(made.code, {"stars": 4})
try:
    own.cases_show("9999999999")
except ApiException as refusal:
    problem = refusal.status
figures = city_api.StatisticsApi(officer).statistics_show("reports").figures
found = {
    "source": cases.cases_show(made.code).source,
    "statuses": statuses,
    "stars": rating.stars,
    "problem": problem,
    "reviewed": figures.reviewed,
}
sys.stdout.write(json.dumps(found))
