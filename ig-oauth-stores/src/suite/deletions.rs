//! Requests to delete a user's data.

use ig_oauth_common::{DeletionRecord, DeletionStatus, Store, Timestamp};

use super::materials::*;

fn request(status: DeletionStatus) -> DeletionRecord {
    DeletionRecord::new(random(), status, NOW, later(90 * DAY))
}

/// In every part, with every status.
pub async fn a_deletion_request_comes_back(store: &impl Store) {
    for status in [DeletionStatus::Queued, DeletionStatus::Done, DeletionStatus::Failed] {
        let kept = request(status);
        answer(store.put_deletion(kept.clone()).await);
        assert_eq!(answer(store.deletion(&kept.code_hash, NOW).await), Some(kept));
    }
}

/// The record of a code is the last one given, whole.
pub async fn a_deletion_request_of_the_same_code_gives_way(store: &impl Store) {
    let first = request(DeletionStatus::Queued);
    answer(store.put_deletion(first.clone()).await);
    let (requested_at, expires_at) = (later(5), later(30 * DAY));
    let second =
        DeletionRecord::new(first.code_hash, DeletionStatus::Done, requested_at, expires_at);
    answer(store.put_deletion(second.clone()).await);
    assert_eq!(answer(store.deletion(&first.code_hash, NOW).await), Some(second));
    assert_eq!(answer(store.deletion(&first.code_hash, later(30 * DAY)).await), None);
}

/// A code nobody was given.
pub async fn an_unknown_deletion_request_is_none(store: &impl Store) {
    answer(store.put_deletion(request(DeletionStatus::Queued)).await);
    assert_eq!(answer(store.deletion(&random(), NOW).await), None);
}

/// It is there until the second before, and not at its end.
pub async fn a_deletion_request_ends_at_the_very_moment(store: &impl Store) {
    let kept = request(DeletionStatus::Done);
    answer(store.put_deletion(kept.clone()).await);
    assert!(answer(store.deletion(&kept.code_hash, later(90 * DAY - 1)).await).is_some());
    assert_eq!(answer(store.deletion(&kept.code_hash, later(90 * DAY)).await), None);
}

/// The first and the last moment there are.
pub async fn deletion_requests_stand_any_moment(store: &impl Store) {
    let mut kept = request(DeletionStatus::Queued);
    kept.requested_at = Timestamp::from_unix_seconds(0);
    kept.expires_at = Timestamp::from_unix_seconds(u64::MAX);
    answer(store.put_deletion(kept.clone()).await);
    let found = answer(store.deletion(&kept.code_hash, later(1_000 * 365 * DAY)).await);
    assert_eq!(found.map(|found| found.requested_at), Some(kept.requested_at));
    kept.expires_at = Timestamp::from_unix_seconds(0);
    answer(store.put_deletion(kept.clone()).await);
    assert_eq!(answer(store.deletion(&kept.code_hash, NOW).await), None);
}
