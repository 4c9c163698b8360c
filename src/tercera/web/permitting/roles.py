"""Visitors by what they may do, as routes take them."""

from __future__ import annotations

from typing import Annotated

from tercera.people import Permission
from tercera.web.access.visitor import Visitor
from tercera.web.permitting.asking import may

Reader = Annotated[Visitor, may(Permission.READ)]
Operator = Annotated[Visitor, may(Permission.ACT)]
Admin = Annotated[Visitor, may(Permission.ADMIN)]
