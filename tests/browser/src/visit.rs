//! A person with a browser: a tab in a context of its own, with no cookie from before.

use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use crate::bidi::PATIENCE;
use crate::launch::Browser;
use crate::watch::{self, Complaint};

/// How often a page is asked whether it is ready.
const POLL: Duration = Duration::from_millis(20);

/// Longest wait for one look at a page.
const GLANCE: Duration = Duration::from_secs(4);

/// What a person looks for: by what it is and what it says, as assistive technology sees it.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// The ARIA role.
    pub role: &'static str,
    /// The accessible name.
    pub name: &'static str,
}

/// A cookie as the browser keeps it.
#[derive(Clone, Debug)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// `lax`, `strict` or `none`.
    pub same_site: String,
    /// Whether scripts cannot read it.
    pub http_only: bool,
    /// Whether it goes over https only.
    pub secure: bool,
    /// Where it belongs.
    pub domain: String,
    /// Where on it.
    pub path: String,
    /// Unix seconds, unless it goes with the browser.
    pub expires: Option<f64>,
}

/// A visit, and what is done in it.
pub struct Visit<'a> {
    /// The browser.
    pub browser: &'a Browser,
    user_context: String,
    tab: String,
    since: usize,
    /// Complaints that the check wants to see.
    expected: Mutex<Vec<&'static str>>,
}

impl<'a> Visit<'a> {
    /// A new tab in a new context.
    pub async fn start(browser: &'a Browser) -> Result<Visit<'a>, String> {
        let since = browser.bidi.events_so_far();
        let made = browser.bidi.command("browser.createUserContext", json!({})).await?;
        let user_context = text(&made["userContext"]);
        watch::install(browser, &user_context).await?;
        let tab = new_tab(browser, &user_context).await?;
        Ok(Visit { browser, user_context, tab, since, expected: Mutex::default() })
    }

    /// One more tab of the same person.
    pub async fn second_tab(&self) -> Result<Visit<'a>, String> {
        let tab = new_tab(self.browser, &self.user_context).await?;
        Ok(self.in_tab(tab))
    }

    /// The same person in a tab that is open.
    #[must_use]
    pub fn in_tab(&self, tab: String) -> Visit<'a> {
        let user_context = self.user_context.clone();
        let since = self.browser.bidi.events_so_far();
        Visit { browser: self.browser, user_context, tab, since, expected: Mutex::default() }
    }

    /// The tabs and windows that pages have opened since the visit began.
    pub async fn opened(&self) -> Result<String, String> {
        let look = |events: &[crate::bidi::Event]| {
            events.iter().find_map(|event| {
                let is_opened = event.method == "browsingContext.contextCreated"
                    && event.params["originalOpener"] == self.tab.as_str();
                is_opened.then(|| text(&event.params["context"]))
            })
        };
        self.browser.bidi.wait_for(self.since, "a popup", look).await
    }

    /// A command about this tab.
    pub async fn command(&self, method: &str, mut params: Value) -> Result<Value, String> {
        params["context"] = json!(self.tab);
        self.browser.bidi.command(method, params).await
    }

    /// Opens a URL and waits until the page is there.
    pub async fn open(&self, url: &str) -> Result<(), String> {
        self.command("browsingContext.navigate", json!({ "url": url, "wait": "complete" })).await?;
        Ok(())
    }

    /// Loads the page again.
    pub async fn reload(&self) -> Result<(), String> {
        self.command("browsingContext.reload", json!({ "wait": "complete" })).await?;
        Ok(())
    }

    /// The back button, so many times.
    pub async fn back(&self, steps: i32) -> Result<(), String> {
        self.command("browsingContext.traverseHistory", json!({ "delta": -steps })).await?;
        Ok(())
    }

    /// The address bar.
    pub async fn url(&self) -> Result<String, String> {
        let tree = json!({ "root": self.tab, "maxDepth": 0 });
        let tree = self.browser.bidi.command("browsingContext.getTree", tree).await?;
        Ok(text(&tree["contexts"][0]["url"]))
    }

    /// What an expression gives, as JSON.
    pub async fn evaluate(&self, expression: &str) -> Result<Value, String> {
        let function = format!("async () => JSON.stringify((await ({expression})) ?? null)");
        let params = json!({
            "functionDeclaration": function, "awaitPromise": true, "userActivation": true,
            "target": { "context": self.tab },
        });
        let answer = self.browser.bidi.command("script.callFunction", params).await?;
        if answer["type"] != "success" {
            return Err(format!("{expression}: {}", answer["exceptionDetails"]["text"]));
        }
        let json = answer["result"]["value"].as_str().unwrap_or("null");
        serde_json::from_str(json).map_err(|error| format!("{expression}: {error}"))
    }

    /// Runs a script that is there, such as a library, in the page.
    pub async fn run(&self, script: &str) -> Result<(), String> {
        let params = json!({
            "expression": script, "awaitPromise": false, "target": { "context": self.tab },
        });
        let answer = self.browser.bidi.command("script.evaluate", params).await?;
        if answer["type"] == "success" { Ok(()) } else { Err(answer.to_string()) }
    }

    /// What the page says.
    pub async fn text(&self) -> Result<String, String> {
        Ok(text(&self.evaluate("document.body.innerText").await?))
    }

    /// Tries again until there is an answer. Failures meanwhile come from a page that is being
    /// replaced.
    pub async fn until<T, F>(&self, what: &str, mut look: impl FnMut() -> F) -> Result<T, String>
    where
        F: Future<Output = Result<Option<T>, String>>,
    {
        let end = Instant::now() + PATIENCE;
        loop {
            let last = match look().await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => String::new(),
                Err(error) => error,
            };
            if Instant::now() > end {
                let url = self.url().await.unwrap_or_default();
                let page = self.text().await.unwrap_or_default();
                return Err(format!("{what}: not in {PATIENCE:?} {last}\nat {url}:\n{page}"));
            }
            sleep(POLL).await;
        }
    }

    /// Waits until the page says this.
    pub async fn sees(&self, words: &str) -> Result<(), String> {
        let look = || async { Ok(self.text().await?.contains(words).then_some(())) };
        self.until(&format!("to see \"{words}\""), look).await
    }

    /// Waits until the address is this. An empty fragment may be at its end: without it browsers carry
    /// the provider's `#_` over the redirect.
    pub async fn is_at(&self, url: &str) -> Result<(), String> {
        let look = || async { Ok((self.url().await?.trim_end_matches('#') == url).then_some(())) };
        self.until(&format!("to be at {url}"), look).await
    }

    /// What is there by this role and name.
    async fn matching(&self, named: Named) -> Result<Vec<Value>, String> {
        let value = json!({ "role": named.role, "name": named.name });
        let params = json!({ "locator": { "type": "accessibility", "value": value } });
        // Firefox does not answer when the page goes away meanwhile.
        let looking = self.command("browsingContext.locateNodes", params);
        let found = timeout(GLANCE, looking).await.map_err(|_| "the page went away")??;
        Ok(found["nodes"].as_array().cloned().unwrap_or_default())
    }

    /// Whether it is there now.
    pub async fn has(&self, named: Named) -> Result<bool, String> {
        Ok(!self.matching(named).await?.is_empty())
    }

    /// Waits for it, and gives the reference by which commands name it.
    pub async fn find(&self, named: Named) -> Result<Value, String> {
        let look = || async {
            let node = self.matching(named).await?.into_iter().next();
            Ok(node.map(|node| json!({ "sharedId": node["sharedId"] })))
        };
        self.until(&format!("to find the {} \"{}\"", named.role, named.name), look).await
    }

    /// A click with the mouse.
    pub async fn click(&self, named: Named) -> Result<(), String> {
        let look = || async {
            let Some(node) = self.matching(named).await?.into_iter().next() else {
                return Ok(None);
            };
            let element = json!({ "sharedId": node["sharedId"] });
            let scroll = json!({
                "functionDeclaration": "element => element.scrollIntoView({block: 'center'})",
                "arguments": [element], "awaitPromise": false, "target": { "context": self.tab },
            });
            self.browser.bidi.command("script.callFunction", scroll).await?;
            let origin = json!({ "type": "element", "element": element });
            let actions = json!([{ "type": "pointer", "id": "mouse", "actions": [
                { "type": "pointerMove", "x": 0, "y": 0, "origin": origin },
                { "type": "pointerDown", "button": 0 },
                { "type": "pointerUp", "button": 0 },
            ] }]);
            self.command("input.performActions", json!({ "actions": actions })).await?;
            Ok(Some(()))
        };
        self.until(&format!("to click the {} \"{}\"", named.role, named.name), look).await
    }

    /// Clicks the box or radio button of that value: their labels hold more than their names.
    pub async fn choose(&self, value: &str) -> Result<(), String> {
        let script = format!(
            "(() => {{ const box = document.querySelector('input[value=\"{value}\"]'); \
             box?.click(); return box !== null }})()"
        );
        let look = || async { Ok((self.evaluate(&script).await? == true).then_some(())) };
        self.until(&format!("to choose {value}"), look).await
    }

    /// Brings the tab to the front: one in the background may not be drawn.
    pub async fn look_here(&self) -> Result<(), String> {
        self.command("browsingContext.activate", json!({})).await?;
        Ok(())
    }

    /// Keys, one after another: characters, or the code points of WebDriver for others.
    pub async fn keys(&self, keys: &str) -> Result<(), String> {
        let strokes: Vec<_> = keys
            .chars()
            .flat_map(|key| {
                ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() }))
            })
            .collect();
        let actions = json!([{ "type": "key", "id": "keyboard", "actions": strokes }]);
        self.command("input.performActions", json!({ "actions": actions })).await?;
        Ok(())
    }

    /// The size of the page's part of the window, in CSS pixels.
    pub async fn resize(&self, width: u32, height: u32) -> Result<(), String> {
        let viewport = json!({ "width": width, "height": height });
        let params = json!({ "viewport": viewport, "devicePixelRatio": null });
        self.command("browsingContext.setViewport", params).await?;
        Ok(())
    }

    /// A picture of what is in the window, as PNG.
    pub async fn screenshot(&self) -> Result<Vec<u8>, String> {
        let picture = self.command("browsingContext.captureScreenshot", json!({})).await?;
        let data = picture["data"].as_str().unwrap_or_default();
        base64::engine::general_purpose::STANDARD.decode(data).map_err(|error| error.to_string())
    }

    /// The cookies of this person.
    pub async fn cookies(&self) -> Result<Vec<Cookie>, String> {
        let partition = json!({ "type": "storageKey", "userContext": self.user_context });
        let params = json!({ "partition": partition });
        let kept = self.browser.bidi.command("storage.getCookies", params).await?;
        let kept = kept["cookies"].as_array().cloned().unwrap_or_default();
        Ok(kept.iter().map(cookie).collect())
    }

    /// The addresses of the pages that were shown since the visit began, oldest first.
    pub fn shown(&self) -> Vec<String> {
        let events = self.browser.bidi.events_since(self.since).into_iter();
        let shown = events.filter(|event| {
            event.method == "browsingContext.domContentLoaded"
                && event.params["context"] == self.tab.as_str()
        });
        shown.map(|event| text(&event.params["url"])).collect()
    }

    /// Forgets the cookies of this person.
    pub async fn forget_cookies(&self) -> Result<(), String> {
        let partition = json!({ "type": "storageKey", "userContext": self.user_context });
        let params = json!({ "partition": partition });
        self.browser.bidi.command("storage.deleteCookies", params).await?;
        Ok(())
    }

    /// A complaint with these words is what the check is about.
    pub fn expect(&self, words: &'static str) {
        self.expected.lock().expect("no check panics with it").push(words);
    }

    /// What pages complained about that was not expected.
    pub fn complaints(&self) -> Vec<Complaint> {
        let expected = self.expected.lock().expect("no check panics with it");
        let mut all = watch::complaints(&self.browser.bidi.events_since(self.since));
        all.retain(|complaint| !expected.iter().any(|words| complaint.0.contains(words)));
        all
    }

    /// Closes every tab of this person and forgets their cookies.
    pub async fn end(self) -> Result<(), String> {
        let params = json!({ "userContext": self.user_context });
        self.browser.bidi.command("browser.removeUserContext", params).await?;
        Ok(())
    }
}

async fn new_tab(browser: &Browser, user_context: &str) -> Result<String, String> {
    let params = json!({ "type": "tab", "userContext": user_context });
    let made = browser.bidi.command("browsingContext.create", params).await?;
    Ok(text(&made["context"]))
}

fn cookie(kept: &Value) -> Cookie {
    Cookie {
        name: text(&kept["name"]),
        same_site: text(&kept["sameSite"]),
        http_only: kept["httpOnly"] == true,
        secure: kept["secure"] == true,
        domain: text(&kept["domain"]),
        path: text(&kept["path"]),
        expires: kept["expiry"].as_f64(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
