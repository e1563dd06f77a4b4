//! Fair orders, and the log of shown rankings.

use crate::support::{TestApp, assert_includes, on_both};
use futures_util::FutureExt;
use matcher::fairness::Exposure;
use musubi::auth::{Beside, Reach, UserRole, Viewer};
use musubi::catalogue::calendar;
use musubi::db::Id;
use musubi::exposures::{self, ListContent, ListKind, Recorder, ShownItem, ShownList, week_number};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::pin::pin;

/// Gives workers a history: how often they were shown, and how much undeserved attention they received.
fn remember(app: &TestApp, weeks_ago: i32, shown: &[(&str, u32, u64)]) {
    let exposure = |(id, shown, attention_ppm): &(&str, u32, u64)| {
        let (shown, attention_ppm) = (*shown, *attention_ppm);
        let exposure = Exposure {
            shown,
            attention_ppm,
            deserved_ppm: 0,
        };
        (("workers", Id(id.parse().unwrap())), exposure)
    };
    let all: BTreeMap<_, _> = shown.iter().map(exposure).collect();
    let week = week_number(calendar::today()) - weeks_ago;
    app.state
        .pool
        .write_blocking(|db| exposures::store::add(db, week, all))
        .unwrap();
}

fn ids(ranking: &Value) -> Vec<String> {
    let items = ranking["items"].as_array().unwrap().iter();
    items
        .map(|item| item["worker"]["id"].as_str().unwrap().to_owned())
        .collect()
}

on_both! {
    shares_attention_among_equally_fit_workers_over_the_weeks,
    lifts_deliverables_without_applications_for_workers,
    continues_by_fit_after_the_fair_order,
    records_a_list_once_a_day_for_each_viewer,
    attention_counts_once_a_day_where_somebody_may_choose,
    reports_no_inequality_without_lists,
    lists_that_were_shown_take_a_bounded_space,
    who_reads_lists_waits_for_those_that_are_being_written,
}

fn shares_attention_among_equally_fit_workers_over_the_weeks(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), json!({}));
    // More hours mean a better fit.
    let workers: Vec<String> = (0..4)
        .map(|i| app.worker(json!({"hours_per_week": 10 - i})))
        .collect();
    let path = format!("/v1/deliverables/{flyer}/matches");
    let before = app.get(&path).expect(200).json();
    assert_eq!(before["fairness"]["ndcg_ppm"], 1_000_000);
    // Lists of this week count from next week on.
    remember(app, 0, &[(&workers[0], 9, 90_000_000)]);
    remember(app, 3, &[(&workers[0], 9, 5_000_000), (&workers[1], 9, 0)]);
    let later = app.another();
    let fair = later.get(&path).expect(200).json();
    let by_fit = later.get(&format!("{path}?fairness=off")).expect(200).json();
    assert_eq!(
        (ids(&by_fit), by_fit["fairness"].clone()),
        (ids(&before), Value::Null)
    );
    let first = &fair["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|i| i["worker"]["id"] == workers[0].as_str())
        .unwrap()
        .clone();
    let fit = first["fit_ppm"].as_u64().unwrap();
    // Five undeserved first places would cost 100,000, but 0.95 of the fit is left.
    assert_eq!(first["adjusted_ppm"].as_u64().unwrap(), (fit * 95).div_ceil(100));
    assert!(first["rank"].as_u64() > first["fit_rank"].as_u64());
    for (item, rank) in fair["items"].as_array().unwrap().iter().zip(1..) {
        assert_eq!(item["rank"], rank);
        let id = item["worker"]["id"].as_str().unwrap();
        assert_eq!(
            item["fit_rank"],
            1 + ids(&by_fit).iter().position(|other| other == id).unwrap()
        );
    }
    assert!(fair["fairness"]["ndcg_ppm"].as_u64().unwrap() >= 950_000);
    // A preview can be fair too, and pages follow the same order.
    let need = json!({"need": {"type": "flyer", "area": "131041"}, "fairness": "off"});
    assert_eq!(
        later.post("/v1/matches/preview", &need).expect(200).json()["fairness"],
        Value::Null
    );
    let (mut walked, mut next) = (Vec::new(), format!("{path}?limit=1"));
    loop {
        let page = later.get(&next).expect(200).json();
        walked.extend(ids(&page));
        let Some(cursor) = page["next"].as_str() else {
            break;
        };
        next = format!("{path}?limit=1&cursor={cursor}");
    }
    assert_eq!(walked, ids(&fair));
}

fn lifts_deliverables_without_applications_for_workers(app: &TestApp) {
    let organization = app.organization("風");
    let flyers: Vec<String> = [8, 12]
        .map(|hours| app.deliverable(&organization, json!({"hours_per_week": hours})))
        .to_vec();
    let (worker, other) = (app.worker(json!({})), app.worker(json!({})));
    let path = format!("/v1/workers/{worker}/matches");
    let of = |item: &Value| item["deliverable"]["id"].as_str().unwrap().to_owned();
    let before = app.get(&path).expect(200).json()["items"].clone();
    let first = of(&before[0]);
    assert_eq!(
        (&before[0]["adjusted_ppm"], &before[0]["applications_received"]),
        (&before[0]["fit_ppm"], &json!(0))
    );
    app.post(
        "/v1/applications",
        &json!({"deliverable_id": first, "worker_id": other, "role": "designer"}),
    )
    .expect(201);
    let after = app.get(&path).expect(200).json()["items"].clone();
    assert_eq!(
        (
            of(&after[1]),
            &after[1]["applications_received"],
            &after[1]["fit_rank"]
        ),
        (first.clone(), &json!(1), &json!(1))
    );
    let fit = after[1]["fit_ppm"].as_u64().unwrap();
    // Nobody has an outcome yet: the one who waits is expected to take half a place.
    let places = after[1]["deliverable"]["open_places"].as_array().unwrap();
    let places: u64 = places.iter().map(|role| role["places"].as_u64().unwrap()).sum();
    let open = 1.0 - 0.5 / places as f64;
    assert_eq!(after[1]["open_share_ppm"], (open * 1e6 + 0.5) as u64);
    assert_eq!(after[0]["open_share_ppm"], 1_000_000);
    let e = std::f64::consts::E;
    let psi = (e / (e - 1.0) * (1.0 - (-(open * 1e6 + 0.5).floor() / 1e6).exp()) * 1e6 + 0.5) as u64;
    let need = (psi * 1_000_000 + 750_000) / 1_500_000;
    assert_eq!(
        after[1]["adjusted_ppm"].as_u64().unwrap(),
        (fit * need + 500_000) / 1_000_000
    );
    assert!(flyers.contains(&of(&after[0])));
    let by_fit = app.get(&format!("{path}?fairness=off")).expect(200).json();
    assert_eq!(
        (
            of(&by_fit["items"][0]),
            &by_fit["items"][0]["applications_received"]
        ),
        (first, &json!(1))
    );
    let page = app.get(&format!("{path}?limit=1")).expect(200).json();
    let next = app
        .get(&format!(
            "{path}?limit=1&cursor={}",
            page["next"].as_str().unwrap()
        ))
        .expect(200)
        .json();
    assert_eq!(
        [of(&page["items"][0]), of(&next["items"][0])],
        [of(&after[0]), of(&after[1])]
    );
}

fn continues_by_fit_after_the_fair_order(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), json!({}));
    let workers: Vec<String> = (0..205).map(|_| app.worker(json!({}))).collect();
    remember(app, 1, &[(&workers[7], 9, 3_000_000)]);
    let later = app.another();
    let path = format!("/v1/deliverables/{flyer}/matches?counts=false&limit=70");
    let (mut walked, mut ranks, mut next) = (Vec::new(), Vec::new(), path.clone());
    loop {
        let page = later.get(&next).expect(200).json();
        walked.extend(ids(&page));
        ranks.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["rank"].as_u64().unwrap()),
        );
        let Some(cursor) = page["next"].as_str() else {
            break;
        };
        next = format!("{path}&cursor={cursor}");
    }
    assert_eq!(ranks, (1..=205).collect::<Vec<_>>());
    let mut all = walked.clone();
    all.sort();
    let mut workers = workers;
    workers.sort();
    assert_eq!(all, workers);
}

fn records_a_list_once_a_day_for_each_viewer(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), json!({}));
    let workers: Vec<String> = (0..3)
        .map(|i| app.worker(json!({"hours_per_week": 10 - i})))
        .collect();
    let path = format!("/v1/deliverables/{flyer}/matches");
    let ranking = app.get(&path).expect(200).json();
    app.get(&path).expect(200);
    app.get(&format!("/v1/workers/{}/matches", workers[0]))
        .expect(200);
    app.post(
        "/v1/matches/preview",
        &json!({"need": {"type": "flyer", "area": "131041"}}),
    )
    .expect(200);
    app.get_as(
        UserRole::Coordinator,
        &format!("{path}?role=designer&fairness=off&limit=2"),
    )
    .expect(200);
    app.get_as(UserRole::Coordinator, "/v1/shown-lists").expect(403);

    let lists = app
        .get(&format!("/v1/shown-lists?subject_id={flyer}"))
        .expect(200)
        .json();
    let lists = lists["items"].as_array().unwrap();
    assert_eq!(lists.len(), 2);
    assert_includes(
        &lists[0],
        &json!({"viewer": "coordinator:test", "role": "designer"}),
    );
    assert_eq!(
        (
            &lists[0]["strength_ppm"],
            lists[0]["items"].as_array().unwrap().len()
        ),
        (&Value::Null, 2)
    );
    assert_includes(
        &lists[1],
        &json!({"kind": "workers", "weights_version": "default-1"}),
    );
    assert_eq!(lists[1]["at_change"], ranking["at_change"]);
    for (shown, item) in lists[1]["items"]
        .as_array()
        .unwrap()
        .iter()
        .zip(ranking["items"].as_array().unwrap())
    {
        assert_eq!(shown["id"], item["worker"]["id"]);
        for member in ["rank", "fit_rank", "fit_ppm", "adjusted_ppm"] {
            assert_eq!(shown[member], item[member]);
        }
    }
    let page = app.get("/v1/shown-lists?limit=2").expect(200).json();
    let next = page["next"].as_str().unwrap();
    assert_eq!(
        app.get(&format!("/v1/shown-lists?limit=2&cursor={next}"))
            .expect(200)
            .json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let share = app.get("/v1/statistics/exposure?weeks=1").expect(200).json();
    let (workers, deliverables) = (&share["workers"], &share["deliverables"]);
    // Nobody who may choose saw a list in its fair order.
    assert_includes(workers, &json!({"lists": 2, "considered": 3, "shown": 0}));
    assert_includes(&workers["quality"], &json!({"lists": 1, "ndcg_loss_ppm": 0}));
    assert_includes(deliverables, &json!({"lists": 1, "shown": 0}));
}

fn attention_counts_once_a_day_where_somebody_may_choose(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), json!({}));
    let workers: Vec<String> = (0..3)
        .map(|i| app.worker(json!({"hours_per_week": 10 - i})))
        .collect();
    let path = format!("/v1/deliverables/{flyer}/matches");
    let attention = || {
        let share = app.get("/v1/statistics/exposure?weeks=1").expect(200).json();
        (
            share["workers"]["shown"].clone(),
            share["workers"]["gini_ppm"].clone(),
        )
    };
    for viewer in [UserRole::Admin, UserRole::Auditor] {
        app.get_as(viewer, &path).expect(200);
    }
    app.get_as(UserRole::Coordinator, &format!("{path}?fairness=off"))
        .expect(200);
    assert_eq!(attention(), (json!(0), json!(0)));
    // Two pages count as one list.
    let page = app
        .get_as(UserRole::Coordinator, &format!("{path}?limit=2"))
        .expect(200)
        .json();
    let next = page["next"].as_str().unwrap();
    app.get_as(UserRole::Coordinator, &format!("{path}?limit=2&cursor={next}"))
        .expect(200);
    // Attention 1, 0.63093 and 0.5: 2 · (0.5 · 1 + 0.63093 · 2 + 1 · 3) / (3 · 2.13093) − 4 / 3.
    let once = (json!(3), json!(156_426));
    assert_eq!(attention(), once);
    // A script asks again and again, while the list changes.
    for hours in 20..50 {
        app.patch(
            &format!("/v1/workers/{}", workers[hours % 3]),
            &json!({"hours_per_week": hours % 9 + 2}),
        )
        .expect(200);
        app.get_as(UserRole::Coordinator, &path).expect(200);
        app.get_as(UserRole::Coordinator, &format!("{path}?role=designer&limit=1"))
            .expect(200);
    }
    let lists = app
        .get(&format!("/v1/shown-lists?subject_id={flyer}"))
        .expect(200)
        .json();
    assert!(
        lists["items"].as_array().unwrap().len() > 6,
        "every list is logged"
    );
    assert_eq!(attention(), once);
}

fn reports_no_inequality_without_lists(app: &TestApp) {
    let share = app.get("/v1/statistics/exposure").expect(200).json();
    assert_eq!(share["workers"]["never_shown_ppm"], Value::Null);
    assert_includes(
        &share["workers"],
        &json!({"gini_ppm": 0, "quality": {"ndcg_loss_ppm": null}}),
    );
    assert_eq!(
        app.get("/v1/statistics/exposure?weeks=0").expect(400).faults(),
        [("weeks".into(), "out_of_range".into())]
    );
    let flyer = app.deliverable(&app.organization("風"), json!({}));
    assert_eq!(
        app.get(&format!("/v1/deliverables/{flyer}/matches?fairness=maybe"))
            .status,
        400
    );
}

fn lists_that_were_shown_take_a_bounded_space(app: &TestApp) {
    use musubi::auth::{Beside, Reach, Viewer};
    use musubi::exposures::{ListContent, ListKind, ShownItem, ShownList};
    let viewer = Viewer {
        actor: "coordinator:busy".into(),
        reach: Reach::Everything,
        personal_data: false,
        sees_all: false,
        beside: Beside::EVERYTHING,
    };
    let item = || ShownItem {
        id: Id::new(),
        rank: 1,
        fit_rank: 1,
        fit_ppm: 700_000,
        adjusted_ppm: 700_000,
        swap: None,
        role: None,
        values_ppm: None,
    };
    let content = || ListContent {
        role: None,
        weights_version: "default-1".into(),
        at_change: 1,
        items: (0..20).map(|_| item()).collect(),
    };
    let lists = |count: i64| {
        let one = |digest| {
            (
                ShownList::new(&viewer, ListKind::Workers, Id::new(), None, content()),
                digest,
            )
        };
        (0..count).map(one).collect::<Vec<_>>()
    };
    let today = calendar::today();
    let yesterday = today.pred_opt().unwrap();
    let count = || {
        let page = app.get("/v1/shown-lists?limit=200").expect(200).json();
        let mut all = page["items"].as_array().unwrap().len();
        let mut next = page["next"].as_str().map(str::to_owned);
        while let Some(cursor) = next {
            let page = app
                .get(&format!("/v1/shown-lists?limit=200&cursor={cursor}"))
                .expect(200)
                .json();
            all += page["items"].as_array().unwrap().len();
            next = page["next"].as_str().map(str::to_owned);
        }
        all
    };
    let insert = |day, count| {
        let lists = lists(count);
        app.state
            .pool
            .write_blocking(|db| exposures::store::insert_all(db, day, &lists))
            .unwrap();
    };
    insert(yesterday, 510);
    assert_eq!(count(), 500, "of one viewer and day");
    insert(today, 3);
    assert_eq!(count(), 503);
    // Days whose lists don't fit any more: all of them, the older one, none.
    let full = |bytes| {
        app.state
            .pool
            .read_blocking(|db| exposures::store::full_before(db, bytes))
            .unwrap()
    };
    let number = calendar::day_number(today);
    assert_eq!(
        (full(0), full(100_000), full(1 << 30)),
        (Some(number + 1), Some(number), None)
    );
}

fn who_reads_lists_waits_for_those_that_are_being_written(app: &TestApp) {
    let viewer = Viewer {
        actor: "user:a".into(),
        reach: Reach::Everything,
        personal_data: false,
        sees_all: false,
        beside: Beside::EVERYTHING,
    };
    let item = ShownItem {
        id: Id::new(),
        rank: 1,
        fit_rank: 1,
        fit_ppm: 700_000,
        adjusted_ppm: 700_000,
        swap: None,
        role: None,
        values_ppm: None,
    };
    let content = ListContent {
        role: None,
        weights_version: "default-1".into(),
        at_change: 1,
        items: vec![item],
    };
    let list = ShownList::new(&viewer, ListKind::Workers, Id::new(), None, content);
    let (recorder, pool) = (Recorder::default(), &app.state.pool);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(async {
        recorder.record(pool, list).await.unwrap();
        let mut writer = pin!(recorder.flush(pool));
        let mut reader = pin!(recorder.flush(pool));
        let written = writer.as_mut().now_or_never();
        let read = reader.as_mut().now_or_never();
        assert_eq!(
            written.is_some(),
            read.is_some(),
            "nothing is left to write, but not all is written"
        );
        if written.is_none() {
            writer.await.unwrap();
            reader.await.unwrap();
        }
    });
}
