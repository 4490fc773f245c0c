//! What a browser complains about: errors and warnings in the console, what a content security policy
//! forbids, and what a page could not load.

use std::fmt;

use serde_json::{Value, json};

use crate::bidi::Event;
use crate::launch::Browser;

/// The channel on which pages report.
const CHANNEL: &str = "page";

/// Runs before any script of a page. Firefox keeps reports of a policy out of what BiDi calls the log.
const LISTENER: &str = "report => {
    addEventListener('securitypolicyviolation', event => report(
        `policy: ${event.effectiveDirective} forbids ${event.blockedURI || 'something'}`), true);
    addEventListener('error', event => {
        if (event.target !== window && event.target.tagName)
            report(`load: ${event.target.tagName} ${event.target.src || event.target.href}`);
    }, true);
}";

/// One thing that went wrong in a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint(pub String);

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Has the pages of a context report.
pub(crate) async fn install(browser: &Browser, user_context: &str) -> Result<(), String> {
    let params = json!({
        "functionDeclaration": LISTENER,
        "arguments": [{ "type": "channel", "value": { "channel": CHANNEL } }],
        "userContexts": [user_context],
    });
    browser.bidi.command("script.addPreloadScript", params).await?;
    Ok(())
}

/// The complaints among events.
pub(crate) fn complaints(events: &[Event]) -> Vec<Complaint> {
    events.iter().filter_map(complaint).collect()
}

fn complaint(event: &Event) -> Option<Complaint> {
    let params = &event.params;
    let said = match event.method.as_str() {
        "log.entryAdded" if params["level"] == "error" || params["level"] == "warn" => {
            format!("console: {}", text(&params["text"]))
        }
        "script.message" if params["channel"] == CHANNEL => text(&params["data"]["value"]),
        // The page itself may be an error page: that is for the check to say.
        "network.responseCompleted" if params["navigation"].is_null() => {
            let status = params["response"]["status"].as_u64().filter(|status| *status >= 400)?;
            format!("network: {status} for {}", text(&params["request"]["url"]))
        }
        _ => return None,
    };
    // Firefox's own viewer of JSON.
    let is_own = said.contains("chrome://") || said.contains("resource://");
    if is_own {
        return None;
    }
    Some(Complaint(said))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
