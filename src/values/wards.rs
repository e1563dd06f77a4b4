//! Designated cities (政令指定都市) and their wards, by code.
//!
//! A city's wards are numbered directly after the city (総務省「全国地方公共団体コード」). So the code of a city covers its
//! wards wherever records are filtered or limited by area. Numbers without a ward, such as 27101, do no harm there.

/// The first five digits of each city's code, and those of its last ward's.
const CITIES: [(u32, u32); 20] = [
    (1100, 1110),
    (4100, 4105),
    (11100, 11110),
    (12100, 12106),
    (14100, 14118),
    (14130, 14137),
    (14150, 14153),
    (15100, 15108),
    (22100, 22103),
    (22130, 22140),
    (23100, 23116),
    (26100, 26111),
    (27100, 27128),
    (27140, 27147),
    (28100, 28111),
    (33100, 33104),
    (34100, 34108),
    (40100, 40109),
    (40130, 40137),
    (43100, 43105),
];

/// Returns the area and, if it is a designated city, its wards.
pub fn with_wards(area: &str) -> Vec<String> {
    let wards = |(city, last): &(u32, u32)| (city + 1..=*last).map(with_check_digit);
    let city = CITIES.iter().find(|(city, _)| with_check_digit(*city) == area);
    let wards = city.into_iter().flat_map(wards);
    [area.to_owned()].into_iter().chain(wards).collect()
}

/// Returns the designated city of a ward.
pub fn city_of(area: &str) -> Option<String> {
    let number: u32 = area.get(..5)?.parse().ok()?;
    let city = CITIES
        .iter()
        .find(|(city, last)| (city + 1..=*last).contains(&number));
    city.map(|(city, _)| with_check_digit(*city))
}

/// Completes a code of five digits to six. Anything else stays as it is.
pub fn six_digits(area: &str) -> String {
    let five = Some(area).filter(|area| area.len() == 5 && area.bytes().all(|b| b.is_ascii_digit()));
    let five = five.and_then(|area| area.parse().ok());
    five.map_or_else(|| area.to_owned(), with_check_digit)
}

/// Completes a 全国地方公共団体コード: weights 6, 5, 4, 3, 2 on the first five digits, 11 − sum mod 11, its last digit.
fn with_check_digit(first_five: u32) -> String {
    let digit = |place| first_five / 10u32.pow(place) % 10;
    let sum: u32 = (0..5).map(|place| digit(place) * (place + 2)).sum();
    format!("{first_five:05}{}", (11 - sum % 11) % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_city_covers_its_wards_and_nothing_else_covers_more_than_itself() {
        let sapporo = with_wards("011002");
        assert_eq!(sapporo.len(), 11);
        assert_eq!(
            [sapporo[0].as_str(), &sapporo[1], &sapporo[10]],
            ["011002", "011011", "011100"]
        );
        for alone in ["131041", "011011", "", "nowhere"] {
            assert_eq!(with_wards(alone), [alone]);
        }
        assert_eq!(city_of("271403"), None);
        assert_eq!(city_of("271411").as_deref(), Some("271403"));
        assert_eq!(city_of("131041"), None);
    }

    #[test]
    fn a_check_digit_may_be_left_out() {
        for (written, whole) in [
            ("13104", "131041"),
            ("01101", "011011"),
            ("131041", "131041"),
            ("13", "13"),
        ] {
            assert_eq!(six_digits(written), whole);
        }
        assert_eq!(six_digits("+1310"), "+1310");
    }
}
