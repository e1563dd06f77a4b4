//! Explains a fit: each component's inputs and contribution, with the reason in words.

use super::codes;
use super::explainer::{Explainer, code_of};
use super::inputs::{
    AvailabilityInputs, ComponentInputs, CreditedWish, DistanceInputs, ExperienceInputs, FormatInputs,
    ReliabilityInputs, ResponsivenessInputs, SkillInputs, TextInputs, ThemeInputs,
};
use super::snapshot::Snapshot;
use super::view::{
    AppliedWeights, ComponentScore, FairnessAdjustment, FitExplanation, GateCount, RankingSummary, RoleFit,
    Side,
};
use crate::exposures::week_name;
use crate::values::Code;
use crate::weights::ComponentWeights;
use matcher::fairness::FairOrder;
use matcher::{
    Assessment, COMPONENTS, Candidate, Census, Component, EntryNo, Gate, Need, Query, RankKey, Weights,
    improve,
};

impl Explainer<'_> {
    /// Explains one candidate in one role. `words` is the request's text; `above` is the key of the candidate ranked
    /// directly above.
    pub fn explain(
        &self,
        query: &Query,
        words: &str,
        c: &Candidate,
        a: &Assessment,
        above: Option<RankKey>,
    ) -> FitExplanation {
        let contributions = query.contributions(a);
        let component = |(component, contribution_ppm): (Component, u64)| {
            let score = a.values.get(component);
            let (inputs, because) = self.because(component, query, words, c, a);
            ComponentScore {
                name: codes::Component(component.code()),
                side: match (component.is_of_organization(), component.is_of_worker()) {
                    (true, true) => Side::Both,
                    (true, false) => Side::Organization,
                    (false, _) => Side::Worker,
                },
                value_ppm: score.ppm,
                weight_ppm: query.weights.ppm(component),
                contribution_ppm,
                known: score.known,
                inputs,
                because: if score.known {
                    because
                } else {
                    self.imputed(because, &self.unanswered(component, query.need, c))
                },
            }
        };
        let improvement = above.and_then(|above| improve::smallest_improvement(query, c, a, above));
        FitExplanation {
            role: self.role_code(query.need, a.role),
            fit_ppm: a.fit.fit_ppm,
            organization_side_ppm: a.fit.organization_side_ppm,
            worker_side_ppm: a.fit.worker_side_ppm,
            completeness_ppm: query.completeness_ppm(&a.values),
            other_roles: self.other_roles(query, c, a.role),
            unconfirmed: a
                .unconfirmed
                .iter()
                .map(|u| codes::Unconfirmed(u.code()))
                .collect(),
            // Without a weight, the text's inputs would still tell what the evidence says.
            components: COMPONENTS
                .into_iter()
                .zip(contributions)
                .filter(|(c, _)| *c != Component::Text || query.weights.ppm(*c) > 0)
                .map(component)
                .collect(),
            improvement: improvement.map(|i| self.improvement(query.need, i.change, i.fit_ppm)),
        }
    }

    fn other_roles(&self, query: &Query, c: &Candidate, listed: usize) -> Vec<RoleFit> {
        let others = query.roles(None).filter(|role| *role != listed);
        let assessed = others.filter_map(|role| query.assess(c, role));
        let mut passed: Vec<Assessment> = assessed.filter(|a| a.failed.is_empty()).collect();
        passed.sort_by_key(|a| std::cmp::Reverse(a.fit.fit_ppm));
        let fit = |a: Assessment| RoleFit {
            role: self.role_code(query.need, a.role),
            fit_ppm: a.fit.fit_ppm,
        };
        passed.into_iter().map(fit).collect()
    }

    /// Says which answers are missing, after the reason that is known.
    fn imputed(&self, because: String, unanswered: &[String]) -> String {
        if unanswered.is_empty() {
            return because;
        }
        let missing = self.text(
            format!("未回答：{}", unanswered.join("、")),
            format!("not answered: {}", unanswered.join(", ")),
        );
        match because.is_empty() {
            true => missing,
            false => self.text(format!("{because}。{missing}"), format!("{because}; {missing}")),
        }
    }

    /// Returns the inputs of a component and the reason in words; the reason is empty where nothing is known.
    fn because(
        &self,
        component: Component,
        query: &Query,
        words: &str,
        c: &Candidate,
        a: &Assessment,
    ) -> (ComponentInputs, String) {
        match component {
            Component::Skill => self.skill(query, c, a),
            Component::Experience => {
                let role = query.need.roles.get(a.role).map_or(0, |role| role.role);
                let deliveries = c.deliveries(query.need.family, role);
                let here = c.counted.deliveries(query.need.family, role);
                let (minutes, twice) = c.counted.hours(query.need.family, role);
                let deliveries = deliveries.map(|worth| worth.saturating_sub(twice));
                let hours = minutes / 60;
                let by_roster = deliveries.map(|all| all.saturating_sub(here));
                let by_roster = by_roster.filter(|n| *n > 0 || here == 0);
                let because = deliveries.map(|n| {
                    if n == 0 {
                        return self.text(
                            "同種または同じ役割の実績はありません",
                            "no past deliveries of this kind or in this role",
                        );
                    }
                    let roster = by_roster.unwrap_or(0);
                    let (ja, en) = match here {
                        0 => (String::new(), String::new()),
                        _ => (
                            format!("（当サービスで{here}件、名簿で{roster}件）"),
                            format!(" ({here} here, {roster} by roster)"),
                        ),
                    };
                    let (twice_ja, twice_en) = match twice {
                        0 => (String::new(), String::new()),
                        _ => (
                            format!("。活動{hours}時間により{twice}件を2件分と数えます"),
                            format!(
                                "; {twice} of them {} twice, for {hours} hours",
                                plural(twice, "counts", "count")
                            ),
                        ),
                    };
                    self.text(
                        format!("同種または同じ役割の実績が{n}件あります{ja}{twice_ja}"),
                        format!(
                            "{n} past {} of this kind or in this role{en}{twice_en}",
                            plural(n, "delivery", "deliveries")
                        ),
                    )
                });
                let inputs = ExperienceInputs {
                    deliveries,
                    deliveries_here: here,
                    deliveries_by_roster: by_roster,
                    hours_here: hours,
                    deliveries_counted_twice: twice,
                };
                (ComponentInputs::Experience(inputs), because.unwrap_or_default())
            }
            Component::Availability => self.availability(query, c),
            Component::Distance => self.distance(query, c),
            Component::Theme => self.theme(query, c),
            Component::Format => self.format(query, c),
            Component::Reliability => {
                let (completed_here, dropped_here) = c.counted.record;
                let by_roster = c.record.map(|(completed, dropped)| {
                    let rest = |all: u16, here: u16| all.saturating_sub(here);
                    (rest(completed, completed_here), rest(dropped, dropped_here))
                });
                let because = c.record.zip(by_roster).map(|((completed, dropped), roster)| {
                    let (ja, en) = match c.counted.record {
                        (0, 0) => (String::new(), String::new()),
                        (done, left) => (
                            format!(
                                "（当サービスで完了{done}件・途中辞退{left}件、名簿で完了{}件・途中辞退{}件）",
                                roster.0, roster.1
                            ),
                            format!(
                                " (here {done} and {left}, by roster {} and {})",
                                roster.0, roster.1
                            ),
                        ),
                    };
                    let (reviews_ja, reviews_en) = match c.counted.reviews {
                        0 => (String::new(), String::new()),
                        n => (
                            format!("。団体からの評価{n}件も数えます"),
                            format!(
                                ", {n} {} by organizations",
                                plural(n.into(), "review", "reviews")
                            ),
                        ),
                    };
                    self.text(
                        format!("完了{completed}件、途中辞退{dropped}件です{ja}{reviews_ja}"),
                        format!(
                            "completed {completed} {}, dropped {dropped}{en}{reviews_en}",
                            plural(completed.into(), "project", "projects")
                        ),
                    )
                });
                let inputs = ReliabilityInputs {
                    completed: c.record.map(|record| record.0),
                    dropped: c.record.map(|record| record.1),
                    completed_here,
                    dropped_here,
                    completed_by_roster: by_roster.map(|roster| roster.0),
                    dropped_by_roster: by_roster.map(|roster| roster.1),
                    reviews_here: c.counted.reviews,
                    praise_eighths: c.reviews.0,
                    criticism_eighths: c.reviews.1,
                };
                (ComponentInputs::Reliability(inputs), because.unwrap_or_default())
            }
            Component::Responsiveness => {
                let days = c.last_active.map(|day| (query.population.today - day).max(0));
                let because = days.map(|days| match days {
                    0 => self.text("今日活動しています", "active today"),
                    days => self.text(
                        format!("最終活動は{days}日前です"),
                        format!("last active {days} {} ago", plural(days as u64, "day", "days")),
                    ),
                });
                let answered = c.counted.last_active;
                let inputs = ResponsivenessInputs {
                    days_since_active: days,
                    days_since_answer_here: answered.map(|day| (query.population.today - day).max(0)),
                };
                (
                    ComponentInputs::Responsiveness(inputs),
                    because.unwrap_or_default(),
                )
            }
            Component::Text => self.common_words(query, words, c),
        }
    }

    /// Explains the text: the words that the request shares with the piece of evidence that matches best.
    fn common_words(&self, query: &Query, words: &str, c: &Candidate) -> (ComponentInputs, String) {
        let matched = query.text_match(c);
        let best = matched
            .filter(|matched| matched.cosine_ppm > 0)
            .map(|matched| matched.piece);
        let shared = best.and_then(|best| c.evidence.get(best)).map(|piece| {
            let weight = |term| query.words().shared(term, piece);
            telling(text::phrases(words, weight))
        });
        let because = match (&shared, matched) {
            (Some(shared), _) if !shared.is_empty() => self.text(
                format!("依頼文と共通する言葉：{}", shared.join("、")),
                format!("words shared with the request: {}", shared.join(", ")),
            ),
            (_, Some(_)) => self.text(
                "依頼文と共通する目立った言葉はありません",
                "no telling words in common with the request",
            ),
            (_, None) => String::new(),
        };
        let inputs = TextInputs {
            best_evidence: best,
            evidence_count: c.evidence.len(),
            words: shared,
        };
        (ComponentInputs::Text(inputs), because)
    }

    /// Names the answers that a component lacks.
    fn unanswered(&self, component: Component, need: &Need, c: &Candidate) -> Vec<String> {
        let name = |missing: bool, ja: &str, en: &str| missing.then(|| self.text(ja, en));
        let names = match component {
            Component::Skill => [name(c.skills.is_none(), "スキル", "skills"), None],
            Component::Experience => [name(c.experience.is_none(), "実績", "past deliveries"), None],
            Component::Availability => [
                name(c.hours_per_week.is_none(), "活動できる時間", "hours a week"),
                name(
                    need.day_parts != 0 && c.day_parts.is_none(),
                    "活動できる曜日・時間帯",
                    "days and times",
                ),
            ],
            Component::Distance => [
                name(c.area.is_none(), "お住まいの市区町村", "municipality"),
                name(need.remote && c.remote.is_none(), "リモートの可否", "remote work"),
            ],
            Component::Theme => [name(c.themes.is_none(), "関心のあるテーマ", "themes"), None],
            Component::Format => [
                name(
                    c.accepted_formats.is_none(),
                    "対応できる実施形式",
                    "accepted formats",
                ),
                None,
            ],
            Component::Reliability => [
                name(c.record.is_none(), "完了・辞退の件数", "completed projects"),
                None,
            ],
            Component::Responsiveness => [name(c.last_active.is_none(), "最終活動日", "last activity"), None],
            Component::Text => [name(c.evidence.is_empty(), "実績・自己紹介", "evidence"), None],
        };
        names.into_iter().flatten().collect()
    }

    fn skill(&self, query: &Query, c: &Candidate, a: &Assessment) -> (ComponentInputs, String) {
        let skills = &self.catalogue.skills;
        let mut wishes = Vec::new();
        let mut reasons = Vec::new();
        for credited in query.wishes(a.role) {
            let wish = credited.wish;
            let quality = c.skills.as_ref().map(|own| credited.quality(own));
            let held = quality.and_then(|(_, held)| held);
            wishes.push(CreditedWish {
                skill: code_of(skills, wish.skill).map(Code::from),
                required_level: wish.level,
                weight: wish.weight,
                must_have: wish.must_have,
                held_skill: held.and_then(|(skill, _)| code_of(skills, skill)).map(Code::from),
                held_level: held.map(|(_, level)| level),
                quality_ppm: quality.map(|(ppm, _)| ppm),
            });
            let (label, required) = (self.label(skills, wish.skill), wish.level);
            reasons.push(match (quality, held) {
                (None, _) => self.text(
                    format!("{label}（必要レベル{required}）"),
                    format!("{label} (needs level {required})"),
                ),
                (_, None) => self.text(
                    format!("{label}なし（必要レベル{required}）"),
                    format!("no {label} (needs level {required})"),
                ),
                (_, Some((skill, level))) if skill == wish.skill => self.text(
                    format!("{label} レベル{level}（必要{required}）"),
                    format!("{label} at level {level} (needs level {required})"),
                ),
                (_, Some((skill, level))) => {
                    let held = self.label(skills, skill);
                    self.text(
                        format!("{label}の代わりに{held} レベル{level}（必要{required}）"),
                        format!("{held} at level {level} instead of {label} (needs level {required})"),
                    )
                }
            });
        }
        let because = match reasons.is_empty() {
            true => self.text("必要なスキルの指定がありません", "the request wishes no skills"),
            false => reasons.join(&self.text("、", ", ")),
        };
        (ComponentInputs::Skill(SkillInputs { wishes }), because)
    }

    fn availability(&self, query: &Query, c: &Candidate) -> (ComponentInputs, String) {
        let (needed, requested) = (query.need.hours_per_week, query.need.day_parts);
        let shared = c.day_parts.map(|own| (own & requested).count_ones());
        let all = requested.count_ones();
        let inputs = AvailabilityInputs {
            hours_offered: c.hours_per_week,
            hours_needed: needed,
            day_parts_needed: all,
            day_parts_shared: shared,
        };
        let because = match (c.hours_per_week, shared.filter(|_| all > 0)) {
            (Some(offered), Some(shared)) => self.text(
                format!("週{offered}時間（必要{needed}時間）で、時間帯は{all}枠のうち{shared}枠が合います"),
                format!("offers {offered} hours a week ({needed} needed), and {shared} of the {all} times of the week"),
            ),
            (Some(offered), None) => self.text(
                format!("週{offered}時間です（必要{needed}時間）"),
                format!("offers {offered} hours a week ({needed} needed)"),
            ),
            (None, Some(shared)) => self.text(
                format!("時間帯は{all}枠のうち{shared}枠が合います"),
                format!("offers {shared} of the {all} times of the week"),
            ),
            (None, None) => String::new(),
        };
        (ComponentInputs::Availability(inputs), because)
    }

    fn distance(&self, query: &Query, c: &Candidate) -> (ComponentInputs, String) {
        let geography = &query.population.geography;
        let metres = c.area.map(|area| geography.metres(area, query.need.area));
        let both_remote = if query.need.remote { c.remote } else { Some(false) };
        let place = metres.map(|metres| match metres {
            0 => self.text("同じ市区町村", "lives in the same municipality"),
            _ => {
                let km = f64::from(metres) / 1000.0;
                self.text(format!("距離は{km:.1}km"), format!("lives {km:.1} km away"))
            }
        });
        let because = match (place, both_remote) {
            (Some(place), Some(true)) => self.text(
                format!("{place}で、リモートも可能です"),
                format!("{place}, and can work remotely"),
            ),
            (None, Some(true)) => self.text("リモートで対応できます", "can work remotely"),
            (Some(place), _) => self.text(format!("{place}です"), place),
            (None, _) => String::new(),
        };
        let inputs = DistanceInputs { metres, both_remote };
        (ComponentInputs::Distance(inputs), because)
    }

    fn theme(&self, query: &Query, c: &Candidate) -> (ComponentInputs, String) {
        let themes = &self.catalogue.themes;
        let codes = |all: &[EntryNo]| -> Vec<Code> {
            let codes = all.iter().filter_map(|theme| code_of(themes, *theme));
            codes.map(Code::from).collect()
        };
        let requested = &query.need.themes;
        let shared: Option<Vec<EntryNo>> = c.themes.as_ref().map(|own| {
            let shared = requested.iter().copied().filter(|theme| own.contains(theme));
            shared.collect()
        });
        let because = match &shared {
            _ if requested.is_empty() => self.text(
                "団体のテーマが登録されていません",
                "the organization has named no themes",
            ),
            None => String::new(),
            Some(shared) if shared.is_empty() => self.text("共通のテーマはありません", "no themes in common"),
            Some(shared) => {
                let labels: Vec<&str> = shared.iter().map(|theme| self.label(themes, *theme)).collect();
                self.text(
                    format!("関心が合います：{}", labels.join("、")),
                    format!("shared themes: {}", labels.join(", ")),
                )
            }
        };
        let inputs = ThemeInputs {
            requested: codes(requested),
            shared: shared.map(|shared| codes(&shared)),
        };
        (ComponentInputs::Theme(inputs), because)
    }

    fn format(&self, query: &Query, c: &Candidate) -> (ComponentInputs, String) {
        let (accepted, preferred) = (c.accepts(query.need.format), c.prefers(query.need.format));
        let label = self.format_label(query.need.format);
        let because = match (accepted, preferred) {
            (None, _) => String::new(),
            (_, true) => self.text(
                format!("{label}を希望しています"),
                format!("prefers {}", label.to_lowercase()),
            ),
            (Some(true), _) => self.text(
                format!("{label}に対応できます"),
                format!("accepts {}", label.to_lowercase()),
            ),
            (Some(false), _) => self.text(
                format!("{label}には対応していません"),
                format!("does not accept {}", label.to_lowercase()),
            ),
        };
        let inputs = FormatInputs {
            accepted,
            preferred: accepted.map(|_| preferred),
        };
        (ComponentInputs::Format(inputs), because)
    }
}

pub(super) fn plural<'w>(n: u64, one: &'w str, many: &'w str) -> &'w str {
    if n == 1 { one } else { many }
}

/// Returns the phrases that weigh most, without the particles around them, and none within another. Hiragana alone are mostly
/// grammar, and so are words that weigh little.
fn telling(phrases: Vec<(String, u64)>) -> Vec<String> {
    /// How many are named.
    const MOST: usize = 5;
    const PARTICLES: [char; 9] = ['を', 'の', 'に', 'が', 'は', 'で', 'と', 'も', 'へ'];
    let bare = |(phrase, weight): (String, u64)| (phrase.trim_matches(PARTICLES).to_owned(), weight);
    let tells = |phrase: &str| {
        let mut letters = phrase.chars();
        phrase.chars().nth(1).is_some() && !letters.all(|c| ('ぁ'..='ん').contains(&c))
    };
    let mut phrases: Vec<(String, u64)> = phrases.into_iter().map(bare).collect();
    phrases.retain(|(phrase, _)| tells(phrase));
    phrases.sort_by(|(a, more), (b, less)| less.cmp(more).then(a.cmp(b)));
    let least = phrases.first().map_or(0, |(_, weight)| weight / 3);
    let mut named: Vec<String> = Vec::new();
    for (phrase, _) in phrases.into_iter().filter(|(_, weight)| *weight >= least) {
        if named.len() < MOST && !named.iter().any(|longer| longer.contains(&phrase)) {
            named.retain(|shorter| !phrase.contains(shorter.as_str()));
            named.push(phrase);
        }
    }
    named
}

/// Summarizes how a ranking was computed.
pub fn summary(
    census: Option<&Census>,
    weights: &Weights,
    version: &str,
    snapshot: &Snapshot,
    fairness: Option<(i32, &FairOrder)>,
) -> RankingSummary {
    let removed = |(gate, count): (Gate, usize)| GateCount {
        gate: codes::Gate(gate.code()),
        count,
    };
    RankingSummary {
        at_change: snapshot.at_change,
        as_of: snapshot.today,
        weights: AppliedWeights {
            version: version.to_owned(),
            given: ComponentWeights::of_weights(weights),
            effective: ComponentWeights::of(weights.effective_ppm()),
        },
        fairness: fairness.map(|(week, order)| FairnessAdjustment {
            week: week_name(week),
            strength_ppm: order.strength_ppm,
            ndcg_ppm: order.ndcg_ppm,
        }),
        considered: census.map(|census| census.considered),
        passed: census.map(|census| census.passed),
        removed: census.map(|census| census.removed().map(removed).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn particles_and_grammar_are_not_named() {
        let phrases = [
            ("チラシを", 9),
            ("した", 30),
            ("の会員", 5),
            ("チラシ", 8),
            ("シ", 8),
            ("ラシ", 8),
            ("作", 9),
            ("町", 1),
            ("ってい", 4),
            ("print", 1),
        ];
        let phrases = phrases.map(|(phrase, weight)| (phrase.to_owned(), weight));
        assert_eq!(telling(phrases.to_vec()), ["チラシ", "会員"]);
        assert!(telling(vec![("した".to_owned(), 3)]).is_empty());
    }
}
