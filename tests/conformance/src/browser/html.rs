//! The part of HTML that the crate's pages and the simulator's need: links, and forms with their
//! buttons.

/// A form as it would be sent when nothing in it is changed.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// `action`, decoded.
    pub action: String,
    /// `method`, in upper case.
    pub method: String,
    /// Hidden, chosen and ticked inputs.
    pub fields: Vec<(String, String)>,
    /// Buttons: label, name, value.
    pub buttons: Vec<(String, String, String)>,
}

struct Tag<'a> {
    name: String,
    attributes: Vec<(String, String)>,
    /// What stands between this tag and the next.
    text: &'a str,
}

impl Tag<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(present, _)| present == name).map(|(_, value)| value.as_str())
    }

    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

/// The links of a page: text and target.
#[must_use]
pub fn links(html: &str) -> Vec<(String, String)> {
    let tags = tags(html);
    let links = tags.iter().filter(|tag| tag.name == "a");
    links.filter_map(|tag| Some((decode(tag.text.trim()), tag.get("href")?.to_owned()))).collect()
}

/// The target of `<meta http-equiv="refresh">`.
#[must_use]
pub fn meta_refresh(html: &str) -> Option<String> {
    let tags = tags(html);
    let tag =
        tags.iter().find(|tag| tag.name == "meta" && tag.get("http-equiv") == Some("refresh"))?;
    tag.get("content")?.split_once("url=").map(|(_, url)| url.to_owned())
}

/// The forms of a page.
#[must_use]
pub fn forms(html: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    let mut inside = false;
    for tag in tags(html) {
        match tag.name.as_str() {
            "form" => {
                inside = true;
                forms.push(Form {
                    action: tag.get("action").unwrap_or_default().to_owned(),
                    method: tag.get("method").unwrap_or("get").to_ascii_uppercase(),
                    ..Form::default()
                });
            }
            "/form" => inside = false,
            "input" if inside && !tag.has("disabled") => {
                let kind = tag.get("type").unwrap_or("text");
                let is_choice = matches!(kind, "radio" | "checkbox");
                if let (Some(name), Some(form)) = (tag.get("name"), forms.last_mut())
                    && (!is_choice || tag.has("checked"))
                {
                    let value = tag.get("value").unwrap_or("on").to_owned();
                    form.fields.push((name.to_owned(), value));
                }
            }
            "button" if inside => {
                if let Some(form) = forms.last_mut() {
                    form.buttons.push((
                        decode(tag.text.trim()),
                        tag.get("name").unwrap_or_default().to_owned(),
                        tag.get("value").unwrap_or_default().to_owned(),
                    ));
                }
            }
            _ => {}
        }
    }
    forms
}

fn tags(html: &str) -> Vec<Tag<'_>> {
    let mut tags = Vec::new();
    for piece in html.split('<').skip(1) {
        let Some((tag, text)) = piece.split_once('>') else {
            continue;
        };
        let (name, mut rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start();
            if rest.is_empty() {
                break;
            }
            let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
            let (attribute, after) = rest.split_at(end);
            let value = match after.strip_prefix("=\"").and_then(|after| after.split_once('"')) {
                Some((value, after)) => {
                    rest = after;
                    decode(value)
                }
                None => {
                    rest = after.trim_start_matches('=');
                    String::new()
                }
            };
            attributes.push((attribute.to_ascii_lowercase(), value));
        }
        tags.push(Tag { name: name.to_ascii_lowercase(), attributes, text });
    }
    tags
}

fn decode(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&middot;", "\u{b7}")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_with_what_it_would_send() {
        let html = "<form method=\"post\" action=\"/a?b=1&amp;c=2\"><input type=\"hidden\" name=\"w\" \
                    value=\"1\"><label><input type=\"radio\" name=\"r\" value=\"x\" checked> X</label>\
                    <input type=\"radio\" name=\"r\" value=\"y\"><input type=\"checkbox\" name=\"s\" \
                    value=\"d\" checked disabled><button name=\"d\" value=\"go\">Go on</button></form>";
        let [form] = &forms(html)[..] else { panic!("one form") };
        assert_eq!((form.method.as_str(), form.action.as_str()), ("POST", "/a?b=1&c=2"));
        let fields = [("w".to_owned(), "1".to_owned()), ("r".to_owned(), "x".to_owned())];
        assert_eq!(form.fields, fields);
        assert_eq!(form.buttons, [("Go on".to_owned(), "d".to_owned(), "go".to_owned())]);
        assert_eq!(
            links("<p><a href=\"/x&amp;y\">Try again</a>"),
            [("Try again".into(), "/x&y".into())]
        );
        let page = "<meta http-equiv=\"refresh\" content=\"0;url=/c?a=1&amp;hop=1\">";
        assert_eq!(meta_refresh(page).as_deref(), Some("/c?a=1&hop=1"));
    }
}
