//! A bounded map whose values expire. At its capacity it removes the value that expires first, the
//! earliest inserted of equal ones, without a search.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::ops::Bound;

use crate::clock::Timestamp;

/// A value with an expiry. The map reads it once at insertion and once at removal.
pub(crate) trait Expires {
    /// When it expires.
    fn expires_at(&self) -> Timestamp;
}

/// A value that is only its expiry.
impl Expires for Timestamp {
    fn expires_at(&self) -> Timestamp {
        *self
    }
}

/// At most `capacity` values, sorted by key.
pub(crate) struct ExpiringMap<K, V> {
    capacity: usize,
    /// Each value with its number in `ends`.
    values: BTreeMap<K, (u64, V)>,
    /// The keys, sorted by expiry and then by order of insertion.
    ends: BTreeMap<(Timestamp, u64), K>,
    next_number: u64,
}

impl<K: Ord + Clone, V: Expires> ExpiringMap<K, V> {
    /// An empty map for up to `capacity` values, at least one.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            values: BTreeMap::new(),
            ends: BTreeMap::new(),
            next_number: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.values.get(key).map(|(_, value)| value)
    }

    /// The value that the next insertion removes, if the map is full.
    pub(crate) fn next_to_leave(&self) -> Option<&V> {
        let (_, key) = self.ends.first_key_value()?;
        if self.values.len() < self.capacity { None } else { self.get(key) }
    }

    /// Inserts a value. It replaces and returns the earlier value of the key, or removes the value
    /// that expires first.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let earlier = self.remove(&key);
        if earlier.is_none()
            && self.values.len() >= self.capacity
            && let Some((_, soonest)) = self.ends.pop_first()
        {
            self.values.remove(&soonest);
        }
        self.next_number += 1;
        self.ends.insert((value.expires_at(), self.next_number), key.clone());
        self.values.insert(key, (self.next_number, value));
        earlier
    }

    /// Removes values that expired at `now` or before.
    pub(crate) fn forget_expired(&mut self, now: Timestamp) {
        while self.ends.first_key_value().is_some_and(|((end, _), _)| *end <= now)
            && let Some((_, key)) = self.ends.pop_first()
        {
            self.values.remove(&key);
        }
    }

    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let (number, value) = self.values.remove(key)?;
        self.ends.remove(&(value.expires_at(), number));
        Some(value)
    }

    /// All values, sorted by key.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.values.values().map(|(_, value)| value)
    }

    /// The values whose keys follow `after`, sorted by key.
    pub(crate) fn values_after(&self, after: Option<&K>) -> impl Iterator<Item = &V> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.values.range((from, Bound::Unbounded)).map(|(_, (_, value))| value)
    }

    /// Removes all values that `is_kept` refuses, and returns their number. Visits every value.
    pub(crate) fn retain(&mut self, mut is_kept: impl FnMut(&V) -> bool) -> usize {
        let mut removed = 0;
        let ends = &mut self.ends;
        self.values.retain(|_, (number, value)| {
            if is_kept(value) {
                return true;
            }
            ends.remove(&(value.expires_at(), *number));
            removed += 1;
            false
        });
        removed
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::cmp::Ordering;

    use super::*;

    thread_local! {
        static LOOKS: Cell<usize> = const { Cell::new(0) };
    }

    /// A key that counts each comparison.
    #[derive(Clone, PartialEq, Eq)]
    struct Key(u64);

    impl Ord for Key {
        fn cmp(&self, other: &Self) -> Ordering {
            LOOKS.set(LOOKS.get() + 1);
            self.0.cmp(&other.0)
        }
    }

    impl PartialOrd for Key {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }

    /// A value that counts each read of its expiry.
    struct Value(u64);

    impl Expires for Value {
        fn expires_at(&self) -> Timestamp {
            LOOKS.set(LOOKS.get() + 1);
            Timestamp::from_unix_seconds(self.0)
        }
    }

    /// A full map whose values expire all at the same time, or each at its own.
    fn full(capacity: u64, is_one_end: bool) -> ExpiringMap<Key, Value> {
        let mut map = ExpiringMap::new(usize::try_from(capacity).unwrap());
        for number in 0..capacity {
            map.insert(Key(number), Value(if is_one_end { 1 } else { number }));
        }
        map
    }

    fn looks_of(change: impl FnOnce()) -> usize {
        LOOKS.set(0);
        change();
        LOOKS.get()
    }

    /// The largest cost of several insertions into a full map, with new and with existing keys.
    fn dearest_insert(capacity: u64, is_one_end: bool) -> usize {
        let mut map = full(capacity, is_one_end);
        let keys = (0..50).map(|number| capacity + number).chain(capacity / 2..capacity / 2 + 50);
        let mut insert = |key| {
            map.insert(Key(key), Value(key));
        };
        keys.map(|key| looks_of(|| insert(key))).max().unwrap()
    }

    #[test]
    fn v_03_an_insert_into_a_full_store_costs_the_same_however_many_records_there_are() {
        for is_one_end in [true, false] {
            let (small, large) =
                (dearest_insert(1_000, is_one_end), dearest_insert(64_000, is_one_end));
            // 64 times as many records need six more halvings in each of the few tree traversals.
            assert!(small > 0 && large < small * 3, "{small} looks, then {large}");
            assert!(large < 500, "{large} looks");
        }
    }

    #[test]
    fn what_expires_soonest_makes_room_and_both_orders_agree() {
        let mut map = ExpiringMap::new(3);
        for (key, end) in [(1, 30), (2, 10), (3, 20)] {
            map.insert(Key(key), Value(end));
        }
        map.insert(Key(4), Value(40));
        let keys = |map: &ExpiringMap<Key, Value>| -> Vec<u64> {
            map.values.keys().map(|key| key.0).collect()
        };
        assert_eq!(keys(&map), [1, 3, 4]);
        // A later expiry for the same key removes no other value.
        map.insert(Key(3), Value(50));
        assert_eq!(keys(&map), [1, 3, 4]);
        map.insert(Key(5), Value(60));
        assert_eq!(keys(&map), [3, 4, 5], "the earlier end of 3 counts no more");
        assert_eq!(map.retain(|value| value.0 != 40), 1);
        assert!(map.remove(&Key(3)).is_some() && map.remove(&Key(3)).is_none());
        assert_eq!((map.values.len(), map.ends.len()), (1, 1));
        let ends: Vec<_> = map.values_after(Some(&Key(4))).map(|value| value.0).collect();
        assert_eq!(ends, [60]);
        assert_eq!(map.values_after(Some(&Key(5))).count(), 0);
    }
}
