//! The best assignment of columns to fields as a whole (Kuhn's Hungarian method, in the shortest-path form of
//! Jonker and Volgenant, 1987).

/// Gives each field at most one column, and each column at most one field, so that the sum of the scores is as
/// large as possible. `scores` has a row for each field. Returns the column of each field; a score of 0 is no
/// assignment.
pub fn assign(scores: &[Vec<u32>]) -> Vec<Option<usize>> {
    let fields = scores.len();
    let columns = scores.iter().map(Vec::len).max().unwrap_or_default();
    // Every field may stay without a column, so there is a column of nothing for each.
    let all = columns + fields;
    let cost = |field: usize, column: usize| {
        let score = scores.get(field).and_then(|row| row.get(column));
        -i64::from(score.copied().unwrap_or_default())
    };
    // Position 0 of each is a stop before the first.
    let (mut of_field, mut of_column) = (vec![0i64; fields + 1], vec![0i64; all + 1]);
    let mut owner = vec![0usize; all + 1];
    for field in 1..=fields {
        let mut column = 0;
        if let Some(first) = owner.first_mut() {
            *first = field;
        }
        let mut least = vec![i64::MAX; all + 1];
        let mut before = vec![0usize; all + 1];
        let mut is_done = vec![false; all + 1];
        loop {
            set(&mut is_done, column, true);
            let here = at(&owner, column);
            let (mut delta, mut next) = (i64::MAX, 0);
            for other in 1..=all {
                if at(&is_done, other) {
                    continue;
                }
                let reduced = cost(here - 1, other - 1) - at(&of_field, here) - at(&of_column, other);
                if reduced < at(&least, other) {
                    set(&mut least, other, reduced);
                    set(&mut before, other, column);
                }
                if at(&least, other) < delta {
                    (delta, next) = (at(&least, other), other);
                }
            }
            for other in 0..=all {
                if at(&is_done, other) {
                    let of = at(&owner, other);
                    let (f, c) = (at(&of_field, of) + delta, at(&of_column, other) - delta);
                    set(&mut of_field, of, f);
                    set(&mut of_column, other, c);
                } else {
                    let rest = at(&least, other).saturating_sub(delta);
                    set(&mut least, other, rest);
                }
            }
            column = next;
            if at(&owner, column) == 0 {
                break;
            }
        }
        while column != 0 {
            let from = at(&before, column);
            let moved = at(&owner, from);
            set(&mut owner, column, moved);
            column = from;
        }
    }
    let mut found = vec![None; fields];
    for column in 1..=columns {
        if let Some(field) = at(&owner, column).checked_sub(1)
            && cost(field, column - 1) < 0
        {
            set(&mut found, field, Some(column - 1));
        }
    }
    found
}

fn at<T: Copy + Default>(list: &[T], at: usize) -> T {
    list.get(at).copied().unwrap_or_default()
}

fn set<T>(list: &mut [T], at: usize, value: T) {
    if let Some(place) = list.get_mut(at) {
        *place = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_counts_and_not_each_best() {
        // The second column is the best of both fields, but the second field has no other.
        assert_eq!(assign(&[vec![700, 900], vec![0, 800]]), [Some(0), Some(1)]);
        assert_eq!(assign(&[vec![0, 900, 0], vec![0, 800, 0]]), [Some(1), None]);
        assert_eq!(assign(&[]), Vec::<Option<usize>>::new());
        assert_eq!(assign(&[vec![], vec![]]), [None, None]);
    }

    #[test]
    fn no_other_assignment_of_small_tables_is_better() {
        let mut seed = 7u32;
        let mut random = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) % 5 * 200
        };
        for _ in 0..200 {
            let scores: Vec<Vec<u32>> = (0..3).map(|_| (0..4).map(|_| random()).collect()).collect();
            let sum = |of: &[Option<usize>]| -> u32 {
                of.iter()
                    .zip(&scores)
                    .filter_map(|(column, row)| Some(row[(*column)?]))
                    .sum()
            };
            let mut best = 0;
            let choices: Vec<Option<usize>> = (0..4).map(Some).chain([None]).collect();
            for a in &choices {
                for b in &choices {
                    for c in &choices {
                        let of = [*a, *b, *c];
                        let mut used: Vec<usize> = of.iter().flatten().copied().collect();
                        used.sort_unstable();
                        used.dedup();
                        if used.len() == of.iter().flatten().count() {
                            best = best.max(sum(&of));
                        }
                    }
                }
            }
            let found = assign(&scores);
            assert_eq!(sum(&found), best, "{scores:?} {found:?}");
        }
    }
}
