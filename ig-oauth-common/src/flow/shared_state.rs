//! What all clones of one configuration remember together, such as the middlewares that each worker
//! of a server makes of a clone of its own.

use super::consumed_states::ConsumedStates;
use super::exchange_places::ExchangePlaces;
use super::shared_refreshes::SharedRefreshes;
use super::tasks::Tasks;
use crate::session::{MemoryStore, Tombstones};

/// Most claims on signed requests that are remembered without a store. Only the provider can make
/// one.
const MOST_CLAIMS: usize = 16_384;

pub(crate) struct SharedState {
    pub(super) consumed: ConsumedStates,
    pub(super) exchanges: ExchangePlaces,
    pub(super) refreshes: SharedRefreshes,
    pub(super) tombstones: Tombstones,
    pub(super) tasks: Tasks,
    /// Claims on signed requests, where no store keeps them.
    pub(super) claims: MemoryStore,
}

impl SharedState {
    /// With so many places for exchanges.
    pub(crate) fn new(exchanges_at_once: usize) -> Self {
        Self {
            consumed: ConsumedStates::default(),
            exchanges: ExchangePlaces::new(exchanges_at_once),
            refreshes: SharedRefreshes::default(),
            tombstones: Tombstones::default(),
            tasks: Tasks::default(),
            claims: MemoryStore::with_capacity(MOST_CLAIMS),
        }
    }
}
