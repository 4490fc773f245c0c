//! What the server does in one go. Each script is text of its own, after what they share.

use redis::Script;

macro_rules! scripts {
    ($($name:ident,)*) => {
        pub(super) struct Scripts {
            $(pub(super) $name: Script,)*
        }

        impl Scripts {
            pub(super) fn new() -> Self {
                Self { $($name: Script::new(concat!(
                    include_str!("scripts/shared.lua"),
                    include_str!(concat!("scripts/", stringify!($name), ".lua")),
                )),)* }
            }
        }
    };
}

scripts! {
    begin_session,
    put_account,
    replace_account,
    session,
    touch_session,
    end_session,
    sessions,
    end_sessions,
    account,
    accounts,
    accounts_known_by,
    revoke,
    claim,
    release,
    put_deletion,
    deletion,
}
