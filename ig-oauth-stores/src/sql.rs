//! SQL text with the prefix filled in, once, when a store is set up.

/// Fills the prefix into the name of each table.
pub(crate) fn with_prefix(text: &str, prefix: &str) -> String {
    text.replace("{p}", prefix)
}

/// A struct of statements, by name.
macro_rules! statements {
    ($($name:ident: $text:expr,)*) => {
        pub(super) struct Sql {
            $(pub(super) $name: std::sync::Arc<str>,)*
        }

        impl Sql {
            pub(super) fn new(prefix: &str) -> Self {
                Self { $($name: $crate::sql::with_prefix($text, prefix).into(),)* }
            }
        }
    };
}

pub(crate) use statements;
