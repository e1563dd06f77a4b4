//! How fast the organization of a ranked deliverable answers applications, in words.

use super::explainer::Explainer;
use super::view::{OrganizationResponse, ResponseWarning};
use crate::applications::responses::Responses;

impl Explainer<'_> {
    pub(super) fn organization_response(&self, responses: Responses) -> OrganizationResponse {
        let Responses {
            received,
            answered,
            rate_percent,
            median_days,
        } = responses;
        let because = match (rate_percent, median_days) {
            (None, _) => self.text(
                "この1年の応募がまだ少ないため、回答の早さはわかりません。",
                "Too few applications came within a year to say how fast they are answered.",
            ),
            (_, None) => self.text(
                format!("この1年の応募{received}件のどれにも回答していません。"),
                format!("None of {received} applications within a year was answered."),
            ),
            (_, Some(days)) => self.text(
                format!("この1年の応募{received}件のうち{answered}件に回答しています。回答までの日数の中央値は{days}日です。"),
                format!(
                    "{answered} of {received} applications within a year were answered. Half of the answers came within \
                    {days} days."
                ),
            ),
        };
        OrganizationResponse {
            warning: responses.is_silent().then_some(ResponseWarning::NeverAnswers),
            responses,
            because,
        }
    }
}
