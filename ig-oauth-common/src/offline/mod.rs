//! Tokens without a request: for jobs that run while nobody is there.

mod access;
mod refresher;
mod report;
mod reseal;

pub use access::{AccountState, ConnectedAccount, OfflineAccess};
pub use refresher::Refresher;
pub use report::RefreshReport;
pub use reseal::ResealReport;
