//! The source of randomness for all values that must be unpredictable.

/// The source returned no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, thiserror::Error)]
#[error("the source of random bytes did not answer")]
#[non_exhaustive]
pub struct RandomnessUnavailable;

impl RandomnessUnavailable {
    /// The error of a source that fails.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

/// The source of states, nonces and session ids. Default: [`SystemRandomness`]. Only tests should
/// use another one: a person who can predict these bytes can forge a login.
pub trait Randomness: Send + Sync + 'static {
    /// Fills `bytes`.
    ///
    /// # Errors
    ///
    /// When the source fails. The request then fails too; nothing weaker is used.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable>;
}

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemRandomness;

impl SystemRandomness {
    /// The operating system's generator.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable> {
        getrandom::fill(bytes).map_err(|_| RandomnessUnavailable)
    }
}

/// `N` random bytes of a source.
pub(crate) fn random<const N: usize>(
    source: &dyn Randomness,
) -> Result<[u8; N], RandomnessUnavailable> {
    let mut bytes = [0; N];
    source.fill(&mut bytes)?;
    Ok(bytes)
}
