//! The Lua scripts: one per operation, so each operation is atomic and one round trip.

use redis::{Script, ScriptInvocation};

/// A struct of scripts, with the names of their files.
macro_rules! scripts {
    ($($name:ident,)*) => {
        pub(super) struct Scripts {
            /// The prefix as a hash tag. A cluster uses only the tag to place a key.
            tag: String,
            $($name: Script,)*
        }

        impl Scripts {
            pub(super) fn new(prefix: &str) -> Self {
                let shared = include_str!("scripts/shared.lua");
                let script = |text| Script::new(&format!("{shared}\n{text}"));
                Self {
                    tag: format!("{{{prefix}}}"),
                    $($name: script(include_str!(concat!("scripts/", stringify!($name), ".lua"))),)*
                }
            }

            $(pub(super) fn $name(&self) -> ScriptInvocation<'_> {
                self.$name.key(&self.tag)
            })*
        }
    };
}

scripts! {
    account,
    accounts,
    accounts_known_by,
    check,
    claim,
    deletion,
    end_session,
    end_sessions,
    forget_account,
    put_account,
    put_deletion,
    replace_account,
    session,
    sessions,
    touch_session,
}
