//! Cases for requests to delete a user's data.

use futures_util::future::join_all;
use ig_oauth_common::Timestamp;
use ig_oauth_common::store::{DeletionRecord, DeletionStatus, Store};

use super::materials::*;

fn request(status: DeletionStatus) -> DeletionRecord {
    DeletionRecord::new(random(), status, NOW, later(90 * DAY))
}

/// Every field is returned as it was stored, with every status.
pub async fn a_deletion_request_comes_back(store: &impl Store) {
    for status in [DeletionStatus::Queued, DeletionStatus::Done, DeletionStatus::Failed] {
        let kept = request(status);
        assert!(answer(store.put_deletion(None, kept.clone(), NOW).await));
        assert_eq!(answer(store.deletion(&kept.code_hash, NOW).await), Some(kept));
    }
}

/// The complete record of a code is the last one stored.
pub async fn a_deletion_request_gives_way_whole(store: &impl Store) {
    let first = request(DeletionStatus::Queued);
    assert!(answer(store.put_deletion(None, first.clone(), NOW).await));
    let (requested_at, expires_at) = (later(5), later(30 * DAY));
    let second =
        DeletionRecord::new(first.code_hash, DeletionStatus::Done, requested_at, expires_at);
    assert!(answer(store.put_deletion(Some(first.status), second.clone(), NOW).await));
    assert_eq!(answer(store.deletion(&first.code_hash, NOW).await), Some(second));
    assert_eq!(answer(store.deletion(&first.code_hash, later(30 * DAY)).await), None);
}

/// A writer that expects another status, or none, changes nothing; and nothing is created for a
/// status that does not exist.
pub async fn a_deletion_request_gives_way_only_as_it_was_seen(store: &impl Store) {
    let every = [DeletionStatus::Queued, DeletionStatus::Done, DeletionStatus::Failed];
    for status in every {
        let kept = request(status);
        assert!(answer(store.put_deletion(None, kept.clone(), NOW).await));
        for present in every.into_iter().map(Some).chain([None]) {
            let same = DeletionRecord::new(kept.code_hash, status, NOW, later(90 * DAY));
            let is_kept = answer(store.put_deletion(present, same, NOW).await);
            assert_eq!(is_kept, present == Some(status), "{status:?} {present:?}");
            if !is_kept {
                let mut late = kept.clone();
                late.requested_at = later(1);
                assert!(!answer(store.put_deletion(present, late, NOW).await));
            }
            assert_eq!(answer(store.deletion(&kept.code_hash, NOW).await), Some(kept.clone()));
        }
        let unknown = request(DeletionStatus::Done);
        assert!(!answer(store.put_deletion(Some(status), unknown.clone(), NOW).await));
        assert_eq!(answer(store.deletion(&unknown.code_hash, NOW).await), None);
    }
}

/// From the second of its expiry, a request counts as missing for writers too.
pub async fn an_expired_deletion_request_counts_as_none(store: &impl Store) {
    let kept = request(DeletionStatus::Queued);
    assert!(answer(store.put_deletion(None, kept.clone(), NOW).await));
    let (last, end) = (later(90 * DAY - 1), later(90 * DAY));
    let next = DeletionRecord::new(kept.code_hash, DeletionStatus::Done, end, later(180 * DAY));
    assert!(!answer(store.put_deletion(None, next.clone(), last).await));
    assert!(!answer(store.put_deletion(Some(kept.status), next.clone(), end).await));
    assert!(answer(store.put_deletion(None, next.clone(), end).await));
    assert_eq!(answer(store.deletion(&kept.code_hash, end).await), Some(next));
}

/// Of fifty concurrent reports that expect the present status, one succeeds, and its record
/// remains.
pub async fn of_many_reports_at_once_one_wins(store: &impl Store) {
    let seen = request(DeletionStatus::Queued);
    for present in [None, Some(DeletionStatus::Queued)] {
        let reports: Vec<_> = (1..=50)
            .map(|number| {
                let status = if present.is_none() { seen.status } else { DeletionStatus::Done };
                DeletionRecord::new(seen.code_hash, status, later(number), later(90 * DAY))
            })
            .collect();
        let asked = reports.iter().map(|report| store.put_deletion(present, report.clone(), NOW));
        let won = join_all(asked).await.into_iter().map(answer);
        let kept: Vec<_> = reports.iter().zip(won).filter(|(_, won)| *won).collect();
        assert_eq!(kept.len(), 1, "{present:?}");
        let found = answer(store.deletion(&seen.code_hash, NOW).await);
        assert_eq!(found.as_ref(), kept.first().map(|(report, _)| *report));
    }
}

/// An unknown code has no record.
pub async fn an_unknown_deletion_request_is_none(store: &impl Store) {
    assert!(answer(store.put_deletion(None, request(DeletionStatus::Queued), NOW).await));
    assert_eq!(answer(store.deletion(&random(), NOW).await), None);
}

/// It is returned until the second before its expiry, and not at its expiry.
pub async fn a_deletion_request_ends_at_the_very_moment(store: &impl Store) {
    let kept = request(DeletionStatus::Done);
    assert!(answer(store.put_deletion(None, kept.clone(), NOW).await));
    assert!(answer(store.deletion(&kept.code_hash, later(90 * DAY - 1)).await).is_some());
    assert_eq!(answer(store.deletion(&kept.code_hash, later(90 * DAY)).await), None);
}

/// The smallest and the largest time.
pub async fn deletion_requests_stand_any_moment(store: &impl Store) {
    let mut kept = request(DeletionStatus::Queued);
    kept.requested_at = Timestamp::from_unix_seconds(0);
    kept.expires_at = Timestamp::from_unix_seconds(u64::MAX);
    assert!(answer(store.put_deletion(None, kept.clone(), NOW).await));
    let found = answer(store.deletion(&kept.code_hash, later(1_000 * 365 * DAY)).await);
    assert_eq!(found.map(|found| found.requested_at), Some(kept.requested_at));
    kept.expires_at = Timestamp::from_unix_seconds(0);
    assert!(answer(store.put_deletion(Some(kept.status), kept.clone(), NOW).await));
    assert_eq!(answer(store.deletion(&kept.code_hash, NOW).await), None);
}
