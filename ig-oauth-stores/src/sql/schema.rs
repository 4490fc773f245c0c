//! The tables and their versions.

use crate::error::{StoreSetupError, StoreSetupErrorKind};

/// The tables of an engine.
pub(crate) struct Schema {
    /// The name of the engine's store type.
    pub(crate) store: &'static str,
    /// The migrations: from nothing to version 1, from 1 to 2, and so on.
    pub(crate) migrations: &'static [&'static str],
}

impl Schema {
    /// The SQL that creates the tables with that prefix.
    pub(crate) fn text(&self, prefix: &str) -> String {
        self.migrations.iter().map(|migration| migration.replace("{p}", prefix)).collect()
    }

    /// The migrations from this version to the present one: none if it is the present one. Without
    /// `manage` any other version is an error.
    pub(crate) fn missing(
        &self,
        version: usize,
        prefix: &str,
        manage: bool,
    ) -> Result<Vec<String>, StoreSetupError> {
        let known = self.migrations.len();
        let wrong = |text| Err(StoreSetupError::new(StoreSetupErrorKind::Schema, text));
        if version > known {
            return wrong(format!(
                "the tables {prefix}_* are of version {version}, and this release of \
                 ig-oauth-stores knows versions up to {known}: update it"
            ));
        }
        if version < known && !manage {
            return wrong(format!(
                "the tables {prefix}_* are missing or old (version {version} of {known}): run what \
                 {}::schema(\"{prefix}\") prints, or leave manage_schema on",
                self.store
            ));
        }
        let missing = self.migrations.iter().skip(version);
        Ok(missing.map(|migration| migration.replace("{p}", prefix)).collect())
    }
}

/// Why the tables cannot be used.
pub(crate) enum SchemaError<E> {
    Driver(E),
    Setup(StoreSetupError),
}

impl<E> SchemaError<E> {
    pub(crate) fn explained(self, explain: impl FnOnce(&E) -> StoreSetupError) -> StoreSetupError {
        match self {
            Self::Driver(error) => explain(&error),
            Self::Setup(error) => error,
        }
    }
}

impl<E> From<E> for SchemaError<E> {
    fn from(error: E) -> Self {
        Self::Driver(error)
    }
}
