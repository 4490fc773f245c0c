//! Data outside of the browser: the records, the trait, and a store in memory.

mod contract;
mod memory;
mod records;

pub(crate) use contract::BoxedStore;
pub use contract::Store;
pub use memory::MemoryStore;
pub use records::{
    AccountKey, AccountPage, AccountRecord, Claim, DeletionRecord, DeletionStatus, SessionIdHash,
    SessionRecord, StoreError,
};
