//! SQLite: a real file.
#![cfg(all(feature = "sqlite", feature = "suite"))]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod support;

use std::path::PathBuf;
use std::time::Duration;

use ig_oauth_common::store::{AccountPage, Store as _};
use ig_oauth_stores::{SqliteStore, StoreSetupErrorKind, suite};
use support::{HOUR, NOW, login};

/// A file of the test's own, which goes with its value.
struct File(PathBuf);

impl File {
    fn new() -> Self {
        let name = format!("ig-oauth-{}-{:016x}", std::process::id(), fastrand::u64(..));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn path(&self) -> String {
        self.0.join("store.db").to_str().unwrap().to_owned()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sqlite_file_passes_the_suite() {
    let file = File::new();
    let store = SqliteStore::open(file.path()).await.unwrap();
    let cases = suite::run_all(&store).await;
    println!("suite on sqlite: {cases} cases");
}

#[tokio::test]
async fn a_database_in_memory_passes_the_suite() {
    suite::run_all(&SqliteStore::open(":memory:").await.unwrap()).await;
}

#[tokio::test]
async fn a_login_outlives_the_process() {
    let file = File::new();
    let (session, account) = login();
    let store = SqliteStore::open(file.path()).await.unwrap();
    store.put_account(account.clone(), Some(session.clone())).await.unwrap();
    drop(store);
    let store = SqliteStore::open(format!("sqlite:{}", file.path())).await.unwrap();
    let found = store.session(&session.id_hash, NOW).await.unwrap();
    assert_eq!(found, Some((session, account)));
}

#[tokio::test]
async fn a_lock_held_elsewhere_stops_writers_within_the_timeout_and_no_reader() {
    let file = File::new();
    let builder = SqliteStore::builder(file.path()).timeout(Duration::from_secs(1));
    let store = builder.open().await.unwrap();
    let (session, account) = login();
    store.put_account(account.clone(), Some(session.clone())).await.unwrap();
    let holder = rusqlite::Connection::open(file.path()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(store.put_account(account.clone(), None).await.is_err());
    assert!(store.session(&session.id_hash, NOW).await.unwrap().is_some());
    holder.execute_batch("COMMIT").unwrap();
    store.put_account(account, None).await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_is_not_where_it_was_is_an_outage_until_it_is_back() {
    let file = File::new();
    let store = SqliteStore::open(file.path()).await.unwrap();
    let (session, account) = login();
    store.put_account(account.clone(), Some(session.clone())).await.unwrap();
    assert!(store.session(&session.id_hash, NOW).await.unwrap().is_some());
    let away = file.0.join("away.db");
    std::fs::rename(file.path(), &away).unwrap();
    let error = store.session(&session.id_hash, NOW).await.unwrap_err();
    assert!(support::cause(&error).contains("put it back"), "{}", support::cause(&error));
    assert!(store.put_account(account.clone(), None).await.is_err());
    assert!(!std::path::Path::new(&file.path()).exists(), "no other file is made in its place");
    // Another one, as of a backup, is not taken for it.
    std::fs::copy(&away, file.path()).unwrap();
    assert!(store.session(&session.id_hash, NOW).await.is_err());
    std::fs::rename(&away, file.path()).unwrap();
    assert!(store.session(&session.id_hash, NOW).await.unwrap().is_some());
    store.put_account(account, None).await.unwrap();
}

#[tokio::test]
async fn starting_processes_make_the_tables_once() {
    let file = File::new();
    let starting = (0..8).map(|_| SqliteStore::open(file.path()));
    let stores = futures_util::future::join_all(starting).await;
    for store in stores {
        store.unwrap();
    }
}

#[tokio::test]
async fn the_printed_tables_are_the_ones_it_wants() {
    let file = File::new();
    let unmanaged = || SqliteStore::builder(file.path()).prefix("mine").manage_schema(false);
    let missing = unmanaged().open().await.unwrap_err();
    assert_eq!(missing.kind(), StoreSetupErrorKind::Schema);
    assert!(missing.to_string().contains("SqliteStore::schema(\"mine\")"), "{missing}");
    let beside = rusqlite::Connection::open(file.path()).unwrap();
    beside.execute_batch(&SqliteStore::schema("mine").unwrap()).unwrap();
    let store = unmanaged().open().await.unwrap();
    store.put_account(login().1, None).await.unwrap();
    beside.execute_batch("UPDATE mine_schema SET version = 99").unwrap();
    let newer = unmanaged().open().await.unwrap_err();
    assert!(newer.to_string().contains("update it"), "{newer}");
}

#[tokio::test]
async fn a_thousand_writes_clear_what_has_expired_by_every_clock() {
    let store = SqliteStore::open(":memory:").await.unwrap();
    support::forgets_what_has_expired_by_every_clock(&store).await;
}

#[tokio::test]
async fn what_has_expired_is_forgotten() {
    let store = SqliteStore::open(":memory:").await.unwrap();
    let (session, account) = login();
    store.put_account(account.clone(), Some(session)).await.unwrap();
    assert!(store.claim(support::claim(), NOW).await.unwrap());
    store.put_deletion(None, support::deletion(), NOW).await.unwrap();
    assert_eq!(store.purge_expired(NOW).await.unwrap(), 0);
    assert_eq!(store.purge_expired(NOW.saturating_add(2 * HOUR)).await.unwrap(), 2);
    assert_eq!(store.purge_expired(NOW.saturating_add(25 * HOUR)).await.unwrap(), 1);
    assert!(store.account(&account.key, NOW).await.unwrap().is_some());
    assert_eq!(store.purge_expired(NOW.saturating_add(61 * 24 * HOUR)).await.unwrap(), 1);
    assert_eq!(store.accounts(AccountPage::new("client", 10)).await.unwrap(), []);
}

#[tokio::test]
async fn it_does_not_depend_on_the_runtime_that_needed_it_first() {
    let file = File::new();
    let store = SqliteStore::open(file.path()).await.unwrap();
    support::works_after_another_runtime_is_gone(std::sync::Arc::new(store)).await;
}

#[tokio::test]
async fn stores_with_different_prefixes_do_not_meet() {
    let file = File::new();
    let one = SqliteStore::open(file.path()).await.unwrap();
    let other = SqliteStore::builder(file.path()).prefix("other").open().await.unwrap();
    support::do_not_meet(&one, &other).await;
}

#[tokio::test]
async fn what_keeps_a_store_from_opening_is_explained() {
    use StoreSetupErrorKind::{InvalidSetting, InvalidUrl, Refused};
    let file = File::new();
    let noise = file.0.join("noise.db");
    std::fs::write(&noise, vec![b'x'; 10_000]).unwrap();
    let path = SqliteStore::builder;
    for (builder, kind, words) in [
        (path(""), InvalidUrl, "name a file"),
        (path("sqlite:app.db?mode=ro"), InvalidUrl, "SqliteStore::builder"),
        (path("postgres://localhost/x"), InvalidUrl, "write sqlite:app.db"),
        (path("/no/such/folder/app.db"), Refused, "check that its folder exists"),
        (path(noise.to_str().unwrap()), InvalidUrl, "the file is something else"),
        (path(":memory:").prefix("1st"), InvalidSetting, "no digit first"),
        (path(":memory:").timeout(Duration::ZERO), InvalidSetting, "2 seconds"),
        (path(":memory:").pool_size(0), InvalidSetting, "at least one"),
    ] {
        let error = builder.open().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn v_12_the_file_and_its_journals_are_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let file = File::new();
    let (session, account) = login();
    let store = SqliteStore::open(file.path()).await.unwrap();
    store.put_account(account, Some(session)).await.unwrap();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&file.0).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.path());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["store.db", "store.db-shm", "store.db-wal"]);
}

/// A file of an earlier release, or one created by the app, is often readable by all users.
#[cfg(unix)]
#[tokio::test]
async fn v_12_a_file_that_others_may_use_is_closed_to_them_when_it_is_opened() {
    use std::fs::{Permissions, metadata, set_permissions};
    use std::os::unix::fs::PermissionsExt as _;

    for (before, after) in [
        (0o644, 0o640),
        (0o666, 0o660),
        (0o607, 0o600),
        // A group is how processes of several users share a file.
        (0o660, 0o660),
        (0o640, 0o640),
        (0o600, 0o600),
    ] {
        let file = File::new();
        let (session, account) = login();
        let names = ["", "-wal", "-shm"].map(|end| format!("{}{end}", file.path()));
        {
            let store = SqliteStore::open(file.path()).await.unwrap();
            store.put_account(account, Some(session.clone())).await.unwrap();
            // As a crash leaves them: the journals stay beside the file.
            for name in &names {
                set_permissions(name, Permissions::from_mode(before)).unwrap();
                std::fs::copy(name, format!("{name}.kept")).unwrap();
            }
        }
        for name in &names {
            std::fs::rename(format!("{name}.kept"), name).unwrap();
            assert_eq!(metadata(name).unwrap().permissions().mode() & 0o777, before);
        }
        let store = SqliteStore::open(file.path()).await.unwrap();
        let found = store.session(&session.id_hash, session.created_at).await.unwrap();
        assert!(found.is_some(), "{before:o}: nothing is lost by it");
        for name in &names {
            let mode = metadata(name).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, after, "{before:o}: {name} has {mode:o}");
        }
    }
}
