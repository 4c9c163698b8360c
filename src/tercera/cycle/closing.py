"""Windows that are over for good → their statements, with numbers from the ledger. The deciding is
`statement`'s."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from tercera.ledger import Ledger
from tercera.messages import Bundle, Change, Draft, NoticeKind
from tercera.model import Muted, Reason, Standing, State, SubjectId, Survey, Tally, Transition
from tercera.rules import Rule
from tercera.telling.routing import Routes
from tercera.telling.silences import Silences
from tercera.telling.statement import STATEMENTS, WindowFigures, previous, sentence, statement_text
from tercera.windows import Window


def statements(
    rule: Rule,
    ledger: Ledger,
    windows: Sequence[Window],
    survey: Survey,
    routes: Routes,
    *,
    run: int,
    now: datetime,
) -> list[Change]:
    """One change for each window that has no statement yet; several of them go in one message. `survey` is
    that of the sweep that found them over."""
    subject = SubjectId(rule.id)
    due = [window for window in windows if ledger.find(STATEMENTS, subject, window.id) is None]
    silences = Silences(STATEMENTS, ledger.decisions(now), now)
    bundle = Bundle(f"{run}:{rule.id}:statement") if len(due) > 1 else None
    made = []
    for window in due:
        figures, before = (ledger.window_figures(rule, each.id) for each in (window, previous(window)))
        drafts = tuple(
            _drafts(rule, routes, statement_text(rule, window, figures, before, survey, now), bundle)
        )
        quiet = silences.quiet((subject, window.id)) is not None
        made.append(_change(rule, window, figures, before, () if quiet else drafts, quiet=quiet))
    return made


def _change(
    rule: Rule,
    window: Window,
    figures: WindowFigures,
    before: WindowFigures,
    drafts: tuple[Draft, ...],
    *,
    quiet: bool,
) -> Change:
    after = Standing(State.CLOSED, None, None, spoken=not quiet)
    muted = Muted.SILENCED if quiet else None
    return Change(
        rule=STATEMENTS,
        title=sentence(rule, window, figures, before),
        per="rule",
        period=rule.counting.within,
        threshold=None,
        tally=Tally(SubjectId(rule.id), window.id, figures.standing, figures.alerts),
        transition=Transition(Reason.CLOSED, None, after, speaks=not quiet, muted=muted),
        drafts=drafts,
    )


def _drafts(rule: Rule, routes: Routes, detail: str, bundle: Bundle | None) -> Iterable[Draft]:
    for name in dict.fromkeys(rule.statement):
        route = routes.by_name[name]
        for recipient in dict.fromkeys(route.to or ()):
            yield Draft(
                NoticeKind.STATEMENT,
                route.channel,
                recipient,
                route.language,
                for_customer=False,
                detail=detail,
                bundle=bundle,
            )
