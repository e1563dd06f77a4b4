//! The published programme of 2015 to 2023, loaded as the demonstration loads it, gives the figures that were published, one by
//! one and in the report of all years.

use crate::support::{TestApp, on_both};
use serde_json::{Value, json};

on_both! {
    the_published_figures_can_be_asked_for,
}

fn items(app: &TestApp, path: &str) -> Vec<Value> {
    let page = app.get(path).expect(200).json();
    assert_eq!(page["next"], Value::Null, "{path}");
    page["items"].as_array().unwrap().clone()
}

/// How many came to the events of a list, in the order of their first days.
fn attendance(app: &TestApp, query: &str) -> Vec<Option<i64>> {
    let found = items(app, &format!("/v1/events?sort=starts_on&limit=200&{query}"));
    found.iter().map(|event| event["attendance"].as_i64()).collect()
}

fn the_published_figures_can_be_asked_for(app: &TestApp) {
    let today = chrono::NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
    let loaded = musubi::demo::load(&app.state, today, 300).unwrap();
    assert_eq!(loaded.events, 35);
    // What was made up says so, and counts nowhere.
    let cards = items(app, "/v1/showcase?limit=200");
    assert!(!cards.is_empty() && cards.iter().all(|card| card["demo"] == true));
    let page = format!("/cards/{}", cards[0]["id"].as_str().unwrap());
    for page in ["/cards", &page] {
        let shown = app.send("GET", page, &[], b"").expect(200).text;
        assert!(shown.contains("見本（架空の情報）"), "{page}");
    }
    let views = items(app, "/v1/statistics/page-views");
    let published: i64 = views.iter().filter_map(|month| month["published"].as_i64()).sum();
    assert_eq!(published, 0);
    // Engagements by year and kind: 147 of the 152 that were declared.
    let counted = app
        .get("/v1/statistics/deliverables?group_by=fiscal_year")
        .expect(200)
        .json();
    let of_year = |year: i32| {
        let mut rows = counted["items"].as_array().unwrap().iter();
        let row = rows.find(|row| row["fiscal_year"] == year).unwrap();
        row["recorded"].as_i64().unwrap()
    };
    let years: Vec<i64> = (2015..=2021).map(of_year).collect();
    let listed: i64 = years.iter().sum();
    assert_eq!((listed, &years[..6]), (147, &[24, 24, 26, 27, 17, 14][..]));
    assert_eq!(of_year(2021) + 5, 20, "five of 2021 are declared, but not listed");
    // Conferences.
    let some = |numbers: &[i64]| numbers.iter().copied().map(Some).collect::<Vec<_>>();
    let conferences = attendance(app, "kind=conference");
    assert_eq!(conferences, some(&[466, 579, 425, 479, 396, 648, 664, 882]));
    assert_eq!(conferences.iter().flatten().sum::<i64>(), 4539);
    let two_days = &items(app, "/v1/events?kind=conference&fiscal_year=2021")[0];
    assert_eq!(two_days["times"].as_array().unwrap().len(), 2);
    assert_eq!(
        (
            &two_days["online"],
            &two_days["declared_breakouts"],
            &two_days["place"]
        ),
        (&json!(true), &json!(4), &Value::Null)
    );
    // Of some only the day is known.
    let presented = items(app, "/v1/events?kind=results_meeting&fiscal_year=2018");
    assert_eq!(presented[0]["month"], "2019-02-22");
    // Lectures and seminars.
    let lectures = |year: i32| attendance(app, &format!("kind=public_lecture&fiscal_year={year}"));
    assert_eq!(
        [lectures(2019), lectures(2020), lectures(2021)],
        [some(&[116]), some(&[97, 54]), some(&[59, 54])]
    );
    let seminars = |year: i32| {
        let series = "%E5%9C%B0%E5%9F%9F%E3%81%A5%E3%81%8F%E3%82%8A%E3%82%BC%E3%83%9F";
        attendance(app, &format!("series={series}&fiscal_year={year}"))
    };
    assert_eq!(
        [seminars(2019), seminars(2020), seminars(2021)],
        [some(&[16, 18, 15, 15]), some(&[22, 16]), some(&[8, 7])]
    );
    let unknown = attendance(app, "kind=basic_course&fiscal_year=2018");
    assert_eq!(
        unknown,
        [None, None, None, None],
        "what isn't stated stays unknown"
    );
    // From seminars to consultations, and from lectures.
    let funnel = |year: i32| {
        let found = items(app, &format!("/v1/events?kind=consultation&fiscal_year={year}"));
        let id = found[0]["id"].as_str().unwrap();
        let funnel = app.get(&format!("/v1/events/{id}/funnel")).expect(200).json();
        let from: Vec<i64> = funnel["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["attendance"].as_i64().unwrap())
            .collect();
        (from, funnel["came"].as_i64(), funnel["consulted"].as_i64())
    };
    let mut first = funnel(2019);
    first.0.sort_unstable();
    assert_eq!(first, (vec![29, 32], Some(61), Some(14)));
    let mut second = funnel(2020);
    second.0.sort_unstable();
    assert_eq!(second, (vec![54, 97], Some(151), Some(5)));
    // Accompaniments by year, with needs and outcomes.
    let accompaniments = |year: i32| {
        let path = format!("/v1/projects?kind=accompaniment&fiscal_year={year}&status=closed&limit=200");
        let found = items(app, &path);
        for one in &found {
            // It ended with its year, whenever it was registered.
            assert_eq!(one["delivered_on"], format!("{}-03-31", year + 1));
            let about = &one["accompaniment"];
            assert!(!about["needs"].as_str().unwrap().is_empty(), "{one}");
            assert!(!about["outcome"].as_str().unwrap().is_empty(), "{one}");
        }
        found.len()
    };
    let by_year: Vec<usize> = (2016..=2022).map(accompaniments).collect();
    assert_eq!(by_year, [5, 3, 6, 3, 3, 3, 3]);
    // Everything of a year belongs to its programme.
    let programmes = items(app, "/v1/programmes?fiscal_year=2020&kind=pro_bono");
    let id = programmes[0]["id"].as_str().unwrap();
    assert_eq!(items(app, &format!("/v1/events?programme_id={id}")).len(), 6);
    assert_eq!(items(app, &format!("/v1/programmes/{id}/records")).len(), 3);
    // And everything of all years is in the report.
    crate::reports::check_published_figures(app);
}
