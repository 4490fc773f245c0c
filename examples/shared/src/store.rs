//! Where sessions are stored: in their cookies, or in the database of the environment.

use std::env;

use ig_oauth_common::ConfigBuilder;
use ig_oauth_common::http::{Randomness as _, SystemRandomness};
use ig_oauth_common::store::MemoryStore;
use ig_oauth_stores::{PostgresStore, RedisStore, SqliteStore};

use crate::SetupError;

/// What to do when the environment names no database.
#[derive(Clone, Copy)]
pub(crate) enum Fallback {
    Cookies,
    Memory,
}

/// Sets the store of `REDIS_URL` or `DATABASE_URL` (`postgres://` or `sqlite:`), if there is one.
/// Also returns a line about it for the user.
pub(crate) async fn choose(
    builder: ConfigBuilder,
    fallback: Fallback,
) -> Result<(ConfigBuilder, &'static str), SetupError> {
    let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
    Ok(match (set("REDIS_URL"), set("DATABASE_URL"), fallback) {
        (Some(_), Some(_), _) => return Err(SetupError::TwoStores),
        (Some(url), None, _) => (builder.store(RedisStore::connect(url).await?), "in Redis"),
        (None, Some(url), _) if url.starts_with("sqlite:") => {
            (builder.store(SqliteStore::open(url).await?), "in SQLite")
        }
        (None, Some(url), _) => {
            (builder.store(PostgresStore::connect(url).await?), "in PostgreSQL")
        }
        (None, None, Fallback::Cookies) => (builder, "in their cookies"),
        (None, None, Fallback::Memory) => {
            let builder = builder.store(MemoryStore::new()).cookie_secrets([passing_secret()?]);
            (builder, "in memory, until the program ends")
        }
    })
}

/// A secret for this process only, because a store in memory ends with it.
fn passing_secret() -> Result<String, SetupError> {
    let mut bytes = [0; 32];
    SystemRandomness::new().fill(&mut bytes).map_err(|_| SetupError::Randomness)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
