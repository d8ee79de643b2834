"""The journal in memory keeps the contract."""

from hookflash.engine.failpoints import Failpoints
from hookflash.engine.journal.memory import MemoryJournal, MemoryStore
from tests.journal.contract import JournalContract, Opener


class TestMemoryJournal(JournalContract):
    def opener(self, place: object, failpoints: Failpoints) -> Opener:
        del place
        store = MemoryStore()
        return lambda: MemoryJournal(store, failpoints)
