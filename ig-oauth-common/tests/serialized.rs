//! What apps store comes back as it was.

#![allow(clippy::unwrap_used, reason = "tests")]

use ig_oauth_common::hooks::DeletionStatus;
use ig_oauth_common::{AccountType, Lifetime, Scope, Scopes, Timestamp, UserId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, from_value, json, to_value};

fn comes_back<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
    value: T,
    as_json: Value,
) {
    assert_eq!(to_value(&value).unwrap(), as_json);
    assert_eq!(from_value::<T>(as_json).unwrap(), value);
}

#[test]
fn what_apps_store_is_plain_json_and_comes_back() {
    comes_back(UserId::from(17_841_405_793_187_218), json!("17841405793187218"));
    comes_back(Scope::InstagramBusinessBasic, json!("instagram_business_basic"));
    comes_back("a_new_one".parse::<Scope>().unwrap(), json!("a_new_one"));
    comes_back(
        Scopes::from(vec![Scope::UserProfile, Scope::UserMedia]),
        json!(["user_profile", "user_media"]),
    );
    comes_back(Timestamp::from_unix_seconds(1_800_000_000), json!(1_800_000_000));
    comes_back(Lifetime::LongLived, json!("long_lived"));
    comes_back(AccountType::MediaCreator, json!("MEDIA_CREATOR"));
    comes_back(DeletionStatus::Queued, json!("queued"));
}

#[test]
fn what_is_none_is_refused_and_not_repeated() {
    for wrong in [json!(17_841_405), json!(""), json!("12a"), json!("1".repeat(33))] {
        let error = from_value::<UserId>(wrong.clone()).unwrap_err().to_string();
        assert!(!error.contains("12a"), "{wrong}: {error}");
    }
    assert!(from_value::<Scope>(json!("Not A Scope")).is_err());
    assert!(from_value::<Scopes>(json!(["user_media", "Not A Scope"])).is_err());
    assert!(from_value::<Timestamp>(json!(-1)).is_err());
}

#[test]
fn a_scope_that_is_named_twice_is_kept_once() {
    let scopes: Scopes = from_value(json!(["user_media", "user_media"])).unwrap();
    assert_eq!(scopes.into_iter().collect::<Vec<_>>(), [Scope::UserMedia]);
}
