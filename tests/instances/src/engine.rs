//! The databases, each with what a test needs of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ig_oauth_common::ConfigBuilder;
use ig_oauth_common::store::Store;
use ig_oauth_stores::{PostgresStore, RedisStore, SqliteStore};
use ig_oauth_test_servers::{Passage, PostgresServer, RedisServer};

/// The secret by which all instances seal.
pub const COOKIE_SECRET: &str = "FAKE-cookie-secret-of-all-instances-0123456789";

/// Longest an operation may take: ample for a busy machine.
pub const TIMEOUT: Duration = Duration::from_secs(20);

/// A database of the test's own.
pub enum Engine {
    /// A server.
    Redis(RedisServer),
    /// A server.
    Postgres(PostgresServer),
    /// A file.
    Sqlite(Folder),
}

/// A store of any engine, to be given to a configuration.
pub struct Keep(Box<dyn FnOnce(ConfigBuilder) -> ConfigBuilder + Send>);

impl Keep {
    /// This one.
    pub fn new(store: impl Store) -> Self {
        Self(Box::new(|builder| builder.store(store).cookie_secrets([COOKIE_SECRET])))
    }

    /// Gives it to a configuration, with the secret that all instances share.
    pub fn used_by(self, builder: ConfigBuilder) -> ConfigBuilder {
        (self.0)(builder)
    }
}

impl Engine {
    /// Redis, if it is installed.
    #[must_use]
    pub fn redis() -> Option<Self> {
        RedisServer::start().map(Self::Redis)
    }

    /// PostgreSQL, if it is installed.
    #[must_use]
    pub fn postgres() -> Option<Self> {
        PostgresServer::start().map(Self::Postgres)
    }

    /// SQLite, which always is.
    #[must_use]
    pub fn sqlite() -> Self {
        Self::Sqlite(Folder::new())
    }

    /// The environment by which an example finds it.
    #[must_use]
    pub fn environment(&self) -> (&'static str, String) {
        match self {
            Self::Redis(server) => ("REDIS_URL", server.url()),
            Self::Postgres(server) => ("DATABASE_URL", server.url()),
            Self::Sqlite(folder) => ("DATABASE_URL", format!("sqlite:{}", folder.file())),
        }
    }

    /// One more instance's store.
    pub async fn store(&self) -> Keep {
        match self {
            Self::Redis(server) => {
                let builder = RedisStore::builder(server.url()).timeout(TIMEOUT);
                Keep::new(builder.connect().await.unwrap())
            }
            Self::Postgres(server) => {
                let builder = PostgresStore::builder(server.url()).timeout(TIMEOUT);
                Keep::new(builder.connect().await.unwrap())
            }
            Self::Sqlite(folder) => {
                let builder = SqliteStore::builder(folder.file()).timeout(TIMEOUT);
                Keep::new(builder.open().await.unwrap())
            }
        }
    }

    /// One more instance's store, with this timeout, by a way that can be blocked.
    ///
    /// # Panics
    ///
    /// For SQLite, to which no way leads.
    pub async fn store_through(&self, passage: &Passage, timeout: Duration) -> Keep {
        let address = passage.address();
        match self {
            Self::Redis(_) => {
                let builder = RedisStore::builder(format!("redis://{address}"));
                Keep::new(builder.timeout(timeout).connect().await.unwrap())
            }
            Self::Postgres(_) => {
                let url = format!("postgres://postgres@{address}/postgres?sslmode=disable");
                let builder = PostgresStore::builder(url);
                Keep::new(builder.timeout(timeout).connect().await.unwrap())
            }
            Self::Sqlite(_) => panic!("a file has no address"),
        }
    }

    /// The socket of its server.
    ///
    /// # Panics
    ///
    /// For SQLite, which has none.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        match self {
            Self::Redis(server) => server.socket(),
            Self::Postgres(server) => server.socket(),
            Self::Sqlite(_) => panic!("a file has no socket"),
        }
    }

    /// Bytes it takes: of memory for Redis, of its tables or file for the others.
    pub async fn size(&self) -> u64 {
        match self {
            Self::Redis(server) => {
                let mut redis =
                    redis::Client::open(server.url()).unwrap().get_connection().unwrap();
                let told: String = redis::cmd("INFO").arg("memory").query(&mut redis).unwrap();
                let line = told.lines().find_map(|line| line.strip_prefix("used_memory:"));
                line.unwrap().trim().parse().unwrap()
            }
            Self::Postgres(server) => {
                let client = tokio_postgres::connect(&server.url(), tokio_postgres::NoTls).await;
                let (client, connection) = client.unwrap();
                tokio::spawn(connection);
                // Room that dead rows took is taken again in time, as autovacuum sees to.
                client.batch_execute("VACUUM FULL").await.unwrap();
                let tables = "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class \
                              WHERE relkind = 'r' AND relname LIKE 'ig_oauth%'";
                let size: i64 = client.query_one(tables, &[]).await.unwrap().get(0);
                u64::try_from(size).unwrap()
            }
            Self::Sqlite(folder) => {
                let file = rusqlite::Connection::open(folder.file()).unwrap();
                file.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
                fs::metadata(folder.file()).unwrap().len()
            }
        }
    }

    /// Kills the server, as a crash would; removes the file.
    pub fn kill(&mut self) {
        match self {
            Self::Redis(server) => server.kill(),
            Self::Postgres(server) => server.kill(),
            Self::Sqlite(folder) => folder.take_away(),
        }
    }

    /// Starts it again; brings the file back.
    pub fn restart(&mut self) {
        match self {
            Self::Redis(server) => server.restart(),
            Self::Postgres(server) => server.restart(),
            Self::Sqlite(folder) => folder.bring_back(),
        }
    }

    /// Every byte it has written to its files, and what its own dump shows.
    #[must_use]
    pub fn dump(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self {
            Self::Redis(server) => read_all(server.folder(), &mut bytes),
            Self::Postgres(server) => {
                read_all(server.folder(), &mut bytes);
                bytes.extend_from_slice(server.dump().as_bytes());
            }
            Self::Sqlite(folder) => read_all(&folder.0, &mut bytes),
        }
        bytes
    }
}

fn read_all(folder: &Path, bytes: &mut Vec<u8>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            read_all(&entry.path(), bytes);
        } else if kind.is_file() {
            // A server may remove files while they are read.
            bytes.extend(fs::read(entry.path()).unwrap_or_default());
        }
    }
}

/// A folder that goes with its value.
pub struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ig-oauth-instances-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    /// Where it is.
    #[must_use]
    pub fn file(&self) -> String {
        self.0.join("store.db").to_str().unwrap().to_owned()
    }

    fn take_away(&self) {
        fs::rename(self.file(), self.0.join("away.db")).unwrap();
    }

    fn bring_back(&self) {
        fs::rename(self.0.join("away.db"), self.file()).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
