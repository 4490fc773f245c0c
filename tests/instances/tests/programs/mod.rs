//! Where the programs are.

use ig_oauth_instances::two_examples::Programs;

pub(crate) const PROGRAMS: Programs = Programs {
    provider: env!("CARGO_BIN_EXE_provider"),
    examples: [env!("CARGO_BIN_EXE_axum-instance"), env!("CARGO_BIN_EXE_actix-instance")],
};

/// A refresher that can be killed.
pub(crate) const REFRESHER: &str = env!("CARGO_BIN_EXE_refresher");
