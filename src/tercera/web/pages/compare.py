"""A rule beside another version of it: what either would have said over history."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tercera.people import Permission
from tercera.web.page import page, words_in
from tercera.web.pages.rules import AGAIN
from tercera.web.permitting.asking import may
from tercera.web.site import Here
from tercera.web.views.comparing import compare
from tercera.web.views.rulewords import counts_of
from tercera.web.views.versions import Asked, VersionError, version_of, written
from tercera.web.views.whatif import tallied

router = APIRouter()


@router.get("/rules/{rule_id}/compare", dependencies=[may(Permission.READ)])
def compared(request: Request, site: Here, rule_id: str) -> Response:
    """`when.<field>` and `level.<name>` say how the other version differs."""
    rule, words = site.app.rule(rule_id), words_in(request)
    asked = _asked(request)
    mistake = None
    try:
        version = version_of(rule, asked)
    except VersionError as error:
        version, mistake = rule, str(error)
    answers = [tallied(site, each.counting) for each in (rule, version)]
    one, other = (answer.value for answer in answers)
    shown = page(
        request,
        "compare.html",
        status=422 if mistake else 200,
        rule=rule,
        other_rule=version,
        asked=asked,
        mistake=mistake,
        changed=version != rule,
        written=written(version),
        counts=[counts_of(each.counting, words) for each in (rule, version)],
        both=compare((rule, one), (version, other), words) if one and other else None,
        working=any(answer.working for answer in answers),
        errors=sorted({answer.error for answer in answers if answer.error}),
    )
    if any(answer.working for answer in answers):
        shown.headers.update(AGAIN)
    return shown


def _asked(request: Request) -> Asked:
    values: dict[str, dict[str, str]] = {"when": {}, "level": {}}
    for name, value in request.query_params.items():
        kind, _, which = name.partition(".")
        if kind in values:
            values[kind][which] = value
    return Asked(values["when"], values["level"])
