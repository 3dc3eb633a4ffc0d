"""What keeps the database from being used, in words for the operator."""


class StorageProblem(Exception):
    """The database cannot be used as it is; the message says what is wrong and what to do."""


class BadAddress(StorageProblem):
    """The database URL names nothing Hearth can open."""


class Unreachable(StorageProblem):
    """The file cannot be opened, or the server does not answer."""


class InUse(StorageProblem):
    """Another process holds the SQLite file."""


class NotDurable(StorageProblem):
    """The server is set up to lose acknowledged changes in a crash."""


class NotWritten(StorageProblem):
    """A commit failed (a full disk, another program holding the file); nothing of it was written."""


class SchemaTooNew(StorageProblem):
    """The database was written by a later release; nothing in it was touched."""


class NotABackup(StorageProblem):
    """The file to restore from is not a backup of a Hearth database."""
