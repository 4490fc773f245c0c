//! The accounts that can log in.

/// An Instagram account of the simulator.
#[derive(Clone, Debug)]
#[must_use]
pub struct Account {
    pub(crate) user_id: u64,
    pub(crate) professional_account_id: u64,
    pub(crate) username: String,
    pub(crate) name: Option<String>,
    pub(crate) account_type: String,
    pub(crate) profile_picture_url: Option<String>,
    pub(crate) followers_count: u64,
    pub(crate) follows_count: u64,
    pub(crate) media_count: u64,
}

impl Account {
    /// An account with that app-scoped id.
    pub fn new(user_id: u64, username: impl Into<String>) -> Self {
        Self {
            user_id,
            professional_account_id: user_id ^ 0x55,
            username: username.into(),
            name: None,
            account_type: "BUSINESS".to_owned(),
            profile_picture_url: None,
            followers_count: 12,
            follows_count: 34,
            media_count: 56,
        }
    }

    /// The id that webhooks and `/me?fields=user_id` contain, which differs from the app-scoped id.
    pub fn professional_account_id(mut self, id: u64) -> Self {
        self.professional_account_id = id;
        self
    }

    /// The display name. An account may have none.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// `BUSINESS`, `MEDIA_CREATOR` or, under Basic Display, `PERSONAL`.
    pub fn account_type(mut self, account_type: impl Into<String>) -> Self {
        self.account_type = account_type.into();
        self
    }

    /// The URL of the picture. An account may have none.
    pub fn profile_picture_url(mut self, url: impl Into<String>) -> Self {
        self.profile_picture_url = Some(url.into());
        self
    }

    /// Followers, follows and media.
    pub fn counts(mut self, followers: u64, follows: u64, media: u64) -> Self {
        (self.followers_count, self.follows_count, self.media_count) = (followers, follows, media);
        self
    }

    /// The app-scoped id.
    #[must_use]
    pub fn user_id(&self) -> u64 {
        self.user_id
    }

    /// Whether this is one of the account's ids.
    pub(crate) fn is(&self, id: u64) -> bool {
        id == self.user_id || id == self.professional_account_id
    }

    /// The user name.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }
}

/// Two accounts with ids that no floating-point number can represent: the test of a client that
/// reads JSON numbers as doubles fails.
pub(crate) fn defaults() -> Vec<Account> {
    vec![
        Account::new(17_841_458_366_137_975, "simulated.bakery")
            .professional_account_id(17_841_477_965_412_211)
            .name("The Simulated Bakery"),
        Account::new(27_640_875_392_278_831, "simulated.studio")
            .professional_account_id(17_841_401_234_567_891)
            .account_type("MEDIA_CREATOR"),
    ]
}

#[cfg(test)]
mod tests {
    #[test]
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn no_default_id_survives_a_float() {
        for account in super::defaults() {
            assert_ne!(account.user_id as f64 as u64, account.user_id);
            assert_ne!(
                account.professional_account_id as f64 as u64,
                account.professional_account_id
            );
        }
    }
}
