//! Combines nine values into one number, and splits that number back among them.
//!
//! Each side has its own utility, a weighted mean of its components: U_org of what makes the work succeed,
//! U_worker of what makes it welcome. Availability belongs to both. The weights are renormalised to the side. The fit is the weighted
//! harmonic mean of both, `1 / (0.6 / U_org + 0.4 / U_worker)`, so a high value on one side can't make up for
//! a low one on the other.
//!
//! The fit is homogeneous of degree one. So by Euler's theorem `fit = ∂fit/∂U_org · U_org + ∂fit/∂U_worker ·
//! U_worker`. That split, carried down to the components, explains the fit without remainder. Too little time for the
//! work leaves a part of the fit, and the same part of each contribution.

use super::components::{COMPONENTS, Component, N, Values};
use super::ppm::{self, PPM, ratio};

/// The least utility of a side, so that one empty side doesn't erase the other.
pub const FLOOR: u64 = PPM / 1000;

/// The weight of the organization's side in the fit. That of the worker's side is the rest.
const ORGANIZATION_PPM: u64 = 600_000;

/// The weight of each component, in parts per million. They add up to one whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weights([u64; N]);

/// Weights have to be finite and at least 0, and one of them has to be above 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidWeights;

impl Default for Weights {
    fn default() -> Weights {
        Weights([
            340_000, 120_000, 120_000, 100_000, 100_000, 70_000, 80_000, 40_000, 30_000,
        ])
    }
}

impl Weights {
    /// Takes weights on any scale, in the order of [`COMPONENTS`]. Only their proportions matter, to one part
    /// in 10^12 of the largest.
    pub fn new(raw: [f64; N]) -> Result<Weights, InvalidWeights> {
        let largest = raw.iter().copied().fold(0.0, f64::max);
        if !raw.iter().all(|w| w.is_finite() && *w >= 0.0) || largest <= 0.0 {
            return Err(InvalidWeights);
        }
        Ok(Weights(ppm::apportion(
            PPM,
            raw.map(|w| (w / largest * 1e12) as u128),
        )))
    }

    /// Takes weights in parts per million, in the order of [`COMPONENTS`]. They have to add up to one whole.
    pub fn of_ppm(ppm: [u64; N]) -> Result<Weights, InvalidWeights> {
        let sum = ppm.iter().try_fold(0u64, |sum, weight| sum.checked_add(*weight));
        if sum == Some(PPM) {
            Ok(Weights(ppm))
        } else {
            Err(InvalidWeights)
        }
    }

    /// Returns the weights with `component` at 0, and the others in the same proportions.
    pub fn without(self, component: Component) -> Weights {
        let others = COMPONENTS.map(|c| {
            if c == component {
                0
            } else {
                u128::from(self.ppm(c))
            }
        });
        Weights(ppm::apportion(PPM, others))
    }

    pub fn ppm(&self, component: Component) -> u64 {
        self.0.get(component as usize).copied().unwrap_or(0)
    }

    /// Divides the weights among the organization's side and the worker's. That of availability, which matters to
    /// both, is divided so that the sides weigh 0.6 and 0.4, as nearly as possible.
    fn sides(&self) -> [[u128; N]; 2] {
        let own = |c| u128::from(self.ppm(c));
        let mut sides = [Component::is_of_organization, Component::is_of_worker].map(|is_of_side| {
            COMPONENTS.map(|c| {
                if c != Component::Availability && is_of_side(c) {
                    own(c)
                } else {
                    0
                }
            })
        });
        let all = own(Component::Availability);
        let organization = u128::from(ORGANIZATION_PPM)
            .saturating_sub(sides.first().into_iter().flatten().sum())
            .min(all);
        for (side, part) in sides.iter_mut().zip([organization, all - organization]) {
            if let Some(weight) = side.get_mut(Component::Availability as usize) {
                *weight = part;
            }
        }
        sides
    }

    /// Returns how much a component moves the fit where all values are equal, in parts per million of all components.
    /// For the default weights these are the weights themselves.
    pub fn effective_ppm(&self) -> [u64; N] {
        let [organization, worker] = self.sides();
        let sums = [organization, worker].map(|side| side.iter().sum::<u128>().max(1));
        let [org_sum, worker_sum] = sums;
        let share = |c: Component| {
            let of = |side: &[u128; N]| side.get(c as usize).copied().unwrap_or(0);
            3 * of(&organization) * worker_sum + 2 * of(&worker) * org_sum
        };
        ppm::apportion(PPM, COMPONENTS.map(share))
    }
}

/// The weights of both sides.
#[derive(Debug, Clone, Copy)]
pub struct Sides {
    pub organization: [u64; N],
    pub worker: [u64; N],
}

/// The fit and its two sides, in parts per million.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fit {
    pub fit_ppm: u64,
    /// `None` if no component of the side has weight.
    pub organization_side_ppm: Option<u64>,
    pub worker_side_ppm: Option<u64>,
}

impl Sides {
    pub fn new(weights: &Weights) -> Sides {
        let [organization, worker] = weights.sides();
        Sides {
            organization: ppm::apportion(PPM, organization),
            worker: ppm::apportion(PPM, worker),
        }
    }

    /// Returns the fit of these values.
    pub fn fit(&self, values: &Values) -> Fit {
        let side = |weights: &[u64; N]| {
            let counts = weights.iter().any(|w| *w > 0);
            counts.then(|| ratio(weighted(weights, values).iter().sum(), PPM).max(FLOOR))
        };
        let (organization, worker) = (side(&self.organization), side(&self.worker));
        let fit_ppm = match (organization, worker) {
            (Some(o), Some(w)) => ratio(5 * o * w, 3 * w + 2 * o),
            (one, None) | (None, one) => one.unwrap_or(0),
        };
        let availability = Component::Availability;
        let counts = at(&self.organization, availability) + at(&self.worker, availability) > 0;
        let left_ppm = if counts {
            time_ppm(values.get(availability).ppm)
        } else {
            PPM
        };
        Fit {
            fit_ppm: with_little_time(fit_ppm, left_ppm),
            organization_side_ppm: organization,
            worker_side_ppm: worker,
        }
    }

    /// Splits the fit among the components; the parts add up to it exactly. If a side is raised to [`FLOOR`],
    /// its components count as if each had that value.
    pub fn contributions(&self, values: &Values, fit: &Fit) -> [u64; N] {
        let split = |weights: &[u64; N]| {
            let own = weighted(weights, values);
            let sum = own.iter().sum::<u64>();
            if sum < FLOOR * PPM {
                (*weights, weights.iter().sum())
            } else {
                (own, sum)
            }
        };
        let ((org, org_sum), (worker, worker_sum)) = (split(&self.organization), split(&self.worker));
        // The parts of the two sides are in the ratio 3 U_worker : 2 U_org, here over the common denominator
        // of both sums.
        let (org_part, worker_part) = match (fit.organization_side_ppm, fit.worker_side_ppm) {
            (Some(o), Some(w)) => (3 * u128::from(w), 2 * u128::from(o)),
            (one, other) => (u128::from(one.is_some()), u128::from(other.is_some())),
        };
        let (org_sum, worker_sum) = (u128::from(org_sum.max(1)), u128::from(worker_sum.max(1)));
        let share = |c: Component| {
            let (o, w) = (at(&org, c), at(&worker, c));
            org_part * u128::from(o) * worker_sum + worker_part * u128::from(w) * org_sum
        };
        ppm::apportion(fit.fit_ppm, COMPONENTS.map(share))
    }
}

/// Returns what too little time leaves of a fit: `½ + 2a` for an availability below a quarter. Somebody with a third of
/// the hours at half of the times can't carry the work, however well the rest fits.
pub fn time_ppm(availability_ppm: u64) -> u64 {
    (PPM / 2 + 2 * availability_ppm).min(PPM)
}

/// Returns the fit that is left.
pub fn with_little_time(fit_ppm: u64, time_ppm: u64) -> u64 {
    if time_ppm == PPM {
        fit_ppm
    } else {
        ratio(fit_ppm * time_ppm, PPM)
    }
}

fn at(array: &[u64; N], component: Component) -> u64 {
    array.get(component as usize).copied().unwrap_or(0)
}

fn weighted(weights: &[u64; N], values: &Values) -> [u64; N] {
    COMPONENTS.map(|c| at(weights, c) * values.get(c).ppm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::Score;

    fn values(ppm: [u64; N]) -> Values {
        Values::new(ppm.map(|ppm| Score { ppm, known: true }))
    }

    #[test]
    fn the_default_weights_add_up_to_one() {
        let default = Weights::default();
        assert_eq!(COMPONENTS.iter().map(|c| default.ppm(*c)).sum::<u64>(), PPM);
    }

    #[test]
    fn the_default_weights_are_what_they_say() {
        for weights in [Weights::default(), Weights::default().without(Component::Text)] {
            assert_eq!(weights.effective_ppm(), COMPONENTS.map(|c| weights.ppm(c)));
        }
        // One component on each side: the sides weigh 0.6 and 0.4, whatever the weights.
        let two = Weights::new([1.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 0.0]).unwrap();
        assert_eq!(two.effective_ppm(), [600_000, 0, 0, 0, 400_000, 0, 0, 0, 0]);
        let one = Weights::new([0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]).unwrap();
        assert_eq!(one.effective_ppm(), [0, 0, PPM, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn an_effective_weight_is_the_slope_of_the_fit() {
        let weights = Weights::new([3.0, 1.0, 2.0, 1.0, 4.0, 0.5, 1.0, 0.2, 0.1]).unwrap();
        let (sides, v) = (Sides::new(&weights), 500_000);
        let fit = |at: usize, more: u64| {
            let raised: [u64; N] = std::array::from_fn(|i| v + if i == at { more } else { 0 });
            sides.fit(&values(raised)).fit_ppm as f64
        };
        for (at, effective) in weights.effective_ppm().into_iter().enumerate() {
            let slope = (fit(at, 5_000) - fit(at, 0)) / 5_000.0;
            assert!(
                (slope - effective as f64 / 1e6).abs() < 3e-3,
                "{at}: {slope} {effective}"
            );
        }
    }

    #[test]
    fn equal_values_give_that_value() {
        let sides = Sides::new(&Weights::default());
        for v in [250_000, 1_000_000] {
            assert_eq!(sides.fit(&values([v; N])).fit_ppm, v);
        }
    }

    #[test]
    fn too_little_time_leaves_a_part_of_the_fit() {
        let left = |weights: Weights, availability: u64| {
            let mut ppm = [400_000; N];
            ppm[Component::Availability as usize] = availability;
            let fit = Sides::new(&weights).fit(&values(ppm));
            let (o, w) = (
                fit.organization_side_ppm.unwrap() as f64,
                fit.worker_side_ppm.unwrap_or(0) as f64,
            );
            fit.fit_ppm as f64 / if w > 0.0 { 1.0 / (0.6 / o + 0.4 / w) } else { o }
        };
        for (availability, part) in [(0, 0.5), (100_000, 0.7), (250_000, 1.0), (900_000, 1.0)] {
            assert!(
                (left(Weights::default(), availability) - part).abs() < 1e-5,
                "{availability}"
            );
        }
        // Where availability has no weight, time doesn't matter.
        let skill = Weights::new([1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]).unwrap();
        assert_eq!(left(skill, 0), 1.0);
    }

    #[test]
    fn the_fit_is_the_weighted_harmonic_mean_of_both_sides() {
        let sides = Sides::new(&Weights::default());
        let fit = sides.fit(&values([
            900_000, 500_000, 700_000, 300_000, 0, 500_000, 800_000, 1_000_000, 100_000,
        ]));
        let (o, w) = (
            fit.organization_side_ppm.unwrap() as f64,
            fit.worker_side_ppm.unwrap() as f64,
        );
        assert!((fit.fit_ppm as f64 - 1.0 / (0.6 / o + 0.4 / w)).abs() <= 0.5);
        let expected_o = (0.34 * 0.9 + 0.12 * 0.5 + 0.03 * 0.7 + 0.08 * 0.8 + 0.03 * 0.1) / 0.6;
        let expected_w = (0.09 * 0.7 + 0.10 * 0.3 + 0.07 * 0.5 + 0.04) / 0.4;
        assert!((o / 1e6 - expected_o).abs() < 1e-5 && (w / 1e6 - expected_w).abs() < 1e-5);
    }

    #[test]
    fn contributions_add_up_exactly_for_any_values_and_weights() {
        let mut x = 7;
        let mut next = |below: u64| {
            x = ppm::mix(x);
            x % below
        };
        for _ in 0..20_000 {
            let raw: [f64; N] = std::array::from_fn(|_| {
                if next(3) == 0 {
                    0.0
                } else {
                    next(1000) as f64 / 7.0
                }
            });
            let Ok(weights) = Weights::new(raw) else { continue };
            let top = [2, 1_000, 1_000_001][next(3) as usize];
            let values = values(std::array::from_fn(|_| next(top)));
            let sides = Sides::new(&weights);
            let fit = sides.fit(&values);
            assert_eq!(
                sides.contributions(&values, &fit).iter().sum::<u64>(),
                fit.fit_ppm
            );
        }
    }

    #[test]
    fn a_side_without_weight_drops_out() {
        let text_alone = Weights::new([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]).unwrap();
        let fit = Sides::new(&text_alone).fit(&values([1, 2, 3, 4, 5, 6, 7, 8, 400_000]));
        assert_eq!((fit.fit_ppm, fit.worker_side_ppm), (400_000, None));
        let theme_alone = Weights::new([0.0, 0.0, 0.0, 0.0, 7.5, 0.0, 0.0, 0.0, 0.0]).unwrap();
        let fit = Sides::new(&theme_alone).fit(&values([0, 0, 0, 0, 300_000, 0, 0, 0, 0]));
        assert_eq!((fit.fit_ppm, fit.organization_side_ppm), (300_000, None));
    }

    #[test]
    fn rejects_invalid_weights() {
        for bad in [f64::NAN, f64::INFINITY, -1.0] {
            assert_eq!(
                Weights::new([bad, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
                Err(InvalidWeights)
            );
        }
        assert_eq!(Weights::new([0.0; N]), Err(InvalidWeights));
        assert!(Weights::new([f64::MIN_POSITIVE, f64::MAX, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]).is_ok());
    }

    #[test]
    fn a_higher_value_never_lowers_the_fit() {
        let sides = Sides::new(&Weights::default());
        let mut x = 11;
        for _ in 0..20_000 {
            let mut ppm: [u64; N] = std::array::from_fn(|_| {
                x = ppm::mix(x);
                x % 1_000_001
            });
            let before = sides.fit(&values(ppm)).fit_ppm;
            let raised = (x >> 32) as usize % N;
            ppm[raised] += (PPM - ppm[raised]) / 3;
            assert!(sides.fit(&values(ppm)).fit_ppm >= before);
        }
    }
}
