"""What is thrown away, and when.

Kept: deliveries already handled, 7 days (platforms repeat one within an hour); codes to link accounts, until
they expire; how to undo a link of accounts, as long as that is allowed. Letters stay for ever without their cards, which go as soon as a letter is settled: the
key that says "this has been said" must not be forgotten.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import col, select

from bot.rules.linking import UNDO_LIFE
from scheduler.due import Due
from storage.database import Db
from storage.tables import AccountLink, Delivery, LinkCode

DELIVERIES_KEPT = timedelta(days=7)
SLACK = timedelta(hours=1)
"""Things are thrown away this much late, so that it happens once an hour and not at every tick."""


def untidy(db: Db, now: datetime) -> Sequence[int]:
    """Return [1] when there is something to throw away, else nothing."""
    delivery = select(Delivery.key).where(col(Delivery.at) < now - DELIVERIES_KEPT - SLACK).limit(1)
    code = select(LinkCode.code_hash).where(col(LinkCode.expires_at) < now - SLACK).limit(1)
    link = select(AccountLink.id).where(AccountLink.linked_at < now - UNDO_LIFE - SLACK).limit(1)
    return [1] if any(db.exec(query).first() for query in (delivery, code, link)) else []


def tidy(db: Db, item: int, now: datetime) -> None:
    """Throw away what is past its time."""
    db.exec(delete(Delivery).where(col(Delivery.at) < now - DELIVERIES_KEPT))
    db.exec(delete(LinkCode).where(col(LinkCode.expires_at) < now))
    db.exec(delete(AccountLink).where(col(AccountLink.linked_at) < now - UNDO_LIFE))


HOUSEKEEPING = Due("housekeeping", untidy, tidy)
