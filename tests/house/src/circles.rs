//! Files that take from one another, directly or by way of others.

use std::collections::{BTreeMap, BTreeSet};

use crate::Use;

/// The circles, each as its files in ascending order.
#[must_use]
pub fn circles(uses: &[Use]) -> Vec<Vec<usize>> {
    let mut takes_from: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for one in uses {
        takes_from.entry(one.from).or_default().insert(one.to);
    }
    let reaches: BTreeMap<usize, BTreeSet<usize>> =
        takes_from.keys().map(|&file| (file, reached(file, &takes_from))).collect();
    let is_tied = |one: usize, other: usize| {
        let reaches =
            |from: usize, to: usize| reaches.get(&from).is_some_and(|all| all.contains(&to));
        reaches(one, other) && reaches(other, one)
    };
    let mut found: BTreeSet<Vec<usize>> = BTreeSet::new();
    for &file in takes_from.keys() {
        let circle: Vec<usize> =
            takes_from.keys().copied().filter(|&other| is_tied(file, other)).collect();
        if !circle.is_empty() {
            found.insert(circle);
        }
    }
    found.into_iter().collect()
}

fn reached(from: usize, takes_from: &BTreeMap<usize, BTreeSet<usize>>) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(file) = open.pop() {
        for &next in takes_from.get(&file).into_iter().flatten() {
            if seen.insert(next) {
                open.push(next);
            }
        }
    }
    seen
}
