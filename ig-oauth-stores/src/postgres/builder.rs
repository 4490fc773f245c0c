//! The settings of a store.

use std::fmt;
use std::time::Duration;

use deadpool_postgres::{Object, Pool, PoolError};
use tokio_postgres::Config;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::error::{Error, SqlState};

use super::runtime::StoreRuntime;
use super::tls::Connector;
use super::{Postgres, PostgresStore, hosts, pool, schema};
use crate::engine::POSTGRESQL;
use crate::error::{Failure, StoreSetupError, StoreSetupErrorKind as Kind};
use crate::settings::{Settings, bounded};

/// The default number of connections. A statement takes well under a millisecond, so these serve
/// thousands of requests a second and leave the server capacity for the app.
const DEFAULT_POOL_SIZE: usize = 10;

/// The longest wait for the tables: another instance may be creating them.
const SCHEMA_PATIENCE: Duration = Duration::from_secs(60);

/// Settings of a [`PostgresStore`] that is not connected yet. `Debug` does not show the URL.
#[must_use = "a builder does nothing until `connect`"]
pub struct PostgresStoreBuilder {
    url: String,
    settings: Settings,
    manage_schema: bool,
    statement_timeout: bool,
    #[cfg(feature = "rustls")]
    root_pem: Option<Vec<u8>>,
}

impl PostgresStoreBuilder {
    pub(super) fn new(url: String) -> Self {
        Self {
            url,
            settings: Settings::new(DEFAULT_POOL_SIZE),
            manage_schema: true,
            statement_timeout: true,
            #[cfg(feature = "rustls")]
            root_pem: None,
        }
    }

    /// The prefix of the tables' names. Default: `ig_oauth`. Apps with separate stores in one
    /// database need different prefixes.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.settings.prefix = prefix.into();
        self
    }

    /// The longest time for an operation, including the wait for a connection. Default: 2 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// The most connections at a time. Default: 10. They are opened when they are needed.
    pub fn pool_size(mut self, connections: usize) -> Self {
        self.settings.connections = connections;
        self
    }

    /// Whether the store creates and migrates its tables. Default: true. If false, run the SQL of
    /// [`PostgresStore::schema`] first.
    pub fn manage_schema(mut self, manage: bool) -> Self {
        self.manage_schema = manage;
        self
    }

    /// Whether the server is told to cancel statements after the timeout too. Default: true. Set it
    /// to `false` behind a pooler that refuses the startup parameter `options`, as Amazon RDS Proxy
    /// and the pooled endpoints of Neon do. The store's own timeout is unchanged. An abandoned
    /// statement then ends when the server finds its connection closed, or by a `statement_timeout`
    /// that you set on the server: `ALTER ROLE app SET statement_timeout = '2s'`.
    pub fn statement_timeout(mut self, tell_the_server: bool) -> Self {
        self.statement_timeout = tell_the_server;
        self
    }

    /// Trusts only servers with a certificate under these root certificates, given as PEM. Default:
    /// the system's roots.
    #[cfg(feature = "rustls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
    pub fn root_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_pem = Some(pem.into());
        self
    }

    /// Connects, and creates or checks the tables.
    ///
    /// # Errors
    ///
    /// When the URL or a setting is invalid, no server answers, the server refuses the login, or
    /// the tables have another version. The text says what to change, without the URL.
    pub async fn connect(self) -> Result<PostgresStore, StoreSetupError> {
        self.settings.check()?;
        let timeout = self.settings.timeout;
        let mut servers = read(&self.url)?;
        for server in &mut servers {
            complete(server, timeout);
            if self.statement_timeout {
                limit_statements(server, timeout);
            }
        }
        let tls = self.connector(&servers)?;
        let setup = |failure: Failure| StoreSetupError::new(Kind::InvalidSetting, failure.text);
        let pool = pool::new(servers, tls, timeout, self.settings.connections).map_err(setup)?;
        let connection = first_connection(&pool, timeout).await?;
        let (prefix, manage) = (&self.settings.prefix, self.manage_schema);
        prepare(connection, prefix, manage).await?;
        let engine = Postgres { pool, runtime: StoreRuntime::new(), timeout };
        Ok(PostgresStore::new(self.settings, engine))
    }

    /// The TLS connector, unless the URL turns TLS off.
    #[cfg(feature = "rustls")]
    fn connector(&self, servers: &[Config]) -> Result<Option<Connector>, StoreSetupError> {
        use tokio_postgres::config::Host;

        let is_wanted = servers.iter().any(|server| {
            let is_tcp = server.get_hosts().iter().any(|host| matches!(host, Host::Tcp(_)));
            is_tcp && server.get_ssl_mode() != SslMode::Disable
        });
        is_wanted.then(|| Connector::new(self.root_pem.as_deref())).transpose()
    }

    #[cfg(not(feature = "rustls"))]
    #[allow(clippy::unused_self, reason = "as with the feature")]
    fn connector(&self, servers: &[Config]) -> Result<Option<Connector>, StoreSetupError> {
        if servers.iter().any(|server| server.get_ssl_mode() == SslMode::Require) {
            let text = "the URL says sslmode=require: enable the feature rustls of ig-oauth-stores";
            return Err(StoreSetupError::new(Kind::InvalidSetting, text));
        }
        Ok(None)
    }
}

impl fmt::Debug for PostgresStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStoreBuilder")
            .field("settings", &self.settings)
            .field("manage_schema", &self.manage_schema)
            .field("statement_timeout", &self.statement_timeout)
            .finish_non_exhaustive()
    }
}

/// Adds to the settings of the URL those that every connection needs.
fn complete(config: &mut Config, timeout: Duration) {
    // Each of several hosts gets its share of the time.
    let hosts = u32::try_from(config.get_hosts().len()).unwrap_or(u32::MAX);
    config.connect_timeout(timeout.checked_div(hosts).unwrap_or(timeout));
    if config.get_application_name().is_none() {
        config.application_name("ig-oauth");
    }
    // A store writes. After a failover the name may lead to the old server for a while, or always
    // if the URL names all servers. A standby is not good enough for reads either: it may not know
    // yet which sessions have ended.
    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
}

/// The server cancels abandoned statements too. Otherwise a lock held elsewhere would soon use up
/// all of its connections. The limit is set when the connection opens and not by a statement,
/// because PgBouncer would pass that setting on to the next client of the server's connection.
fn limit_statements(config: &mut Config, timeout: Duration) {
    let limit = timeout.as_millis().clamp(1, 86_400_000);
    let asked_for = config.get_options().unwrap_or_default();
    let options = format!("-c statement_timeout={limit} {asked_for}");
    config.options(options.trim_end());
}

/// The driver's error for an invalid URL may quote it, so it is not passed on.
fn read(url: &str) -> Result<Vec<Config>, StoreSetupError> {
    let has_scheme = url.starts_with("postgres://") || url.starts_with("postgresql://");
    let servers = has_scheme.then(|| hosts::one_each(url)).flatten();
    let has_host = |servers: &Vec<Config>| servers.iter().all(|one| !one.get_hosts().is_empty());
    servers.filter(has_host).ok_or_else(|| {
        let text = "the URL is not one of PostgreSQL: write \
                    postgres://user:password@host:5432/database, with special characters of the \
                    password percent-encoded";
        StoreSetupError::new(Kind::InvalidUrl, text)
    })
}

async fn first_connection(pool: &Pool, timeout: Duration) -> Result<Object, StoreSetupError> {
    let connect = async { Ok(pool.get().await) };
    let answer = bounded(POSTGRESQL, timeout, connect).await.map_err(|_| {
        let text = format!(
            "the PostgreSQL server does not answer within {timeout:?}: check host and port of the \
             URL, and whether a firewall drops the packets"
        );
        StoreSetupError::new(Kind::Unreachable, text)
    })?;
    answer.map_err(|error| match error {
        PoolError::Backend(error) => explain(&error),
        error => StoreSetupError::new(Kind::Unreachable, error.to_string()),
    })
}

async fn prepare(connection: Object, prefix: &str, manage: bool) -> Result<(), StoreSetupError> {
    let mut connection = Object::take(connection);
    let work = schema::prepare(&mut connection, prefix, manage);
    tokio::time::timeout(SCHEMA_PATIENCE, work)
        .await
        .map_err(|_| {
            let text = "the tables were not ready within a minute: check what locks them";
            StoreSetupError::new(Kind::Schema, text)
        })?
        .map_err(|error| error.explained(explain))
}

/// The kind of the error, and how to fix it.
fn explain(error: &Error) -> StoreSetupError {
    let Some(told) = error.as_db_error() else {
        return unreachable_or_refused(error);
    };
    let code = told.code();
    let (kind, cure) = if *code == SqlState::INVALID_PASSWORD
        || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION
    {
        let cure = "PostgreSQL refuses the user: check name and password in the URL, with special \
                    characters percent-encoded, and pg_hba.conf";
        (Kind::Refused, cure)
    } else if *code == SqlState::INVALID_CATALOG_NAME {
        let cure = "the database does not exist: make it with createdb, or check the URL's end";
        (Kind::Refused, cure)
    } else if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        let cure = "the user may not make tables: GRANT CREATE ON SCHEMA public to it, or run what \
                    PostgresStore::schema prints as another user and set manage_schema(false)";
        (Kind::Schema, cure)
    } else if *code == SqlState::TOO_MANY_CONNECTIONS {
        let cure = "PostgreSQL has no connection left: lower pool_size or raise max_connections";
        (Kind::Unreachable, cure)
    } else if refuses_options(told.message()) {
        let cure = "a pooler in front of PostgreSQL refuses the startup parameter options: set \
                    statement_timeout(false), or, where it is a PgBouncer of yours, add options to \
                    its ignore_startup_parameters, and limit statements by its query_timeout";
        (Kind::Refused, cure)
    } else if *code == SqlState::CANNOT_CONNECT_NOW {
        (Kind::Unreachable, "PostgreSQL is starting or stopping: try again in a moment")
    } else {
        (Kind::Schema, "PostgreSQL does not do what is needed")
    };
    StoreSetupError::new(kind, format!("{cure} ({}, {})", told.message(), code.code()))
}

/// PgBouncer and Neon's pooler say "unsupported startup parameter: options" or "… in options: …";
/// Amazon RDS Proxy says "RDS Proxy currently doesn't support command-line options".
fn refuses_options(message: &str) -> bool {
    message.contains("startup parameter") || message.contains("command-line options")
}

/// Handles errors that are not a reply of the server.
fn unreachable_or_refused(error: &Error) -> StoreSetupError {
    let text = error.to_string();
    let in_full = pool::in_full(error);
    let (kind, cure) = if in_full.contains("does not allow writes") {
        let cure = "the server is a standby or set to read only: give the primary's URL, or name all \
                    of them, postgres://user:password@one:5432,two:5432/database";
        (Kind::Refused, cure)
    } else if text.contains("TLS") {
        let cure = "TLS with PostgreSQL failed: give its root certificate to root_pem, or, where \
                    the way to it is safe, add ?sslmode=disable to the URL";
        (Kind::Refused, cure)
    } else if text.contains("configuration") {
        let cure = "PostgreSQL wants to know more: add user and password to the URL";
        (Kind::Refused, cure)
    } else {
        let cure = "no PostgreSQL server answers: start it, or check host and port of the URL";
        (Kind::Unreachable, cure)
    };
    StoreSetupError::new(kind, format!("{cure} ({in_full})"))
}
