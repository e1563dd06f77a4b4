//! The past of workers: who has often been placed gives way to those who were passed over.
//!
//! A round may take a part off the fits of a worker:
//!
//! ```text
//! weighed = fit − ⌊fit · w · placed ÷ (placed + passed over + 1)⌋
//! ```
//!
//! With w = 1 and nobody passed over, this leaves 1 ÷ (1 + placed), the weights of sequential proportional voting (Thiele 1895).
//!
//! Invariants: a weighed fit is never above the fit, so an index that is ordered by fit serves still: whoever isn't read
//! yet has at most the fit that was read last. Between two slots a worker's order stays: the higher fit is never weighed lower.

use crate::ppm::PPM;

/// What became of a worker's applications and invitations so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Past {
    /// How often they got a place.
    pub placed: u32,
    /// How often they asked for one, or said yes to an invitation, and got none.
    pub passed_over: u32,
}

impl Past {
    /// Returns what is left of a fit, if the past has this weight.
    pub fn weighed_ppm(self, fit_ppm: u64, weight_ppm: u64) -> u64 {
        let (placed, all) = (
            u128::from(self.placed),
            u128::from(self.placed) + u128::from(self.passed_over) + 1,
        );
        let weight = u128::from(weight_ppm.min(PPM));
        let off = u128::from(fit_ppm) * weight * placed / (u128::from(PPM) * all);
        // At most the fit itself, since placed is below all.
        fit_ppm - off as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Draw;

    #[test]
    fn the_past_takes_a_part_off() {
        let weighed = |placed, passed_over, weight| {
            let past = Past { placed, passed_over };
            past.weighed_ppm(800_000, weight)
        };
        assert_eq!(weighed(0, 9, 500_000), 800_000);
        assert_eq!(weighed(3, 0, 0), 800_000);
        assert_eq!(weighed(1, 0, 500_000), 600_000);
        assert_eq!(weighed(1, 2, 500_000), 700_000);
        assert_eq!(weighed(3, 0, PPM), 200_000);
        assert_eq!(weighed(u32::MAX, u32::MAX, PPM), 400_001);
    }

    #[test]
    fn weighing_keeps_the_order_of_a_worker_and_never_adds() {
        let draw = &mut Draw(31);
        for _ in 0..20_000 {
            let past = Past {
                placed: draw.below(9) as u32,
                passed_over: draw.below(9) as u32,
            };
            let weight = draw.below(PPM + 1);
            let fit = draw.below(PPM);
            let [lower, higher] = [fit, fit + 1].map(|fit| past.weighed_ppm(fit, weight));
            assert!(lower <= higher && lower <= fit);
            let more = Past {
                placed: past.placed + 1,
                ..past
            };
            assert!(more.weighed_ppm(fit, weight) <= lower);
            let passed = Past {
                passed_over: past.passed_over + 1,
                ..past
            };
            assert!(passed.weighed_ppm(fit, weight) >= lower);
        }
    }
}
