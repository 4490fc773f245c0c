//! Claims: one owner at a time, for a while.

use futures_util::future::join_all;
use ig_oauth_common::Timestamp;
use ig_oauth_common::store::{Claim, Store};

use super::materials::*;

/// How many ask at once.
const RIVALS: usize = 50;

/// While it holds, nobody else gets it.
pub async fn a_claim_keeps_others_out(store: &impl Store) {
    let key = unique("key");
    assert!(answer(store.claim(claim_of(&key, "first"), NOW).await));
    assert!(!answer(store.claim(claim_of(&key, "second"), NOW).await));
    assert!(!answer(store.claim(claim_of(&key, "second"), later(59)).await));
}

/// A refused claim changes nothing: neither the owner nor the end.
pub async fn a_refused_claim_leaves_no_trace(store: &impl Store) {
    let key = unique("key");
    assert!(answer(store.claim(claim_of(&key, "first"), NOW).await));
    let greedy = Claim::new(&key, "second", later(DAY));
    assert!(!answer(store.claim(greedy, NOW).await));
    assert!(!answer(store.claim(Claim::given_back(&key, "second"), NOW).await));
    assert!(!answer(store.claim(claim_of(&key, "third"), later(59)).await));
    assert!(answer(store.claim(Claim::new(&key, "third", later(DAY)), later(60)).await));
}

/// An owner that crashed holds nothing for ever: at the end of the claim, to the second, it is free.
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

/// The owner may also claim for a shorter time, down to none at all: until now, or a moment long ago.
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

/// What is given back the next may claim at once, also by a clock that is behind.
pub async fn a_claim_given_back_is_free(store: &impl Store) {
    let key = unique("key");
    assert!(answer(store.claim(claim_of(&key, "first"), NOW).await));
    assert!(answer(store.claim(Claim::given_back(&key, "first"), NOW).await));
    assert!(answer(store.claim(claim_of(&key, "second"), earlier(DAY)).await));
}

/// An owner who has lost the claim and gives it back late leaves the new owner's alone.
pub async fn only_the_owner_can_give_a_claim_back(store: &impl Store) {
    let key = unique("key");
    assert!(answer(store.claim(claim_of(&key, "first"), NOW).await));
    assert!(!answer(store.claim(Claim::given_back(&key, "second"), NOW).await));
    assert!(!answer(store.claim(claim_of(&key, "second"), NOW).await));
    assert!(answer(store.claim(Claim::new(&key, "second", later(120)), later(60)).await));
    assert!(!answer(store.claim(Claim::given_back(&key, "first"), later(60)).await));
    assert!(!answer(store.claim(claim_of(&key, "third"), later(60)).await));
}

/// Giving back what nobody claimed is no error, and makes no claim.
pub async fn giving_back_nothing_is_harmless(store: &impl Store) {
    let key = unique("key");
    answer(store.claim(Claim::given_back(&key, "nobody"), NOW).await);
    assert!(answer(store.claim(claim_of(&key, "first"), NOW).await));
}

/// One key says nothing about another, be it ever so alike.
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

/// Fifty ask at once for a new key: one gets it.
pub async fn of_many_claims_at_once_one_wins(store: &impl Store) {
    let key = unique("key");
    let owners: Vec<_> = (0..RIVALS).map(|number| format!("owner {number}")).collect();
    let asked = owners.iter().map(|owner| store.claim(claim_of(&key, owner), NOW));
    let won: Vec<_> = join_all(asked).await.into_iter().map(answer).collect();
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    // Whoever was told so is the one who holds it.
    for (owner, won) in owners.iter().zip(won) {
        let again = Claim::new(&key, owner, later(60));
        assert_eq!(answer(store.claim(again, later(1)).await), won, "{owner}");
    }
}

/// Fifty ask at once for a claim whose owner is gone: one gets it.
pub async fn of_many_heirs_at_once_one_wins(store: &impl Store) {
    let key = unique("key");
    assert!(answer(store.claim(claim_of(&key, "crashed"), NOW).await));
    let heirs: Vec<_> = (0..RIVALS).map(|number| format!("heir {number}")).collect();
    let asked = heirs.iter().map(|heir| store.claim(Claim::new(&key, heir, later(120)), later(60)));
    let won = join_all(asked).await.into_iter().map(answer).filter(|won| *won).count();
    assert_eq!(won, 1);
}

/// A claim may hold until the end of time, and one that is over when it is made holds nobody out.
pub async fn claims_stand_any_moment(store: &impl Store) {
    let key = unique("key");
    let forever = Timestamp::from_unix_seconds(u64::MAX);
    assert!(answer(store.claim(Claim::new(&key, "first", forever), NOW).await));
    assert!(!answer(store.claim(claim_of(&key, "second"), later(1_000 * 365 * DAY)).await));
    let (key, zero) = (unique("key"), Timestamp::from_unix_seconds(0));
    assert!(answer(store.claim(Claim::new(&key, "first", zero), NOW).await));
    assert!(answer(store.claim(claim_of(&key, "second"), NOW).await));
}
