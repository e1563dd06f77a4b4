//! Arithmetic in parts per million.
//!
//! Every division rounds half up. That is monotone in the true quotient, so an order that holds before
//! rounding holds after it.

/// One whole, in parts per million.
pub const PPM: u64 = 1_000_000;

/// Returns `numerator / denominator`, rounded half up. A zero denominator counts as one.
pub fn ratio(numerator: u64, denominator: u64) -> u64 {
    let denominator = denominator.max(1);
    (numerator + denominator / 2) / denominator
}

/// Converts `value` in `[0, 1]` to parts per million, rounded half up.
pub fn from_unit(value: f64) -> u64 {
    (value.clamp(0.0, 1.0) * PPM as f64 + 0.5) as u64
}

/// Splits `total` in proportion to `shares`, so that the parts add up to `total` exactly (Hamilton's method).
///
/// Every part is rounded down first; then the parts with the largest remainders get one more, earlier ones
/// first among equals. All-zero shares give zeros. `total` times the sum of the shares has to stay below
/// 2^128.
pub fn apportion<const N: usize>(total: u64, shares: [u128; N]) -> [u64; N] {
    let sum: u128 = shares.iter().sum();
    if sum == 0 {
        return [0; N];
    }
    let exact = shares.map(|share| share * u128::from(total));
    let mut parts = exact.map(|e| (e / sum) as u64);
    let left = total - parts.iter().sum::<u64>();
    let remainders = exact.map(|e| e % sum);
    let mut order: [usize; N] = std::array::from_fn(|i| i);
    order.sort_by_key(|&i| std::cmp::Reverse(remainders.get(i).copied()));
    for &i in order.iter().take(left as usize) {
        if let Some(part) = parts.get_mut(i) {
            *part += 1;
        }
    }
    parts
}

/// Returns the median of `values`, the lower one of two, or `None` without values.
pub fn median<T: Ord + Copy>(mut values: Vec<T>) -> Option<T> {
    let middle = values.len().checked_sub(1)? / 2;
    Some(*values.select_nth_unstable(middle).1)
}

/// Applies SplitMix64's finalizer (Steele, Lea and Flood 2014), the stable hash that breaks ties.
pub fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_halves_up() {
        assert_eq!([ratio(1, 2), ratio(1, 3), ratio(2, 3), ratio(5, 2)], [1, 0, 1, 3]);
        assert_eq!(ratio(7, 0), 7);
    }

    #[test]
    fn apportioned_parts_add_up_and_follow_the_largest_remainder() {
        assert_eq!(apportion(10, [1, 1, 1]), [4, 3, 3]);
        assert_eq!(apportion(100, [0, 0]), [0, 0]);
        for total in 0..200 {
            let parts = apportion(total, [3, 0, 7, 11, 1]);
            assert_eq!(parts.iter().sum::<u64>(), total);
            assert_eq!(parts[1], 0);
        }
    }

    #[test]
    fn the_median_of_an_even_number_is_the_lower_one() {
        assert_eq!(median(vec![4, 1, 3, 2]), Some(2));
        assert_eq!(median::<u8>(vec![]), None);
    }
}
