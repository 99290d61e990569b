"""Puts the DAM of the tenant together."""

from starlette.routing import Route

from sandbox.aprimo.blobs import Blobs
from sandbox.aprimo.dam_checks import Checks
from sandbox.aprimo.dam_collections import Collections
from sandbox.aprimo.dam_definitions import Definitions
from sandbox.aprimo.dam_files import Files
from sandbox.aprimo.dam_index import Index
from sandbox.aprimo.dam_orders import Orders
from sandbox.aprimo.dam_records import Records
from sandbox.aprimo.dam_search import Searches
from sandbox.aprimo.dam_store import Dam
from sandbox.aprimo.options import Options
from sandbox.aprimo.rule_calls import RuleCalls
from sandbox.aprimo.state import RECORD, State
from sandbox.aprimo.uploads import Uploads
from sandbox.kit.history import History


class DigitalAssets:
    """The DAM: its routes, and what a reset clears beside the state."""

    def __init__(self, state: State, history: History, options: Options) -> None:
        self.store = Dam(
            state=state,
            history=history,
            index=Index(state.rows(RECORD), lag_s=options.index_lag_s),
            classification_ready_after_s=options.classification_ready_after_s,
        )
        self.rules = RuleCalls(state, options)
        self.store.listeners.append(self.rules.tell)
        blobs = Blobs(options.data_dir)
        uploads = Uploads(state, history, blobs, max_bytes=options.upload_max_bytes)
        self.files = Files(self.store, uploads, blobs, processing_s=options.processing_s)
        self._parts = (
            Records(self.store, self.files, needs_classification=options.require_classification),
            Searches(self.store, total_count_noise=options.total_count_noise),
            Definitions(self.store),
            self.files,
            Checks(self.store),
            Orders(self.store, order_s=options.order_s),
            Collections(self.store),
            uploads,
        )

    def routes(self) -> list[Route]:
        """List all routes of the DAM."""
        return [route for part in self._parts for route in part.routes()]

    def reset(self) -> None:
        """Forget what is not in the state."""
        self.store.index.clear()
        self.rules.reset()
