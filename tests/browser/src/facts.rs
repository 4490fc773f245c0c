//! What pages say and offer: each fact once, for every check that needs it.

use crate::visit::Named;

const fn link(name: &'static str) -> Named {
    Named { role: "link", name }
}

const fn button(name: &'static str) -> Named {
    Named { role: "button", name }
}

/// The simulator's window.
pub mod window {
    use super::{Named, button};

    /// What only the window says.
    pub const SIGN: &str = "This is not Instagram";
    /// Goes on with what is ticked.
    pub const ALLOW: Named = button("Allow");
    /// Goes back without.
    pub const CANCEL: Named = button("Cancel");
    /// The chosen account removes the app.
    pub const REMOVE: Named = button("Remove app");
    /// What is said then.
    pub const REMOVED: &str = "removed the app";
    /// The chosen account wants its data deleted.
    pub const DELETE: Named = button("Delete my data");
    /// The permission that the examples ask for besides.
    pub const COMMENTS: &str = "instagram_business_manage_comments";
}

/// The examples' home page.
pub mod home {
    use super::{Named, button, link};

    /// For visitors.
    pub const VISITOR: &str = "Hello, visitor";
    /// For users.
    pub const USER: &str = "You are logged in";
    /// For users whose token the provider has ended.
    pub const ENDED: &str = "Please log in again";
    /// The login.
    pub const LOG_IN: Named = link("Log in with Instagram");
    /// The logout.
    pub const LOG_OUT: Named = button("Log out");
    /// A login that asks for more.
    pub const MORE: Named = link("Ask for more");
    /// A page that needs a login.
    pub const DEEP: Named = link("a page that needs a login");
}

/// The pages of the crate.
pub mod pages {
    use super::{Named, link};

    /// Starts the same login again.
    pub const TRY_AGAIN: Named = link("Try again");
    /// Starts a login that asks for the permission that is missing.
    pub const ASK: Named = link("Ask Instagram for it");
    /// The answer to a form without a login.
    pub const NOTHING_SAVED: &str = "Nothing was saved";
    /// The text for a user who did not go on.
    pub const CANCELLED: &str = "You chose not to continue with Instagram";
}

/// The connect examples.
pub mod connect {
    use super::{Named, button};

    /// For visitors.
    pub const WHO: &str = "Who are you?";
    /// The app's own login.
    pub const ENTER: Named = button("Enter");
    /// Leads to the window.
    pub const CONNECT: Named = button("Connect an Instagram account");
    /// Takes the first account away.
    pub const DISCONNECT: Named = button("Disconnect @simulated.bakery");
    /// The page of a user without an account.
    pub const NONE: &str = "You have not connected an account";
}
