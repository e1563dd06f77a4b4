//! The state machine of applications under random events by random people: whatever happens, what is stored agrees with the
//! tables.

use crate::support::{TestApp, on_both};
use musubi::applications::{ApplicationStatus, deadlines, moves};
use musubi::auth::{Claims, UserRole};
use musubi::db::{Id, Instant};
use musubi::values::Lifecycle;
use serde_json::{Value, json};
use std::collections::BTreeMap;

on_both! {
    whatever_happens_the_tables_hold,
}

/// A sequence of numbers that looks random and is the same each time.
struct Draws(u64);

impl Draws {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % n as u64) as usize
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

fn signed(app: &TestApp, role: UserRole, belong: impl FnOnce(&mut Claims)) -> String {
    let mut claims = Claims::new(role, "walk", chrono::Utc::now().timestamp(), 3600);
    belong(&mut claims);
    app.state.keys.sign(&claims).unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn status_of(application: &Value) -> ApplicationStatus {
    application["status"].as_str().unwrap().parse().unwrap()
}

struct Walk<'a> {
    app: &'a TestApp,
    deliverables: Vec<String>,
    workers: Vec<String>,
    /// Who acts: an administrator, a coordinator, a member of the organization, and the workers.
    people: Vec<String>,
    history: Vec<String>,
    known: BTreeMap<String, Value>,
    loads: BTreeMap<String, u64>,
}

impl Walk<'_> {
    fn applications(&self) -> Vec<Value> {
        let page = self
            .app
            .get("/v1/applications?limit=200&sort=created_at")
            .expect(200)
            .json();
        let ours = page["items"].as_array().unwrap().iter();
        ours.filter(|one| self.deliverables.contains(&text(&one["deliverable_id"])))
            .cloned()
            .collect()
    }

    fn active(&self) -> impl Iterator<Item = &Value> {
        let known = self.known.values();
        known.filter(|one| !status_of(one).is_end())
    }

    /// Something that somebody tries.
    fn event(&mut self, draws: &mut Draws) {
        let app = self.app;
        let token = draws.one(&self.people).clone();
        let deliverable = draws.one(&self.deliverables).clone();
        let worker = draws.one(&self.workers).clone();
        let role = *draws.one(&["designer", "writer"]);
        let known: Vec<Value> = self.active().cloned().collect();
        let (name, answer) = match draws.below(20) {
            0..=4 => {
                let direction = *draws.one(&["application", "application", "invitation"]);
                let bid = json!({"deliverable_id": deliverable, "worker_id": worker, "role": role, "direction": direction});
                (
                    format!("{direction} {worker} {role}"),
                    app.call("POST", "/v1/applications", &token, &bid),
                )
            }
            5..=15 if !known.is_empty() => {
                let one = draws.one(&known).clone();
                // Half of the time it is somebody whose turn it is.
                let own = self
                    .workers
                    .iter()
                    .position(|worker| one["worker_id"] == **worker);
                let of_worker = || self.people[3 + own.unwrap()].clone();
                let token = match (draws.below(4), one["awaits"].as_str()) {
                    (0, Some("worker")) | (1, _) => of_worker(),
                    (0, _) => self.people[2].clone(),
                    _ => token,
                };
                let status = *draws.one(&[
                    "submitted",
                    "shortlisted",
                    "shortlisted",
                    "offered",
                    "offered",
                    "offered",
                    "agreed",
                    "waitlisted",
                    "declined",
                    "withdrawn",
                    "expired",
                ]);
                let reason = ["declined", "withdrawn"].contains(&status).then_some("other");
                let terms = json!({"goal": format!("目標{}", draws.below(3)), "schedule": "夜"});
                let is_offered = one["status"] == "offered";
                let patch = match draws.below(if is_offered { 5 } else { 20 }) {
                    0 => json!({"agreement": terms, "worker_agrees": true}),
                    1 => json!({"agreement": terms, "organization_agrees": true}),
                    2 => json!({"worker_agrees": true}),
                    3 => json!({"organization_agrees": true}),
                    _ => json!({"status": status, "reason": reason}),
                };
                let id = text(&one["id"]);
                let path = format!("/v1/applications/{id}");
                let says_yes = patch.get("status").is_none();
                let answer = match says_yes && app.call("GET", &path, &token, &Value::Null).status == 200 {
                    true => app.patch_read(&path, &token, &patch),
                    false => app.call("PATCH", &path, &token, &patch),
                };
                (format!("{patch} {id}"), answer)
            }
            16 => {
                let change = json!({"roles": [{"role": "designer", "places": 1 + draws.below(2), "skills": []},
                    {"role": "writer", "places": 1 + draws.below(2), "skills": []}],
                    "applications_per_place": 1 + draws.below(2)});
                let path = format!("/v1/deliverables/{deliverable}");
                (format!("{change}"), app.patch(&path, &change))
            }
            17 => {
                let status = *draws.one(&["open", "in_progress", "in_progress", "in_progress", "delivered"]);
                let status = if draws.below(8) == 0 { "cancelled" } else { status };
                let path = format!("/v1/deliverables/{deliverable}");
                (
                    format!("{status} {deliverable}"),
                    app.patch(
                        &path,
                        &json!({"status": status,
                            "cancellation_reason": (status == "cancelled").then_some("other")}),
                    ),
                )
            }
            18 => {
                let days = *draws.one(&[3, 3, 6, 8, 15]);
                let then = Instant::from(chrono::Utc::now() + chrono::Duration::days(days));
                deadlines::run(&app.state.pool, then).unwrap();
                self.history.push(format!("{days} days later"));
                return;
            }
            19 => {
                let capacity = json!({"capacity": 1 + draws.below(2)});
                (
                    format!("{capacity} {worker}"),
                    app.patch(&format!("/v1/workers/{worker}"), &capacity),
                )
            }
            _ => return,
        };
        assert!(answer.status < 500, "{:#?} {name}: {}", self.history, answer.text);
        self.history.push(format!("{name}: {}", answer.status));
    }

    /// Puts a new request in the place of each that is over.
    fn replace_ended(&mut self, organization: &str, team: &Value) {
        for id in &mut self.deliverables {
            let path = format!("/v1/deliverables/{id}");
            let status = text(&self.app.get(&path).expect(200).json()["status"]);
            if ["delivered", "cancelled"].contains(&status.as_str()) {
                *id = self.app.deliverable(organization, team.clone());
            }
        }
    }

    /// Checks what is stored.
    fn check(&mut self) {
        let all = self.applications();
        self.check_moves(&all);
        let mut loads: BTreeMap<String, u64> = BTreeMap::new();
        for id in &self.deliverables {
            let path = format!("/v1/deliverables/{id}");
            let request = self.app.get(&path).expect(200).json();
            let own: Vec<&Value> = all.iter().filter(|one| one["deliverable_id"] == **id).collect();
            self.check_places(&request, &own);
            let is_over = ["delivered", "cancelled"].contains(&request["status"].as_str().unwrap());
            for one in own {
                let holds = status_of(one).holds_place();
                assert_eq!(holds, !one["place"].is_null(), "{:#?} {one}", self.history);
                let stays = request["status"] == "delivered" && one["status"] == "agreed";
                assert!(
                    !is_over || status_of(one).is_end() || stays,
                    "{:#?} {one}",
                    self.history
                );
                if holds && !is_over {
                    *loads.entry(text(&one["worker_id"])).or_default() += 1;
                }
            }
        }
        for worker in &self.workers {
            let record = self.app.get(&format!("/v1/workers/{worker}")).expect(200).json();
            let load = loads.get(worker).copied().unwrap_or(0);
            assert_eq!(record["here"]["open_load"], load, "{:#?} {worker}", self.history);
            // A worker who takes less than they have keeps that, and gets nothing more.
            let before = self.loads.get(worker).copied().unwrap_or(0);
            let capacity = record["capacity"].as_u64().unwrap();
            assert!(load <= capacity.max(before), "{:#?} {worker}", self.history);
        }
        self.loads = loads;
        self.check_tasks(&all);
        self.known = all.into_iter().map(|one| (text(&one["id"]), one)).collect();
    }

    /// Each status follows from the last known one by moves of the table.
    fn check_moves(&self, all: &[Value]) {
        for one in all {
            let Some(before) = self.known.get(&text(&one["id"])) else {
                let is_first =
                    [ApplicationStatus::Submitted, ApplicationStatus::Waitlisted].contains(&status_of(one));
                assert!(is_first, "{:#?} {one}", self.history);
                continue;
            };
            let (from, to) = (status_of(before), status_of(one));
            let is_unanswered = before["direction"] == "invitation" && from == ApplicationStatus::Submitted;
            let is_move = |from, to, unanswered| !moves::parties(from, to, unanswered).is_empty();
            // A decision may make room and fill it at once, so what one step changes can be two moves.
            let is_legal = from == to
                || is_move(from, to, is_unanswered)
                || from
                    .next()
                    .iter()
                    .any(|by| is_move(from, *by, is_unanswered) && is_move(*by, to, false));
            assert!(is_legal, "{from:?} {to:?} {:#?} {one}", self.history);
        }
    }

    /// No place is held twice, no role has more than its places in a new offer, and nobody waits where there is room.
    fn check_places(&self, request: &Value, own: &[&Value]) {
        let per_place = request["applications_per_place"].as_u64().unwrap_or(3);
        for role in request["roles"].as_array().unwrap() {
            let places = role["places"].as_u64().unwrap();
            let of_role = || own.iter().filter(|one| one["role"] == role["role"]);
            let count = |is_one: &dyn Fn(&Value) -> bool| of_role().filter(|one| is_one(one)).count() as u64;
            let mut held: Vec<u64> = of_role().filter_map(|one| one["place"].as_u64()).collect();
            let all = held.len();
            held.sort_unstable();
            held.dedup();
            assert_eq!(held.len(), all, "{:#?} {request}", self.history);
            // No request has more members than places; the numbers stay those of the places that there were.
            assert!(
                all as u64 <= places && held.iter().all(|place| *place <= 2),
                "{:#?} {request}",
                self.history
            );
            let left = request["open_places"].as_array().unwrap().iter();
            let left = left.filter(|open| open["role"] == role["role"]);
            let left: u64 = left.map(|open| open["left"].as_u64().unwrap()).sum();
            assert_eq!(
                left,
                match request["status"].as_str().unwrap() {
                    "delivered" | "declined" | "cancelled" => 0,
                    _ => places.saturating_sub(all as u64),
                },
                "{:#?} {request}",
                self.history
            );
            if !["open", "in_progress"].contains(&request["status"].as_str().unwrap()) {
                continue;
            }
            let is_pending = |one: &Value| status_of(one).is_pending() && one["awaits"] == "organization";
            let pending = count(&is_pending);
            if left == 0 {
                assert_eq!(pending, 0, "{:#?} {request}", self.history);
            } else if count(&|one| one["status"] == "waitlisted") > 0 {
                assert!(pending >= places * per_place, "{:#?} {request}", self.history);
            }
        }
        let is_complete = request["roles"].as_array().unwrap().iter().all(|role| {
            let agreed = own
                .iter()
                .filter(|one| one["role"] == role["role"] && one["status"] == "agreed");
            agreed.count() as u64 >= role["places"].as_u64().unwrap()
        });
        match request["status"].as_str().unwrap() {
            "open" => assert!(!is_complete, "{:#?} {request}", self.history),
            "matched" => assert!(is_complete, "{:#?} {request}", self.history),
            _ => {}
        }
    }

    /// Everybody has exactly the tasks that wait for them.
    fn check_tasks(&self, all: &[Value]) {
        let mut forming = Vec::new();
        for id in &self.deliverables {
            let request = self.app.get(&format!("/v1/deliverables/{id}")).expect(200).json();
            if ["open", "matched", "in_progress"].contains(&request["status"].as_str().unwrap()) {
                forming.push(id.clone());
            }
        }
        let kind_of = |one: &Value| match (one["status"].as_str().unwrap(), one["awaits"].as_str()?) {
            ("submitted" | "shortlisted", "organization") => Some("answer_application"),
            ("submitted", "worker") => Some("answer_invitation"),
            ("offered", "organization") => Some("confirm_agreement"),
            ("offered", "worker") => Some("answer_offer"),
            other => panic!("{other:?}"),
        };
        let expected = |is_own: &dyn Fn(&Value) -> bool| {
            let own = all
                .iter()
                .filter(|one| forming.contains(&text(&one["deliverable_id"])) && is_own(one));
            let mut tasks: Vec<(String, String)> = own
                .filter_map(|one| Some((text(&one["id"]), kind_of(one)?.to_owned())))
                .collect();
            tasks.sort();
            tasks
        };
        let listed = |token: &str| {
            let page = self
                .app
                .call("GET", "/v1/tasks?limit=200", token, &Value::Null)
                .expect(200)
                .json();
            let items = page["items"].as_array().unwrap().iter();
            let ours = items.filter(|one| self.deliverables.contains(&text(&one["deliverable_id"])));
            let mut tasks: Vec<(String, String)> =
                ours.map(|one| (text(&one["id"]), text(&one["kind"]))).collect();
            tasks.sort();
            tasks
        };
        let of_organization = expected(&|one| one["awaits"] == "organization");
        assert_eq!(listed(&self.people[2]), of_organization, "{:#?}", self.history);
        for (worker, token) in self.workers.iter().zip(&self.people[3..]) {
            let is_own = |one: &Value| one["worker_id"] == **worker;
            let mut own = expected(&|one| one["awaits"] == "worker" && is_own(one));
            // Who has left the waiting list looks whether the place still suits.
            let moved_up = all
                .iter()
                .filter(|one| is_own(one) && !one["moved_up_at"].is_null());
            own.extend(
                moved_up
                    .filter(|one| forming.contains(&text(&one["deliverable_id"])))
                    .map(|one| (text(&one["id"]), "check_turn".to_owned())),
            );
            own.sort();
            assert_eq!(listed(token), own, "{:#?}", self.history);
        }
    }
}

fn whatever_happens_the_tables_hold(app: &TestApp) {
    let mut reached = BTreeMap::<String, usize>::new();
    for round in 0..3 {
        let organization = app.organization(&format!("団体{round}"));
        let team = json!({"roles": [{"role": "designer", "places": 1, "skills": []},
            {"role": "writer", "places": 1, "skills": []}], "applications_per_place": 1});
        let deliverables: Vec<String> = (0..2)
            .map(|_| app.deliverable(&organization, team.clone()))
            .collect();
        let both = json!({"roles": ["designer", "writer"], "capacity": 1});
        let workers: Vec<String> = (0..4).map(|_| app.worker(both.clone())).collect();
        let id = |text: &str| Some(Id(text.parse().unwrap()));
        let mut people = vec![
            app.admin.clone(),
            signed(app, UserRole::Coordinator, |claims| {
                claims.belonging.areas = vec!["131041".into()]
            }),
            signed(app, UserRole::Organization, |claims| {
                claims.belonging.organization_id = id(&organization)
            }),
        ];
        for worker in &workers {
            people.push(signed(app, UserRole::Worker, |claims| {
                claims.belonging.worker_id = id(worker)
            }));
        }
        let mut walk = Walk {
            app,
            deliverables,
            workers,
            people,
            history: Vec::new(),
            known: BTreeMap::new(),
            loads: BTreeMap::new(),
        };
        let mut draws = Draws(20_261_206 + round);
        for _ in 0..90 {
            walk.event(&mut draws);
            walk.check();
            walk.replace_ended(&organization, &team);
            for one in walk.known.values() {
                *reached.entry(text(&one["status"])).or_default() += 1;
            }
        }
        for deliverable in &walk.deliverables {
            app.archive(deliverable).expect(204);
        }
    }
    println!("{reached:?}");
    assert_eq!(reached.len(), 8, "every status is reached: {reached:?}");
}
