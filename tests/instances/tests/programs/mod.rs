//! Where the programs are.

use ig_oauth_instances::two_examples::Programs;

pub(crate) const PROGRAMS: Programs = Programs {
    provider: env!("CARGO_BIN_EXE_provider"),
    examples: [env!("CARGO_BIN_EXE_axum-instance"), env!("CARGO_BIN_EXE_actix-instance")],
};
