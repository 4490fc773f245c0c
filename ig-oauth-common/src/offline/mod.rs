//! Tokens for background jobs, without a user's request.

mod access;
mod refresher;
mod report;
mod reseal;

pub use access::{AccountState, ConnectedAccount, OfflineAccess};
pub use refresher::Refresher;
pub use report::RefreshReport;
pub use reseal::ResealReport;
