//! The robot on the other side of a sandbox partner: it answers at once, by the first word of the message, so that an app
//! can be tested alone. What it does takes no place and raises nobody's load.

use super::ApplicationStatus::{self, Agreed, Declined, Offered, Shortlisted};
use super::{Application, ApplicationReason, Outcome};

/// What the robot does at each first word. At any other word it does nothing, and the application waits.
const ANSWERS: [(ApplicationStatus, &[&str]); 4] = [
    (Shortlisted, &["shortlist", "候補"]),
    (Offered, &["offer", "内定"]),
    (Agreed, &["accept", "承諾", "成立"]),
    (Declined, &["decline", "辞退", "見送り"]),
];

/// Returns what the robot makes of an application, if it does anything.
pub fn answer(application: &Application) -> Option<Outcome> {
    let before = &application.outcome;
    let status = match before.status {
        ApplicationStatus::Submitted => {
            let message = application.message.as_deref()?.trim().to_lowercase();
            let says = |words: &&[&str]| words.iter().any(|word| message.starts_with(word));
            ANSWERS
                .iter()
                .find(|(_, words)| says(words))
                .map(|(status, _)| *status)?
        }
        // It wants what the worker wants.
        Offered if before.worker_agrees => Agreed,
        _ => return None,
    };
    Some(Outcome {
        status,
        reason: (status == Declined).then_some(ApplicationReason::Other),
        respond_by: None,
        organization_agrees: status == Agreed,
        worker_agrees: status == Agreed,
        ..before.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Lifecycle;

    #[test]
    fn every_answer_is_a_legal_move() {
        for (status, _) in ANSWERS {
            assert!(ApplicationStatus::Submitted.check_move(status).is_ok());
        }
    }
}
