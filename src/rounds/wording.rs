//! Rounds in words. A cost is called exact only where the theory says so; otherwise it is "at least".

use super::decimal;
use super::facts::{Outcome, PlaceFacts, RoundLoss, SlotFacts, WhyEmpty};
use super::{NewRound, Place, RoundObjective};
use crate::db::Id;
use crate::error::Text;
use crate::matches::explainer::Explainer;
use crate::matches::view::WorkerBrief;
use matcher::round::{Refusal, Verdict};
use std::collections::HashMap;

pub struct Words<'a> {
    pub explainer: &'a Explainer<'a>,
    pub titles: &'a HashMap<Id, &'a str>,
    pub outcome: &'a Outcome,
}

impl Words<'_> {
    fn slot_name(&self, slot: &SlotFacts) -> String {
        let roles = &self.explainer.catalogue.roles;
        let role = roles
            .position(&slot.role)
            .map_or("", |role| self.explainer.label(roles, role));
        let title = self.titles.get(&slot.deliverable).copied().unwrap_or_default();
        self.explainer
            .text(format!("「{title}」の{role}"), format!("{role} of \"{title}\""))
    }

    /// Names a loss of places and fit. Gains are named as such.
    fn loss(&self, loss: RoundLoss) -> String {
        let (fit, places) = (decimal(loss.fit_ppm.abs()), loss.places.abs());
        let is_small = fit == decimal(0);
        let is_gain = loss.places < 0 || loss.places == 0 && loss.fit_ppm < 0;
        let (down_ja, down_en) = match is_gain {
            true => ("増えます", "gains"),
            false => ("減ります", "loses"),
        };
        let also_down_ja = if is_gain { "増え" } else { "減り" };
        match loss.places {
            0 if is_small => self
                .explainer
                .text("適合度の合計はほとんど変わりません", "the round hardly changes"),
            0 => self.explainer.text(
                format!("適合度の合計が{fit}{down_ja}"),
                format!("the round {down_en} {fit}"),
            ),
            _ => {
                let (also_ja, also_en) = match (loss.fit_ppm, is_gain) {
                    _ if is_small => (String::new(), String::new()),
                    (sum, false) if sum > 0 => (
                        format!("、適合度の合計も{fit}減ります"),
                        format!(" and {fit} of fit"),
                    ),
                    (_, false) => (
                        format!("、適合度の合計は{fit}増えます"),
                        format!(", and gains {fit} of fit"),
                    ),
                    (sum, true) if sum < 0 => (
                        format!("、適合度の合計も{fit}増えます"),
                        format!(" and {fit} of fit"),
                    ),
                    (_, true) => (
                        format!("、適合度の合計は{fit}減ります"),
                        format!(", and loses {fit} of fit"),
                    ),
                };
                let of = if places == 1 { "place" } else { "places" };
                let down_ja = if is_small { down_ja } else { also_down_ja };
                self.explainer.text(
                    format!("埋まる枠が{places}つ{down_ja}{also_ja}"),
                    format!("the round {down_en} {places} {of}{also_en}"),
                )
            }
        }
    }

    pub fn slot(&self, slot: &SlotFacts) -> String {
        let empty = slot.empty;
        match slot.why {
            Some(WhyEmpty::NobodyPasses) => self.explainer.text(
                format!("{empty}枠が空きます。条件を満たす人がいません。"),
                format!("{empty} stay empty: nobody passes."),
            ),
            Some(WhyEmpty::BelowMinimum) => {
                let best = decimal(slot.best_fit_ppm.unwrap_or(0) as i64);
                self.explainer.text(
                    format!("{empty}枠が空きます。適合度は最も高い人でも{best}で、下限に届きません。"),
                    format!("{empty} stay empty: the best fit is {best}, below the least one."),
                )
            }
            Some(WhyEmpty::Taken) => self.explainer.text(
                format!("{empty}枠が空きます。条件を満たす人は、みなほかの枠に入っています。"),
                format!("{empty} stay empty: all who pass have other places."),
            ),
            None if slot.scarce => self.explainer.text(
                "人が足りない枠です。ここの枠が1つ減っても、全体で埋まる枠の数は変わりません。",
                "People are scarce here. With one place less, the round would fill as many.",
            ),
            None => match slot.price {
                Some(price) => {
                    let loss = self.loss(price);
                    self.explainer.text(
                        format!("枠が1つ減ると、{loss}。"),
                        format!("With one place less, {loss}."),
                    )
                }
                None => self.explainer.text("埋まっています。", "Filled."),
            },
        }
    }

    pub fn place(
        &self,
        place: &Place,
        facts: &PlaceFacts,
        worker: Option<&WorkerBrief>,
        replacement: Option<&WorkerBrief>,
    ) -> String {
        let Some(worker) = worker else {
            return self
                .explainer
                .text("このワーカーの情報は削除されました。", "This worker was erased.");
        };
        let (name, here) = (&worker.name, decimal(place.fit_ppm as i64));
        let mut said = Vec::new();
        if facts.pinned {
            said.push(self.explainer.text("指定された枠です。", "A pin puts them here."));
        }
        let other = facts.alternative.as_ref();
        match other.and_then(|other| Some((other, self.outcome.slots.get(other.slot)?))) {
            None => said.push(self.explainer.text(
                format!("{name}の適合度は{here}です。"),
                format!("{name} fits {here} here."),
            )),
            Some((other, slot)) => {
                let (there, slot) = (decimal(other.fit_ppm as i64), self.slot_name(slot));
                said.push(self.explainer.text(
                    format!("{name}の適合度はここでは{here}、{slot}では{there}です。"),
                    format!("{name} fits {here} here and {there} as {slot}."),
                ));
                if let Some(loss) = other.loss {
                    let words = self.loss(loss);
                    said.push(match other.exact {
                        true => self.explainer.text(
                            format!("そちらに移すと、{words}。"),
                            format!("Moved there, {words}."),
                        ),
                        false => self.explainer.text(
                            format!("そちらに移すと、少なくとも次の影響があります: {words}。"),
                            format!("Moved there, at least this follows: {words}."),
                        ),
                    });
                }
            }
        }
        if let Some(weighed) = facts.weighed_fit_ppm.filter(|weighed| *weighed < place.fit_ppm) {
            let weighed = decimal(weighed as i64);
            said.push(self.explainer.text(
                format!("これまでに席を得ているため、{weighed}として比べています。"),
                format!("It counts as {weighed}, because they have had places before."),
            ));
        }
        if let Some(loss) = facts.withdrawal {
            let words = self.loss(loss);
            said.push(match replacement {
                Some(next) => self.explainer.text(
                    format!("辞退した場合、{words}。代わりの候補は{}です。", next.name),
                    format!("If they withdraw, {words}; best replacement {}.", next.name),
                ),
                None => self.explainer.text(
                    format!("辞退した場合、{words}。代わりの人はいません。"),
                    format!("If they withdraw, {words}; nobody comes instead."),
                ),
            });
        }
        said.join(&self.explainer.text("", " "))
    }

    pub fn round(&self, request: &NewRound) -> String {
        let objective = request.objective;
        let totals = self.outcome.totals;
        let (filled, places, fit) = (totals.filled, totals.places, decimal(totals.fit_ppm as i64));
        let sums = self.explainer.text(
            format!("{places}枠のうち{filled}枠が埋まり、適合度の合計は{fit}です。"),
            format!("{filled} of {places} places are filled, with {fit} of fit."),
        );
        let best = match (objective, self.outcome.search) {
            (RoundObjective::Stable, _) => self.explainer.text(
                "今の組み合わせより互いを望む人と枠はありません。",
                "No worker and no place would both rather have each other.",
            ),
            (_, Some(search)) if !search.best => {
                let gap = search.gap_teams;
                self.explainer.text(
                    format!(
                        "最もよいとは証明されていません。そろうチームは、多くてもあと{gap}増えるだけです。"
                    ),
                    format!("Not proven to be the best: at most {gap} more teams could be complete."),
                )
            }
            _ => self
                .explainer
                .text("これより良い組み合わせはありません。", "No answer is better."),
        };
        let mut said = vec![sums, best];
        if let Some(without) = &self.outcome.without_past {
            let (now, plain) = (self.outcome.report, without.report);
            let weight = decimal(request.past_placement_ppm as i64);
            let (gini, plain_gini) = (decimal(now.gini_ppm as i64), decimal(plain.gini_ppm as i64));
            let change = decimal(totals.fit_ppm as i64 - without.totals.fit_ppm as i64);
            said.push(self.explainer.text(
                format!(
                    "これまでに席を得た回数と得られなかった回数を、{weight}の重みで考慮しています。考慮しない場合と比べ、初めての人は{}人から{}人、ジニ係数は{plain_gini}から{gini}、人の届く地域は{}から{}になり、適合度の合計は{change}変わります。増減の数字は、考慮した後の適合度によります。",
                    plain.newcomers, now.newcomers, plain.areas_served, now.areas_served
                ),
                format!(
                    "Earlier places weigh {weight}. Against not weighing them: newcomers {} to {}, Gini {plain_gini} to {gini}, areas served {} to {}, sum of fits {change}. Gains and losses count what the past leaves of the fits.",
                    plain.newcomers, now.newcomers, plain.areas_served, now.areas_served
                ),
            ));
        }
        said.join(&self.explainer.text("", " "))
    }
}

/// Says what came out of a verification.
pub fn verdict(found: Option<&Result<Verdict, Refusal>>, has_proof: bool) -> Text {
    match found {
        None => Text::new(
            "計算した後に枠かワーカーが変わったため、確認できません。",
            "The places or the people have changed since, so the round can't be verified.",
        ),
        Some(Ok(_)) if has_proof => Text::new(
            "規則を守っており、これより良い組み合わせがないことを確認しました。",
            "It keeps the rules, and no answer is better.",
        ),
        Some(Ok(_)) => Text::new(
            "規則を守っています。最もよいという証明はありません。",
            "It keeps the rules. Nothing proves that it is the best.",
        ),
        Some(Err(refusal)) => refused(refusal),
    }
}

fn refused(refusal: &Refusal) -> Text {
    let at = |position: usize| position + 1;
    match refusal {
        Refusal::Round(_) => Text::new(
            "指定や除外が、今の情報では成り立ちません。",
            "The pins or bans no longer hold.",
        ),
        Refusal::FailsGates { seat, .. } => Text::new(
            format!("{}番目の人が条件を満たしていません。", at(*seat)),
            format!("Number {} fails a gate.", at(*seat)),
        ),
        Refusal::WrongFit { seat, fit_ppm } => Text::new(
            format!("{}番目の人の適合度は{fit_ppm}です。", at(*seat)),
            format!("The fit of number {} is {fit_ppm}.", at(*seat)),
        ),
        Refusal::BelowMinimum { seat } => Text::new(
            format!("{}番目の人の適合度が下限を下回っています。", at(*seat)),
            format!("The fit of number {} is below the least one.", at(*seat)),
        ),
        Refusal::Banned { seat } | Refusal::TwiceInDeliverable { seat } | Refusal::UnknownSlot { seat } => {
            Text::new(
                format!("{}番目の枠に入れることはできません。", at(*seat)),
                format!("Number {} may not have that place.", at(*seat)),
            )
        }
        Refusal::TooManyInSlot { slot } => Text::new(
            format!("{}番目の役割に、枠より多い人がいます。", at(*slot)),
            format!("Slot number {} has more people than places.", at(*slot)),
        ),
        Refusal::TooManyPlaces { capacity, .. } => Text::new(
            format!("参加できる数（{capacity}件）より多い枠に入っている人がいます。"),
            format!("Somebody has more places than the {capacity} that they take."),
        ),
        Refusal::PinMissing { .. } => Text::new("指定された人がいません。", "A pin is missing."),
        Refusal::WrongProofs | Refusal::WrongPrices { .. } => Text::new(
            "価格がそろっていないため、証明になりません。",
            "The prices are not those of a proof.",
        ),
        Refusal::NotBest { .. } | Refusal::NotHighest { .. } => Text::new(
            "もっと良い組み合わせがあるかもしれません。価格は最もよいことを証明しません。",
            "A better answer may exist: the prices don't prove that this is the best.",
        ),
        Refusal::Unstable { .. } => Text::new(
            "今の組み合わせより互いを望む人と枠があります。",
            "A worker and a place would both rather have each other.",
        ),
        Refusal::Incomplete { .. } => {
            Text::new("人数のそろわないチームがあります。", "A team is not complete.")
        }
    }
}

/// Says how many more places would be filled.
pub fn counted(more: usize) -> (String, String) {
    let places = if more == 1 { "place" } else { "places" };
    (
        format!("全体であと{more}枠が埋まります。"),
        format!("{more} more {places} would be filled"),
    )
}
