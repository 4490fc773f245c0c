//! The two APIs, and the formats of their responses.

/// The API of the provider that is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Api {
    /// "Instagram API with Instagram Login", which the provider serves today.
    #[default]
    InstagramLogin,
    /// "Instagram Basic Display API", by Meta's guide "Get Access Tokens and Permissions".
    BasicDisplay,
}

impl Api {
    /// The permission that every authorization request must ask for.
    pub(crate) fn required_scope(self) -> &'static str {
        match self {
            Self::InstagramLogin => "instagram_business_basic",
            Self::BasicDisplay => "user_profile",
        }
    }

    pub(crate) fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::InstagramLogin => &[
                "instagram_business_basic",
                "instagram_business_content_publish",
                "instagram_business_manage_messages",
                "instagram_business_manage_comments",
                "instagram_business_manage_insights",
            ],
            Self::BasicDisplay => &["user_profile", "user_media"],
        }
    }
}

/// The formats in which successful code exchanges have been seen.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TokenShape {
    /// Fields at the top level, the id a number, `permissions` a list: what the live service
    /// serves. Under Basic Display without `permissions`, as in its guide.
    #[default]
    FlatNumberArray,
    /// In `{"data":[…]}`, the id text, `permissions` text with commas: what Meta's page shows.
    WrappedStringIdCommaString,
    /// In `{"data":[…]}`, the id a number, `permissions` a list.
    WrappedNumberArray,
    /// Fields at the top level, the id a number, `permissions` text with commas.
    FlatNumberCommaString,
    /// Fields at the top level, the id a number, no `permissions`.
    FlatNumberNoPermissions,
    /// Exactly this body, with `{token}` and `{user_id}` replaced.
    Verbatim(String),
}

impl TokenShape {
    pub(crate) fn body(&self, api: Api, token: &str, user_id: u64, scopes: &[String]) -> String {
        use serde_json::json;
        let list = scopes.join(",");
        let (flat, with_list, with_text) = (
            json!({ "access_token": token, "user_id": user_id }),
            json!({ "access_token": token, "user_id": user_id, "permissions": scopes }),
            json!({ "access_token": token, "user_id": user_id, "permissions": list }),
        );
        let body = match self {
            Self::FlatNumberArray if api == Api::BasicDisplay => flat,
            Self::FlatNumberArray => with_list,
            Self::WrappedStringIdCommaString => json!({ "data": [{
                "access_token": token, "user_id": user_id.to_string(), "permissions": list
            }] }),
            Self::WrappedNumberArray => json!({ "data": [with_list] }),
            Self::FlatNumberCommaString => with_text,
            Self::FlatNumberNoPermissions => flat,
            Self::Verbatim(body) => {
                return body.replace("{token}", token).replace("{user_id}", &user_id.to_string());
            }
        };
        body.to_string()
    }
}
