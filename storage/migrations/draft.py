"""Drafts the next step from what the models say: `python -m storage.migrations.draft "What changes"`.

Read and mend the draft before it is committed, and run tests/storage. Where it changes a table with numbered
rows, SQLite makes that table anew: `batch_alter_table` needs table_kwargs={"sqlite_autoincrement": True} there,
and {"sqlite_with_rowid": False} for a table without row numbers. Until the first release the
tables may still change in place: delete step 0001 and draft it again.
"""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command

from storage import migrate


def draft(message: str) -> Path:
    """Write the file of the lowest free step: what the models have and the steps before it have not."""
    known = migrate.steps()
    number = next(step for step in (f"{count:04}" for count in range(1, 10_000)) if step not in known)
    before = [step for step in known if step < number]
    with TemporaryDirectory() as name:
        folder = Path(name)
        for step in before:
            (file,) = migrate.VERSIONS.glob(f"{step}*.py")
            shutil.copy(file, folder)
        with migrate.sqlite_transaction(folder / "draft.db") as connection:
            config = migrate.alembic_config(connection)
            config.set_main_option("version_locations", name)
            command.upgrade(config, "head")
            command.revision(config, message, autogenerate=True, rev_id=number)
        (written,) = folder.glob(f"{number}*.py")
        lines = [line for line in written.read_text().splitlines(keepends=True) if "# ###" not in line]
        target = migrate.VERSIONS / written.name
        target.write_text("".join(lines))
    return target


if __name__ == "__main__":
    sys.stdout.write(f"{draft(sys.argv[1])}\n")
