//! The simulator's state: accounts, windows, codes, tokens, and the time.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::account::Account;
use crate::api::{Api, TokenShape};
use crate::fault::Faults;
use crate::record::{Observer, RecordedRequest};

/// Meta's guide: "Authorization Codes are valid for 1 hour and can only be used once."
const CODE_LIFETIME: u64 = 60 * 60;
/// Meta's reference of the access token endpoint: one hour.
const SHORT_LIFETIME: u64 = 60 * 60;
/// The `expires_in` of Meta's samples: 59.999 days.
pub(crate) const LONG_LIFETIME: u64 = 5_183_944;

const MAX_RECORDS: usize = 100_000;
const MAX_WINDOWS: usize = 10_000;

/// The request of an authorization window.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) scopes: Vec<String>,
}

#[derive(Debug)]
struct Code {
    account: u64,
    redirect_uri: String,
    scopes: Vec<String>,
    issued_at: u64,
    used: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Short,
    Long,
}

/// An access token that was issued.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) account: u64,
    pub(crate) scopes: Vec<String>,
    pub(crate) kind: Kind,
    pub(crate) issued_at: u64,
    pub(crate) expires_at: u64,
    pub(crate) revoked: Option<Revoked>,
}

/// Why a token was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Revoked {
    PasswordChanged,
    AppRemoved,
}

/// Why a code is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeRefused {
    /// Not a code.
    Malformed,
    /// It has the form of a code, but belongs to another app or is truncated.
    Foreign,
    Used,
    Expired,
    RedirectUri,
}

/// The prefix of codes. Text without it is not a code.
const CODE_PREFIX: &str = "FAKECODE-";

#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) api: Api,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) any_loopback: bool,
    pub(crate) cancel_without_state: bool,
    /// Whether the `#_` is sent as `%23_`, in the query.
    pub(crate) escapes_fragment: bool,
    pub(crate) window_answer: Option<Vec<(String, String)>>,
    pub(crate) refresh_keeps_string: bool,
    pub(crate) deauthorize_url: Option<String>,
    pub(crate) data_deletion_url: Option<String>,
    pub(crate) tells_professional_ids: bool,
    pub(crate) accounts: Vec<Account>,
    pub(crate) shape: TokenShape,
    pub(crate) faults: Faults,
    pub(crate) records: VecDeque<RecordedRequest>,
    pub(crate) observer: Option<Observer>,
    frozen_at: Option<u64>,
    advanced: u64,
    windows: HashMap<String, Window>,
    codes: HashMap<String, Code>,
    tokens: HashMap<String, Token>,
    issued_codes: Vec<String>,
    issued_tokens: Vec<String>,
}

impl Ledger {
    pub(crate) fn new(client_id: String, client_secret: String, accounts: Vec<Account>) -> Self {
        Self {
            api: Api::default(),
            client_id,
            client_secret,
            redirect_uris: Vec::new(),
            any_loopback: false,
            cancel_without_state: false,
            escapes_fragment: false,
            window_answer: None,
            refresh_keeps_string: false,
            deauthorize_url: None,
            tells_professional_ids: false,
            data_deletion_url: None,
            accounts,
            shape: TokenShape::default(),
            faults: Faults::default(),
            records: VecDeque::new(),
            observer: None,
            frozen_at: None,
            advanced: 0,
            windows: HashMap::new(),
            codes: HashMap::new(),
            tokens: HashMap::new(),
            issued_codes: Vec::new(),
            issued_tokens: Vec::new(),
        }
    }

    pub(crate) fn now(&self) -> u64 {
        let system = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
        self.frozen_at.unwrap_or_else(system).saturating_add(self.advanced)
    }

    pub(crate) fn set_time(&mut self, unix_seconds: u64) {
        self.frozen_at = Some(unix_seconds);
        self.advanced = 0;
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.advanced = self.advanced.saturating_add(by.as_secs());
    }

    pub(crate) fn record(&mut self, request: RecordedRequest) {
        if let Some(observer) = &self.observer {
            (observer.0)(&request);
        }
        if self.records.len() >= MAX_RECORDS {
            self.records.pop_front();
        }
        self.records.push_back(request);
    }

    pub(crate) fn account(&self, user_id: u64) -> Option<&Account> {
        self.accounts.iter().find(|account| account.user_id == user_id)
    }

    /// Compares exactly, as the provider does; a trailing slash counts.
    pub(crate) fn knows_redirect_uri(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|known| known == uri)
            || (self.any_loopback && is_plain_loopback(uri))
    }

    pub(crate) fn open_window(&mut self, window: Window) -> String {
        if self.windows.len() >= MAX_WINDOWS {
            self.windows.clear();
        }
        let id = random_text();
        self.windows.insert(id.clone(), window);
        id
    }

    pub(crate) fn close_window(&mut self, id: &str) -> Option<Window> {
        self.windows.remove(id)
    }

    pub(crate) fn issue_code(
        &mut self,
        account: u64,
        redirect_uri: &str,
        scopes: Vec<String>,
    ) -> String {
        // Codes of the live service contain dashes and underscores, which must not be trimmed.
        let code = format!("{CODE_PREFIX}{}-x_", random_text());
        let redirect_uri = redirect_uri.to_owned();
        let issued_at = self.now();
        let entry = Code { account, redirect_uri, scopes, issued_at, used: false };
        self.codes.insert(code.clone(), entry);
        self.issued_codes.push(code.clone());
        code
    }

    /// Checks a code without using it. A code with the wrong redirect URI is used all the same.
    pub(crate) fn check_code(&mut self, code: &str, redirect_uri: &str) -> Result<(), CodeRefused> {
        let now = self.now();
        let Some(entry) = self.codes.get_mut(code) else {
            let is_code = code.starts_with(CODE_PREFIX);
            return Err(if is_code { CodeRefused::Foreign } else { CodeRefused::Malformed });
        };
        if entry.used {
            return Err(CodeRefused::Used);
        }
        if now.saturating_sub(entry.issued_at) > CODE_LIFETIME {
            return Err(CodeRefused::Expired);
        }
        if entry.redirect_uri != redirect_uri {
            entry.used = true;
            return Err(CodeRefused::RedirectUri);
        }
        Ok(())
    }

    /// Uses a code.
    pub(crate) fn spend_code(
        &mut self,
        code: &str,
        redirect_uri: &str,
    ) -> Result<(String, Token), CodeRefused> {
        self.check_code(code, redirect_uri)?;
        let now = self.now();
        let entry = self.codes.get_mut(code).ok_or(CodeRefused::Malformed)?;
        entry.used = true;
        let (account, scopes) = (entry.account, entry.scopes.clone());
        let token = Token {
            account,
            scopes,
            kind: Kind::Short,
            issued_at: now,
            expires_at: now.saturating_add(SHORT_LIFETIME),
            revoked: None,
        };
        Ok((self.keep_token(token.clone()), token))
    }

    /// A long-lived token for the same account and scopes.
    pub(crate) fn issue_long(&mut self, like: &Token) -> String {
        let now = self.now();
        self.keep_token(Token {
            kind: Kind::Long,
            issued_at: now,
            expires_at: now.saturating_add(LONG_LIFETIME),
            revoked: None,
            ..like.clone()
        })
    }

    /// Gives the token with this text a new lifetime.
    pub(crate) fn prolong(&mut self, text: &str) {
        let now = self.now();
        if let Some(token) = self.tokens.get_mut(text) {
            token.issued_at = now;
            token.expires_at = now.saturating_add(LONG_LIFETIME);
        }
    }

    fn keep_token(&mut self, token: Token) -> String {
        let kind = match token.kind {
            Kind::Short => "SHORT",
            Kind::Long => "LONG",
        };
        let text = format!("FAKE-IG-{kind}-{}", random_text());
        self.tokens.insert(text.clone(), token);
        self.issued_tokens.push(text.clone());
        text
    }

    pub(crate) fn token(&self, text: &str) -> Option<&Token> {
        self.tokens.get(text)
    }

    pub(crate) fn revoke_tokens(&mut self) {
        let reason = Some(Revoked::PasswordChanged);
        self.tokens.values_mut().for_each(|token| token.revoked = reason);
    }

    pub(crate) fn revoke_account(&mut self, user_id: u64) {
        let tokens = self.tokens.values_mut().filter(|token| token.account == user_id);
        tokens.for_each(|token| token.revoked = Some(Revoked::AppRemoved));
    }

    pub(crate) fn issued_tokens(&self) -> Vec<String> {
        self.issued_tokens.clone()
    }

    pub(crate) fn issued_codes(&self) -> Vec<String> {
        self.issued_codes.clone()
    }
}

/// Plain http on this machine, parsed as a browser does. With user info another host could pass:
/// `http://127.0.0.1:80@elsewhere.example/` leads elsewhere.
fn is_plain_loopback(uri: &str) -> bool {
    url::Url::parse(uri).is_ok_and(|uri| {
        uri.scheme() == "http"
            && matches!(uri.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
            && uri.username().is_empty()
            && uri.password().is_none()
            && uri.fragment().is_none()
    })
}

/// 128 random bits in hex. A simulator has no real secrets, so without randomness it continues with
/// a constant, which is easy to notice.
pub(crate) fn random_text() -> String {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        return "no-randomness".to_owned();
    }
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
