"""The desk that commands are tested at, on both databases."""

import pytest

from bot.rules import communities
from storage.database import Database, Db
from tests import cast
from tests.commands.desk import BOARD, GENERAL, World


@pytest.fixture
async def world(database: Database) -> World:
    def found(db: Db) -> None:
        fran, ana, ben = (cast.person(db, name) for name in ("Fran", "Ana", "Ben"))
        communities.connect(db, cast.community(db, "python", fran, ana, ben), GENERAL)
        communities.connect(db, cast.community(db, "board", fran, visibility="request"), BOARD)

    await database.write(found)
    return World(database)
