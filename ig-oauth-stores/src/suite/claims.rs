//! Cases for claims: one owner at a time, for a limited time.

use futures_util::future::join_all;
use ig_oauth_common::Timestamp;
use ig_oauth_common::store::{Claim, Store};

use super::materials::*;

/// The number of concurrent callers.
const RIVALS: usize = 50;

/// While a claim holds, no other owner gets it.
pub async fn a_claim_keeps_others_out(store: &impl Store) {
    let key = unique("key");
    assert!(answer(store.claim(claim_of(&key, "first"), NOW).await));
    assert!(!answer(store.claim(claim_of(&key, "second"), NOW).await));
    assert!(!answer(store.claim(claim_of(&key, "second"), later(59)).await));
}

/// A refused claim changes neither the owner nor the end.
pub async fn a_refused_claim_leaves_no_trace(store: &impl Store) {
    let key = unique("key");
    assert!(answer(store.claim(claim_of(&key, "first"), NOW).await));
    let greedy = Claim::new(&key, "second", later(DAY));
    assert!(!answer(store.claim(greedy, NOW).await));
    assert!(!answer(store.claim(Claim::given_back(&key, "second"), NOW).await));
    assert!(!answer(store.claim(claim_of(&key, "third"), later(59)).await));
    assert!(answer(store.claim(Claim::new(&key, "third", later(DAY)), later(60)).await));
}

/// An owner that crashed does not hold a claim forever: from the second of its end it is free.
pub async fn a_claim_is_free_at_its_end(store: &impl Store) {
    let key = unique("key");
    assert!(answer(store.claim(claim_of(&key, "crashed"), NOW).await));
    let next = |owner| Claim::new(&key, owner, later(120));
    assert!(!answer(store.claim(next("second"), later(59)).await));
    assert!(answer(store.claim(next("second"), later(60)).await));
    assert!(!answer(store.claim(next("third"), later(60)).await));
}

/// The owner may claim again, which moves the end.
pub async fn a_claim_of_the_same_owner_is_renewed(store: &impl Store) {
    let key = unique("key");
    assert!(answer(store.claim(claim_of(&key, "owner"), NOW).await));
    assert!(answer(store.claim(Claim::new(&key, "owner", later(600)), later(30)).await));
    assert!(!answer(store.claim(claim_of(&key, "rival"), later(599)).await));
    assert!(answer(store.claim(Claim::new(&key, "rival", later(900)), later(600)).await));
}

/// The owner may also claim for a shorter time: until now, or until a time in the past.
pub async fn an_owner_can_shorten_a_claim(store: &impl Store) {
    for (until, free_at) in [(40, 40), (30, 30), (0, 30)] {
        let key = unique("key");
        assert!(answer(store.claim(claim_of(&key, "owner"), NOW).await));
        assert!(answer(store.claim(Claim::new(&key, "owner", later(until)), later(30)).await));
        if free_at > 30 {
            let rival = Claim::new(&key, "rival", later(900));
            assert!(!answer(store.claim(rival, later(free_at - 1)).await), "{until}");
        }
        let rival = Claim::new(&key, "rival", later(900));
        assert!(answer(store.claim(rival, later(free_at)).await), "{until}");
    }
}

/// A released claim can be taken immediately, even with a clock that is behind.
pub async fn a_claim_given_back_is_free(store: &impl Store) {
    let key = unique("key");
    assert!(answer(store.claim(claim_of(&key, "first"), NOW).await));
    assert!(answer(store.claim(Claim::given_back(&key, "first"), NOW).await));
    assert!(answer(store.claim(claim_of(&key, "second"), earlier(DAY)).await));
}

/// An owner that has lost the claim and releases it late does not affect the new owner's claim.
pub async fn only_the_owner_can_give_a_claim_back(store: &impl Store) {
    let key = unique("key");
    assert!(answer(store.claim(claim_of(&key, "first"), NOW).await));
    assert!(!answer(store.claim(Claim::given_back(&key, "second"), NOW).await));
    assert!(!answer(store.claim(claim_of(&key, "second"), NOW).await));
    assert!(answer(store.claim(Claim::new(&key, "second", later(120)), later(60)).await));
    assert!(!answer(store.claim(Claim::given_back(&key, "first"), later(60)).await));
    assert!(!answer(store.claim(claim_of(&key, "third"), later(60)).await));
}

/// Releasing a claim that nobody holds is not an error, and creates no claim.
pub async fn giving_back_nothing_is_harmless(store: &impl Store) {
    let key = unique("key");
    answer(store.claim(Claim::given_back(&key, "nobody"), NOW).await);
    assert!(answer(store.claim(claim_of(&key, "first"), NOW).await));
}

/// Claims of different keys are independent, however similar the keys are.
pub async fn claims_of_different_keys_do_not_meet(store: &impl Store) {
    let key = unique("key");
    let alike = [key.clone(), format!("{key}:"), format!("{key}%"), key.to_uppercase()];
    for key in &alike {
        assert!(answer(store.claim(claim_of(key, key), NOW).await), "{key}");
    }
    for key in &alike {
        assert!(!answer(store.claim(claim_of(key, "rival"), NOW).await), "{key}");
    }
}

/// Of fifty concurrent claims for a new key, one succeeds.
pub async fn of_many_claims_at_once_one_wins(store: &impl Store) {
    let key = unique("key");
    let owners: Vec<_> = (0..RIVALS).map(|number| format!("owner {number}")).collect();
    let asked = owners.iter().map(|owner| store.claim(claim_of(&key, owner), NOW));
    let won: Vec<_> = join_all(asked).await.into_iter().map(answer).collect();
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    // The caller that got the claim is the one that holds it.
    for (owner, won) in owners.iter().zip(won) {
        let again = Claim::new(&key, owner, later(60));
        assert_eq!(answer(store.claim(again, later(1)).await), won, "{owner}");
    }
}

/// Of fifty concurrent claims for one whose owner has stopped, one succeeds.
pub async fn of_many_heirs_at_once_one_wins(store: &impl Store) {
    let key = unique("key");
    assert!(answer(store.claim(claim_of(&key, "crashed"), NOW).await));
    let heirs: Vec<_> = (0..RIVALS).map(|number| format!("heir {number}")).collect();
    let asked = heirs.iter().map(|heir| store.claim(Claim::new(&key, heir, later(120)), later(60)));
    let won = join_all(asked).await.into_iter().map(answer).filter(|won| *won).count();
    assert_eq!(won, 1);
}

/// A claim may hold until the largest time. One that has ended when it is taken blocks nobody.
pub async fn claims_stand_any_moment(store: &impl Store) {
    let key = unique("key");
    let forever = Timestamp::from_unix_seconds(u64::MAX);
    assert!(answer(store.claim(Claim::new(&key, "first", forever), NOW).await));
    assert!(!answer(store.claim(claim_of(&key, "second"), later(1_000 * 365 * DAY)).await));
    let (key, zero) = (unique("key"), Timestamp::from_unix_seconds(0));
    assert!(answer(store.claim(Claim::new(&key, "first", zero), NOW).await));
    assert!(answer(store.claim(claim_of(&key, "second"), NOW).await));
}
