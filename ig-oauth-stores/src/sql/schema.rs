//! The tables: which there are, and which are missing.

use crate::error::{StoreSetupError, StoreSetupErrorKind};

/// The tables of an engine.
pub(crate) struct Schema {
    /// What the store is called that has them.
    pub(crate) store: &'static str,
    /// What leads from nothing to the first version, from the first to the second, and so on.
    pub(crate) migrations: &'static [&'static str],
}

impl Schema {
    /// The tables with that prefix, from nothing.
    pub(crate) fn text(&self, prefix: &str) -> String {
        self.migrations.iter().map(|migration| migration.replace("{p}", prefix)).collect()
    }

    /// What leads from this version to the present one: nothing where it is the present one. Without
    /// `manage` it has to be.
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
