//! Any state, exported and imported again, is the same: in the database that it came from nothing is created and
//! nothing changed, and in an empty one the records come back with their ids.

use crate::support::{TestApp, on_both};
use serde_json::{Map, Value, json};

on_both! {
    any_state_is_the_same_after_export_and_import,
    exports_in_their_order_make_the_same_applications_and_milestones,
    the_source_of_a_row_says_whose_record_it_is,
    an_id_that_is_taken_goes_to_nobody_else,
}

/// Texts that a reader of sheets may take for something else.
const ODD: [&str; 53] = [
    "風の会（ほし）",
    "髙橋　眞一",
    "=1+1",
    "'=x",
    "''quoted",
    "'",
    "@会報",
    "＝1+1",
    "＋81",
    "－5",
    "＠会報",
    "'＝x",
    "-5%の値引き",
    "+81-90-0000-0000",
    "改行\nあり",
    "引用\"と,読点、",
    "〃",
    "同上",
    "合計",
    "※注意",
    "なし",
    "非公開",
    "-",
    "[x]",
    "[{",
    "[]",
    "{}",
    "「かぎ」",
    "a、b/c・d；e",
    "ｶﾅﾊﾝｶｸ",
    "ＡＢＣ１２３",
    "①②③",
    "🍀みどり",
    "葛󠄀飾",
    "0012",
    "=\"0012\"",
    "1/2",
    "2024/4/1",
    "TRUE",
    "#N/A",
    "【高齢者】",
    "記入例",
    "計 3",
    "新宿区",
    "土曜午前",
    "はい",
    "active",
    "ID",
    "100%",
    "１−２−３",
    "㈱かぜ",
    "Ünïcödé",
    "必須",
];

/// A generator of numbers, the same in each run.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % most
    }

    fn one<'t, T: ?Sized>(&mut self, of: &[&'t T]) -> &'t T {
        of[self.below(of.len())]
    }

    fn odd(&mut self) -> String {
        self.one(&ODD).to_owned()
    }

    /// Some of these, each once, in any order.
    fn some(&mut self, of: &[String], most: usize) -> Vec<String> {
        let mut left = of.to_vec();
        let wanted = self.below(most + 1).min(left.len());
        (0..wanted)
            .map(|_| left.swap_remove(self.below(left.len())))
            .collect()
    }

    /// The value, or null.
    fn maybe(&mut self, value: Value) -> Value {
        if self.below(4) == 0 { Value::Null } else { value }
    }

    fn odds(&mut self, most: usize) -> Vec<String> {
        let all: Vec<String> = ODD.iter().map(|text| (*text).to_owned()).collect();
        self.some(&all, most)
    }
}

fn codes(app: &TestApp, path: &str) -> Vec<String> {
    let items = app.get(&format!("/v1/{path}")).expect(200).json()["items"].clone();
    let items = items.as_array().unwrap().iter();
    items
        .map(|item| item["code"].as_str().unwrap().to_owned())
        .collect()
}

const AREAS: [&str; 6] = ["131041", "131059", "133035", "133078", "132063", "133612"];
const KINDS: [&str; 9] = [
    "npo",
    "social_welfare_corporation",
    "association",
    "cooperative",
    "social_welfare_council",
    "neighbourhood_association",
    "shopping_street",
    "government",
    "voluntary_group",
];
const INTERMEDIARIES: [&str; 5] = [
    "municipality",
    "social_welfare_council",
    "community_support_centre",
    "life_support_coordinator",
    "other",
];
const FORMATS: [&str; 7] = [
    "session",
    "one_day",
    "one_month",
    "mid_long",
    "long",
    "individual",
    "other",
];

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn parts() -> Vec<String> {
    let days = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let of_day = |day: &&str| ["morning", "afternoon", "evening"].map(|part| format!("{day}_{part}"));
    days.iter().flat_map(of_day).collect()
}

/// Where a record comes from: nowhere, or a source with an id there.
fn origin(dice: &mut Dice, n: usize) -> Value {
    match dice.below(3) {
        0 => json!({}),
        1 => json!({"source": "roster", "external_id": format!("{n}")}),
        _ => json!({"source": dice.odd(), "external_id": format!("{}{n}", dice.odd())}),
    }
}

fn organization(dice: &mut Dice, themes: &[String], n: usize) -> Value {
    let mut body = json!({
        "name": format!("{}{n}", dice.odd()), "kind": KINDS[n % KINDS.len()], "area": dice.one(&AREAS),
        "status": dice.one(&["active", "inactive"]), "themes": dice.some(themes, 4),
        "aliases": dice.odds(3), "open_data": dice.below(2) == 0,
    });
    for (name, value) in [
        ("kana", json!("かぜ")),
        ("description", json!(dice.odd())),
        (
            "corporate_number",
            if n == 3 {
                json!("7000012050002")
            } else {
                Value::Null
            },
        ),
        (
            "contact",
            json!({"person": dice.odd(), "email": (["a@example.jp", "b+c@example.jp"][n % 2]),
                "phone": (["03-5555-0101", "+1 (212) 555", "03-5555-0101 内線12", "0355550101"][n % 4])}),
        ),
        (
            "intermediary",
            json!({"kind": INTERMEDIARIES[n % 5], "name": dice.odd()}),
        ),
    ] {
        body[name] = dice.maybe(value);
    }
    if n == 5 {
        body["contact"] = json!({"person": null, "email": null, "phone": null});
    }
    json_patch::merge(&mut body, &origin(dice, n));
    body
}

fn worker(dice: &mut Dice, lists: &Lists, organizations: &[String], n: usize) -> Value {
    let skills = dice.some(&lists.skills, 4);
    let skills: Vec<Value> = skills
        .iter()
        .map(|skill| json!({"skill": skill, "level": 1 + dice.below(5)}))
        .collect();
    let evidence: Vec<Value> = (0..dice.below(4))
        .map(|_| json!({"title": dice.maybe(json!(ODD[n])), "text": dice.odd()}))
        .collect();
    let given_at = if n.is_multiple_of(2) {
        json!("2026-04-01T03:04:05.678901Z")
    } else {
        Value::Null
    };
    let mut body = json!({
        "status": dice.one(&["active", "paused"]), "capacity": dice.below(4), "open_load": dice.below(3),
        "blocked_organization_ids": dice.some(organizations, 2), "conflict_organization_ids": dice.some(organizations, 1),
    });
    for (name, value) in [
        (
            "personal",
            json!({"name": dice.odd(), "kana": dice.odd(), "email": format!("w{n}@example.jp"),
                "email_verified": dice.below(2) == 0, "phone": (["090-5555-0101", "+81 90 5555 0101", "(03)5555-0101（代）"][n % 3]),
                "phone_verified": false, "evidence": evidence}),
        ),
        ("alias", json!(dice.odd())),
        (
            "consent",
            json!({"given_on": "2026-04-01", "text_version": dice.odd(), "given_at": given_at,
                "purpose": dice.one(&["matching", "applying"])}),
        ),
        (
            "area",
            json!(dice.one(&["131041", "342084", "011011", "473502", "133647"])),
        ),
        ("travel_limit_km", json!(dice.below(100))),
        ("remote", json!(dice.below(2) == 0)),
        ("accepted_formats", json!(dice.some(&owned(&FORMATS), 3))),
        ("preferred_formats", json!(dice.some(&owned(&FORMATS), 2))),
        ("roles", json!(dice.some(&lists.roles, 3))),
        ("skills", json!(skills)),
        ("themes", json!(dice.some(&lists.themes, 3))),
        ("hours_per_week", json!(dice.below(61))),
        ("day_parts", json!(dice.some(&parts(), 8))),
        ("available_from", json!("2026-05-01")),
        ("available_until", json!("2027-03-31")),
        (
            "qualifications",
            json!(
                dice.odds(2)
                    .iter()
                    .map(|odd| odd.replace('\n', " "))
                    .collect::<Vec<_>>()
            ),
        ),
        (
            "experience",
            json!([{"family": "print", "role": "designer", "delivered": 2}]),
        ),
        (
            "track_record",
            json!({"completed": dice.below(9), "dropped": dice.below(3)}),
        ),
        ("last_active_on", json!("2026-11-01")),
    ] {
        body[name] = dice.maybe(value);
    }
    json_patch::merge(&mut body, &origin(dice, n));
    body
}

fn deliverable(dice: &mut Dice, lists: &Lists, organizations: &[String], n: usize) -> Value {
    let mut named = dice.some(organizations, 4);
    let lead = named.pop().unwrap_or_else(|| organizations[0].clone());
    let types = dice.some(&lists.types, 3);
    let mut body = json!({
        "organization_id": lead, "joint_organization_ids": named,
        "type": types.first().cloned().unwrap_or("flyer".into()),
        "additional_types": types.iter().skip(1).collect::<Vec<_>>(), "title": dice.odd(),
        "day_parts": dice.some(&parts(), 8), "remote": dice.below(2) == 0, "themes": dice.some(&lists.themes, 3),
        "qualifications": dice.odds(2).iter().map(|odd| odd.replace('\n', " ")).collect::<Vec<_>>(),
        "shared_with_partners": dice.below(2) == 0, "status": (["draft", "submitted", "open"][n % 3]),
        "external_team": n % 4 == 2,
    });
    for (name, value) in [
        ("trouble", json!(dice.odd())),
        ("format", json!(dice.one(&FORMATS))),
        ("starts_on", json!("2026-12-01")),
        ("ends_on", json!("2027-02-28")),
        ("hours_per_week", json!(1 + dice.below(60))),
        ("applications_per_place", json!(1 + dice.below(100))),
        ("area", json!(dice.one(&AREAS))),
        (
            "roles",
            json!([{"role": "designer", "places": 2, "skills": [{"skill": "graphic_design", "level": 3, "weight": 2, "must_have": true}]},
                {"role": "writer", "places": 1, "skills": []}]),
        ),
    ] {
        body[name] = dice.maybe(value);
    }
    json_patch::merge(&mut body, &origin(dice, n));
    body
}

/// What records may name.
struct Lists {
    skills: Vec<String>,
    roles: Vec<String>,
    themes: Vec<String>,
    types: Vec<String>,
}

/// Registers records of every kind, at random.
fn fill(app: &TestApp, seed: u64) {
    let mut dice = Dice(seed);
    let lists = Lists {
        skills: codes(app, "skills"),
        roles: codes(app, "roles"),
        themes: codes(app, "themes"),
        types: codes(app, "deliverable-types"),
    };
    let create = |path: &str, body: &Value| {
        let made = app.post(path, body);
        assert_eq!(made.status, 201, "{body}: {}", made.text);
        made.json()["id"].as_str().unwrap().to_owned()
    };
    let organizations: Vec<String> = (0..12)
        .map(|n| create("/v1/organizations", &organization(&mut dice, &lists.themes, n)))
        .collect();
    (0..20).for_each(|n| {
        create("/v1/workers", &worker(&mut dice, &lists, &organizations, n));
    });
    for n in 0..16 {
        let id = create(
            "/v1/deliverables",
            &deliverable(&mut dice, &lists, &organizations, n),
        );
        let path = format!("/v1/deliverables/{id}");
        let moves: &[&str] = match n {
            2 => &["matched"],
            5 => &["cancelled"],
            14 => &["matched", "in_progress", "delivered"],
            4 | 10 => &["declined"],
            _ => &[],
        };
        for status in moves {
            let team = ["matched", "in_progress", "delivered"].contains(status);
            let body = match team {
                true => json!({"status": status, "external_team": true}),
                false => json!({"status": status, "cancellation_reason": "schedule"}),
            };
            if *status == "declined" {
                let decision = json!({"status": "declined", "reason": "other"});
                app.post(&format!("{path}/decisions"), &decision).expect(201);
            } else {
                app.patch(&path, &body).expect(200);
            }
        }
        if n == 7 || n == 11 {
            app.delete(&path).expect(204);
        }
    }
    let alone = create(
        "/v1/organizations",
        &json!({"name": "終わった会", "area": "131041"}),
    );
    app.delete(&format!("/v1/organizations/{alone}")).expect(204);
    // Two records of one person, of which one counts.
    let twin = json!({"personal": {"name": "双子 花子", "kana": "ふたご はなこ", "email": "twin@example.jp"}, "area": "131041"});
    let first = create("/v1/workers", &twin);
    create("/v1/workers", &twin);
    let pair = || {
        let pairs = app.get("/v1/duplicates?limit=200").expect(200).json()["items"].clone();
        let of_first = |pair: &&Value| pair.to_string().contains(&first);
        pairs.as_array().unwrap().iter().find(of_first).cloned()
    };
    app.until(|| pair().is_some());
    let pair = pair().unwrap();
    let path = format!("/v1/duplicates/{}", pair["id"].as_str().unwrap());
    app.patch(&path, &json!({"status": "merged", "primary_id": first}))
        .expect(200);
    fill_projects(app, &mut dice, &organizations);
    fill_events(app, &mut dice, &organizations);
    // A record keeps what new ones can't have any more.
    for path in ["skills/illustration", "themes/dementia", "roles/writer"] {
        let retired = app.patch(&format!("/v1/{path}"), &json!({"retired": true}));
        assert!([200, 409].contains(&retired.status), "{}", retired.text);
    }
}

/// Registers projects in every status: teams that were formed here, those that were formed elsewhere, and accompaniments.
fn fill_projects(app: &TestApp, dice: &mut Dice, organizations: &[String]) {
    let id_of = |made: Value| made["id"].as_str().unwrap().to_owned();
    for (n, moves) in [
        &[][..],
        &["in_progress"],
        &["in_progress", "delivered"],
        &["in_progress", "delivered", "closed"],
        &["in_progress", "cancelled"],
        &["cancelled"],
    ]
    .iter()
    .enumerate()
    {
        let request = json!({"organization_id": organizations[n], "type": "flyer", "title": dice.odd(), "status": "open",
            "starts_on": "2026-10-01", "roles": [{"role": "designer", "places": 1}, {"role": "engineer", "places": 1}]});
        let request = id_of(app.post("/v1/deliverables", &request).expect(201).json());
        for role in ["designer", "engineer"] {
            let member = app.worker(json!({"alias": dice.odd(), "roles": ["designer", "engineer"]}));
            let bid = json!({"deliverable_id": request, "worker_id": member, "role": role});
            let bid = id_of(app.post("/v1/applications", &bid).expect(201).json());
            app.patch(&format!("/v1/applications/{bid}"), &json!({"status": "agreed"}))
                .expect(200);
        }
        let outcome = json!(dice.odd());
        let needs = json!({"organization_id": organizations[n], "title": dice.odd(), "ends_on": "2027-03-31",
            "accompaniment": {"needs": dice.odd(), "supports": ["workshop", "consultation"],
                "outcome": dice.maybe(outcome), "advisors": dice.odds(3)}});
        let accompaniment = id_of(app.post("/v1/projects", &needs).expect(201).json());
        for id in [request, accompaniment] {
            for status in *moves {
                let reason = if *status == "cancelled" {
                    json!("schedule")
                } else {
                    Value::Null
                };
                let message = json!(dice.odd());
                let change = json!({"status": status, "reason": reason, "message": dice.maybe(message)});
                app.patch(&format!("/v1/projects/{id}"), &change).expect(200);
                if *status == "in_progress" {
                    fill_work(app, dice, &id);
                }
            }
        }
    }
}

/// Writes work of every kind that is exported in a project under way.
fn fill_work(app: &TestApp, dice: &mut Dice, project: &str) {
    let add = |segment: &str, body: &Value| {
        let made = app.post(&format!("/v1/projects/{project}/{segment}"), body);
        assert_eq!(made.status, 201, "{body}: {}", made.text);
        made.json()["id"].as_str().unwrap().to_owned()
    };
    for n in 0..3 {
        let done = if n == 1 { json!("2026-11-01") } else { Value::Null };
        add(
            "milestones",
            &json!({"title": dice.odd(), "due_on": "2199-01-01", "weight": 1 + n, "progress": if n == 1 { 100 } else { n * 30 },
                "done_on": done}),
        );
    }
    let members = app.get(&format!("/v1/projects/{project}")).expect(200).json()["members"].clone();
    let members: Vec<String> = members
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["worker_id"].as_str().unwrap().to_owned())
        .collect();
    for n in 0..2 {
        let (place, minutes) = (json!(dice.odd()), json!(dice.odd()));
        add(
            "meetings",
            &json!({"title": dice.odd(), "starts_at": format!("2026-10-1{n}T01:00:00.5Z"), "ends_at": "2026-10-20T03:00:00Z",
                "location": dice.maybe(place), "link": "https://example.jp/?a=1", "attendee_ids": dice.some(&members, 2),
                "guests": dice.below(4), "minutes": dice.maybe(minutes)}),
        );
    }
    for member in &members {
        let note = json!(dice.odd());
        add(
            "hours",
            &json!({"worker_id": member, "worked_on": "2026-11-03", "minutes": 1 + dice.below(100), "note": dice.maybe(note)}),
        );
    }
    // One of the first milestones isn't needed.
    let path = format!("/v1/projects/{project}/milestones");
    let first = app.get(&path).expect(200).json()["items"][0]["id"].clone();
    app.delete(&format!("{path}/{}", first.as_str().unwrap()))
        .expect(204);
}

/// Returns the work of all projects, by its id.
fn work(app: &TestApp) -> Map<String, Value> {
    let file = String::from_utf8(export(app, "project_work", "ndjson", "ja")).unwrap();
    let mut found = Map::new();
    for line in file.lines() {
        let mut entry: Value = serde_json::from_str(line).unwrap();
        let members = entry.as_object_mut().unwrap();
        for own in ["version", "created_at", "updated_at", "created_by"] {
            members.remove(own);
        }
        // A workbook has no fractions of seconds.
        if let Some(at) = members.get_mut("starts_at").filter(|at| at.is_string()) {
            *at = json!(at.as_str().unwrap().split('.').next().unwrap());
        }
        found.insert(entry["id"].as_str().unwrap().to_owned(), entry);
    }
    found
}

const EVENT_KINDS: [&str; 12] = [
    "training",
    "case_study",
    "public_lecture",
    "basic_course",
    "seminar",
    "consultation",
    "briefing",
    "results_meeting",
    "conference",
    "community_event",
    "course",
    "volunteer_opening",
];

fn speakers(dice: &mut Dice) -> Vec<Value> {
    let speaker = |dice: &mut Dice| {
        let office = json!(dice.odd());
        json!({"name": dice.odd(), "affiliation": dice.maybe(office)})
    };
    (0..dice.below(3)).map(|_| speaker(dice)).collect()
}

/// An event of the `n`th day; those before it have these ids.
fn event(dice: &mut Dice, named: (&[String], &[String]), earlier: &[String], n: usize) -> Value {
    let (organizations, deliverables) = named;
    let time =
        |hour: usize, fraction: &str| json!(format!("2026-08-{:02}T{hour:02}:30:00{fraction}Z", n + 1));
    let times = match n % 5 {
        0 => json!([]),
        1 => json!([{"starts_at": time(1, ""), "ends_at": null, "label": null}]),
        2 => json!([{"starts_at": time(1, ".123456"), "ends_at": time(2, ""), "label": dice.odd()},
            {"starts_at": time(4, ""), "ends_at": time(6, ""), "label": null}]),
        _ => json!([{"starts_at": time(16, ""), "ends_at": time(18, ""), "label": null}]),
    };
    let month = match n % 10 {
        0 => json!("2026-08"),
        5 => json!(format!("2026-08-{:02}", n + 1)),
        _ => Value::Null,
    };
    let breakouts: Vec<Value> = (0..dice.below(3))
        .map(|_| {
            json!({"title": dice.odd(), "starts_at": time(4, ""), "ends_at": time(5, ".5"), "room": dice.odd(),
                "speakers": speakers(dice)})
        })
        .collect();
    let questions = json!([{"kind": "scale", "text": dice.odd(), "choices": []},
        {"kind": "choice", "text": dice.odd(), "choices": ["a、b", "=1+1", "その他"]}, {"kind": "text", "text": dice.odd(), "choices": []}]);
    let mut body = json!({
        "kind": EVENT_KINDS[n % EVENT_KINDS.len()], "title": dice.odd(), "times": times, "month": month,
        "status": (["draft", "submitted", "published"][n % 3]), "online": dice.below(2) == 0,
        "areas": dice.some(&owned(&AREAS), 3), "host_ids": dice.some(organizations, 3),
        "takes_registrations": dice.below(4) > 0, "waiting_list": dice.below(2) == 0,
        "speakers": speakers(dice), "breakouts": breakouts,
        "materials": [{"title": dice.odd(), "url": "https://example.jp/%E8%B3%87?a=1&b=2"}],
        "questions": if dice.below(2) == 0 { questions } else { json!([]) },
        "follows_event_ids": match EVENT_KINDS[n % EVENT_KINDS.len()] {
            "consultation" => dice.some(earlier, 2),
            _ => Vec::new(),
        },
    });
    for (name, value) in [
        ("kana", json!("かぜ")),
        ("notice", json!(dice.odd())),
        ("description", json!(dice.odd())),
        ("series", json!(dice.odd())),
        ("number", json!(dice.odd())),
        (
            "place",
            json!({"name": dice.odd(), "address": null, "wheelchair": dice.below(2) == 0}),
        ),
        ("online_url", json!("https://example.jp/room?x=＝1")),
        ("url", json!("http://example.jp/events/1")),
        (
            "contact",
            json!({"office": dice.odd(), "phone": (["03-5555-0101", "+1 (212) 555", "03-5555-0101 内線12", "0355550101"][n % 4])}),
        ),
        ("audience", json!(dice.odd())),
        ("fee_yen", json!(dice.below(3) * 500)),
        ("capacity", json!(1 + dice.below(1000))),
        (
            "registration_closes_at",
            json!(["2026-07-31T15:00:00Z", "2026-07-30T03:04:05.678901Z"][n % 2]),
        ),
        ("declared_attendance", json!(dice.below(1000))),
        ("declared_breakouts", json!(dice.below(9))),
        (
            "deliverable_id",
            json!(dice.some(deliverables, 1).first().unwrap_or(&deliverables[0])),
        ),
    ] {
        body[name] = dice.maybe(value);
    }
    if let Some(place) = body["place"].as_object_mut().filter(|_| n.is_multiple_of(2)) {
        let address = json!(dice.odd());
        place.insert("address".to_owned(), dice.maybe(address));
    }
    body
}

/// Registers events in every status.
fn fill_events(app: &TestApp, dice: &mut Dice, organizations: &[String]) {
    let listed = app.get("/v1/deliverables?limit=200").expect(200).json()["items"].clone();
    let listed = listed.as_array().unwrap().iter();
    let deliverables: Vec<String> = listed.map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    let mut earlier: Vec<String> = Vec::new();
    for n in 0..25 {
        let body = event(dice, (organizations, &deliverables), &earlier, n);
        let made = app.post("/v1/events", &body);
        assert_eq!(made.status, 201, "{body}: {}", made.text);
        let id = made.json()["id"].as_str().unwrap().to_owned();
        if n == 5 || n == 11 {
            let cancelled = json!({"status": "cancelled", "notice": dice.odd()});
            app.patch(&format!("/v1/events/{id}"), &cancelled).expect(200);
        }
        earlier.push(id);
    }
}

fn export(app: &TestApp, kind: &str, format: &str, headings: &str) -> Vec<u8> {
    let filter = match kind {
        "workers" | "projects" | "events" | "project_work" => json!({}),
        "applications" => json!({"sort": "created_at"}),
        _ => json!({"include_archived": true}),
    };
    let body = json!({"kind": kind, "format": format, "headings": headings, "filter": filter});
    let (status, file) = app.post_for_bytes("/v1/exports", &app.admin, &body);
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&file));
    file
}

/// Returns the records of a kind by their ids, without what a new record has otherwise.
fn records(app: &TestApp, kind: &str) -> Map<String, Value> {
    let more = match kind {
        "workers" | "projects" | "events" => "",
        _ => "&include_archived=true",
    };
    let items = app.get(&format!("/v1/{kind}?limit=200{more}")).expect(200).json()["items"].clone();
    let mut found = Map::new();
    for mut item in items.as_array().unwrap().clone() {
        let id = item["id"].as_str().unwrap().to_owned();
        let members = item.as_object_mut().unwrap();
        for own in [
            "version",
            "created_at",
            "updated_at",
            "merged_into",
            "fiscal_year",
            "changed_since_release",
            "joint_organizations",
            "open_places",
            "places",
            "applications",
            "status_since",
            "opened_at",
            "days_to_match",
            // What the work was is no part of the list.
            "progress",
            "vacant_since",
            "here",
            "published_at",
        ] {
            members.remove(own);
        }
        members
            .entry("archived_at")
            .and_modify(|at| *at = json!(!at.is_null()));
        if let Some(Value::Array(team)) = members.get_mut("members") {
            team.sort_by_key(|one| one["role"].to_string());
        }
        if let Some(Value::Array(parts)) = members.get_mut("day_parts") {
            parts.sort_by_key(ToString::to_string);
        }
        if item.pointer("/contact/person").is_some_and(Value::is_null)
            && item.pointer("/contact/email").is_some_and(Value::is_null)
            && item.pointer("/contact/phone").is_some_and(Value::is_null)
        {
            item["contact"] = Value::Null;
        }
        // A workbook has no fractions of seconds.
        for pointer in ["/consent/given_at", "/registration_closes_at"] {
            if let Some(at) = item.pointer_mut(pointer).filter(|at| at.is_string()) {
                let seconds = at.as_str().unwrap().split('.').next().unwrap();
                *at = json!(seconds.trim_end_matches('Z'));
            }
        }
        found.insert(id, item);
    }
    found
}

const EXPORTED: [&str; 6] = [
    "organizations",
    "deliverables",
    "workers",
    "projects",
    "project_work",
    "events",
];

fn any_state_is_the_same_after_export_and_import(app: &TestApp) {
    let seed = std::env::var("MUSUBI_SEED").map_or(20_261_128, |seed| seed.parse().unwrap());
    fill(app, seed);
    let lists = EXPORTED.into_iter().filter(|kind| *kind != "project_work");
    let all = || {
        let lists = lists.clone();
        lists.map(|kind| app.get(&format!("/v1/{kind}?limit=200")).json()["items"].clone())
    };
    let before = (all().collect::<Vec<_>>(), work(app));
    assert!(before.1.len() > 30);
    for kind in EXPORTED {
        for (format, headings) in [("csv", "ja"), ("csv", "en"), ("xlsx", "ja"), ("ndjson", "ja")] {
            let file = export(app, kind, format, headings);
            let job = app.import_and_wait(&format!("kind={kind}&source=elsewhere"), &file);
            let at = format!("{kind} {format} {headings} (seed {seed})");
            let progress = &job["progress"];
            let counts =
                ["created", "updated", "skipped", "rejected", "findings"].map(|name| progress[name].clone());
            let findings = app.findings_of(&job);
            assert_eq!(counts, [0, 0, 0, 0, 0], "{at}: {findings:?}");
            assert!(
                progress["unchanged"] == progress["rows_read"] && progress["rows_read"].as_u64() > Some(10),
                "{at}"
            );
        }
    }
    assert_eq!(before, (all().collect(), work(app)));
    for format in ["csv", "xlsx", "ndjson"] {
        let empty = app.empty();
        // Events have a test of their own in `import_events`; of the work, one format is enough here.
        let is_moved = |kind: &&str| *kind != "events" && (*kind != "project_work" || format == "csv");
        for kind in EXPORTED.into_iter().filter(is_moved) {
            let file = export(app, kind, format, "ja");
            let job = empty.import_and_wait(&format!("kind={kind}&source=elsewhere"), &file);
            let findings = empty.findings_of(&job);
            assert_eq!(job["status"], "succeeded", "{kind} {format}: {findings:?}");
            let (expected, found) = match kind {
                "project_work" => (work(app), work(&empty)),
                kind => (records(app, kind), records(&empty, kind)),
            };
            assert_eq!(
                expected.keys().collect::<Vec<_>>(),
                found.keys().collect::<Vec<_>>(),
                "{kind} {format}: {findings:?}"
            );
            for (id, record) in &expected {
                assert_eq!(record, &found[id], "{kind} {format}: {findings:?}");
            }
            // What came back is the same again.
            let again = empty.import_and_wait(&format!("kind={kind}&source=third"), &file);
            assert_eq!(
                again["progress"]["unchanged"], again["progress"]["rows_read"],
                "{kind} {format} again"
            );
        }
    }
}

fn exports_in_their_order_make_the_same_applications_and_milestones(app: &TestApp) {
    let id_of = |made: Value| made["id"].as_str().unwrap().to_owned();
    let group = app.organization("戸山ふれあいの会");
    let request = json!({"title": "会のチラシ", "starts_on": "2026-10-01", "roles": [{"role": "designer", "places": 1}]});
    let request = app.deliverable(&group, request);
    let people: Vec<String> = (0..3)
        .map(|n| app.worker(json!({"alias": format!("{n}さん")})))
        .collect();
    let apply = |worker: &String| {
        let bid = json!({"deliverable_id": request, "worker_id": worker, "role": "designer"});
        id_of(app.post("/v1/applications", &bid).expect(201).json())
    };
    let go = |bid: &str, outcome: Value| {
        app.patch(&format!("/v1/applications/{bid}"), &outcome)
            .expect(200)
    };
    // One has left the request and applied again; one was declined; one agreed.
    go(
        &apply(&people[0]),
        json!({"status": "withdrawn", "reason": "health"}),
    );
    go(
        &apply(&people[0]),
        json!({"status": "declined", "reason": "skills"}),
    );
    go(
        &apply(&people[1]),
        json!({"status": "withdrawn", "reason": "other"}),
    );
    let agreement = json!({"goal": "会員を増やす", "schedule": "10月中"});
    go(
        &apply(&people[2]),
        json!({"status": "agreed", "agreement": agreement}),
    );
    app.patch(
        &format!("/v1/projects/{request}"),
        &json!({"status": "in_progress"}),
    )
    .expect(200);
    let milestone = json!({"title": "印刷", "due_on": "2199-01-01"});
    app.post(&format!("/v1/projects/{request}/milestones"), &milestone)
        .expect(201);
    // A request that was cancelled has its applications still.
    let other = app.deliverable(
        &group,
        json!({"title": "名刺", "roles": [{"role": "designer", "places": 1}]}),
    );
    let bid = json!({"deliverable_id": other, "worker_id": people[1], "role": "designer"});
    app.post("/v1/applications", &bid).expect(201);
    let cancelled = json!({"status": "cancelled", "cancellation_reason": "schedule"});
    app.patch(&format!("/v1/deliverables/{other}"), &cancelled)
        .expect(200);
    let milestones = |app: &TestApp| {
        let mut found: Vec<String> = work(app).keys().cloned().collect();
        found.sort();
        found
    };
    let applications = |app: &TestApp| {
        let page = app.get("/v1/applications?limit=200").expect(200).json();
        let shown = |one: &Value| {
            ["id", "status", "reason", "agreement", "place", "worker_id"].map(|name| one[name].clone())
        };
        let mut found: Vec<[Value; 6]> = page["items"].as_array().unwrap().iter().map(shown).collect();
        found.sort_by_key(|one| one[0].to_string());
        found
    };
    let empty = app.empty();
    for kind in [
        "organizations",
        "deliverables",
        "workers",
        "applications",
        "projects",
        "project_work",
    ] {
        // The request is of another year than this one.
        let file = String::from_utf8(export(app, kind, "csv", "ja")).unwrap();
        let file = match kind {
            "deliverables" => file.replace(",2026,", ",2019,").into_bytes(),
            _ => file.into_bytes(),
        };
        let job = empty.import_and_wait(&format!("kind={kind}"), &file);
        assert_eq!(
            job["status"],
            "succeeded",
            "{kind}: {:?}",
            empty.findings_of(&job)
        );
        let again = empty.import_and_wait(&format!("kind={kind}"), &file);
        let progress = &again["progress"];
        assert_eq!(
            progress["unchanged"],
            progress["rows_read"],
            "{kind}: {:?}",
            empty.findings_of(&again)
        );
    }
    assert_eq!(applications(app), applications(&empty));
    assert!(!milestones(app).is_empty());
    assert_eq!(milestones(app), milestones(&empty));
    let members =
        |app: &TestApp| app.get(&format!("/v1/projects/{request}")).json()["members"][0]["worker_id"].clone();
    assert_eq!(members(app), members(&empty));
    let moved = empty
        .get(&format!("/v1/deliverables/{request}"))
        .expect(200)
        .json();
    assert_eq!(moved["fiscal_year"], 2019);
}

fn the_source_of_a_row_says_whose_record_it_is(app: &TestApp) {
    let group = |source: &str| {
        let body =
            json!({"name": format!("{source}の会"), "area": "131041", "source": source, "external_id": "7"});
        app.post("/v1/organizations", &body).expect(201);
    };
    group("north");
    group("south");
    let text = "出所,ID,団体名,区市町村\nnorth,7,北・northの会,新宿区\nsouth,7,南・southの会,新宿区\nwest,7,西,新宿区\n,7,東,新宿区\npartner:a,8,他,新宿区\n";
    let job = app.import_and_wait("kind=organizations&source=east", text.as_bytes());
    let findings = app.findings_of(&job);
    assert_eq!(findings, [(6, "出所".into(), "unusable_source".into())]);
    assert_eq!(
        (&job["progress"]["created"], &job["progress"]["updated"]),
        (&json!(3), &json!(2))
    );
    let items = app.get("/v1/organizations").json()["items"].clone();
    let mut found: Vec<(String, String)> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["source"].as_str().unwrap().to_owned(),
                one["name"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    found.sort();
    let expected = [
        ("east", "他"),
        ("east", "東"),
        ("north", "北・northの会"),
        ("south", "南・southの会"),
        ("west", "西"),
    ];
    assert_eq!(
        found,
        expected.map(|(source, name)| (source.to_owned(), name.to_owned()))
    );
    let again = app.import_and_wait("kind=organizations&source=east", text.as_bytes());
    assert_eq!(again["progress"]["unchanged"], 5);
}

fn an_id_that_is_taken_goes_to_nobody_else(app: &TestApp) {
    let id = app.worker(json!({"personal": {"name": "消えた人"}}));
    let file = export(app, "workers", "csv", "ja");
    app.delete(&format!("/v1/workers/{id}")).expect(204);
    let job = app.import_and_wait("kind=workers", &file);
    assert_eq!(job["progress"]["created"], 1);
    let items = app.get("/v1/workers").json()["items"].clone();
    assert_ne!(items[0]["id"], id.as_str(), "the audit tells of the id's person");
    // A coordinator gets no second record of one elsewhere, and doesn't learn whether there is one.
    let elsewhere = app
        .post(
            "/v1/organizations",
            &json!({"name": "三鷹の会", "area": "132047"}),
        )
        .expect(201)
        .json();
    let coordinator = crate::support::token(&app.state, musubi::auth::UserRole::Coordinator, None, 600);
    for id in [
        elsewhere["id"].as_str().unwrap(),
        "0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b",
    ] {
        for (kind, text) in [
            ("organizations", "記録ID,団体名,区市町村\n{},新宿の会,新宿区\n"),
            ("workers", "記録ID,氏名,区市町村\n{},佐藤,新宿区\n"),
            ("deliverables", "記録ID,団体名,支援内容,件名\n{},風,チラシ,募集\n"),
            ("projects", "記録ID,団体名,支援内容,件名\n{},風,チラシ,募集\n"),
            (
                "events",
                "記録ID,イベント名,開催日,開始時刻\n{},会,2026-10-08,13:30\n",
            ),
        ] {
            let text = text.replace("{}", id);
            let sent = app.import(&coordinator, &format!("kind={kind}"), text.as_bytes());
            let job = app.wait_for_import(sent.expect(202).json()["id"].as_str().unwrap());
            assert_eq!(job["progress"]["created"], 0, "{kind} {id}");
            assert_eq!(
                app.findings_of(&job),
                [(2, "記録ID".to_owned(), "access_denied".to_owned())],
                "{kind} {id}"
            );
        }
    }
    let kept = app
        .get(&format!(
            "/v1/organizations/{}",
            elsewhere["id"].as_str().unwrap()
        ))
        .json();
    assert_eq!(kept["name"], "三鷹の会");
}
